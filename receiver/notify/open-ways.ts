/** Makes the ways out from the options. */
import type { Clock } from '../../shared/clock.js';
import { commandWay } from './command-way.js';
import { type WebhookFormat, httpWay } from './http-way.js';
import type { NoticeFrames } from './notice-frames.js';
import type { Way } from './notice-queue.js';
import type { BestFrame, Notice } from './notice.js';
import type { NotifyAddress } from './notify-address.js';

export interface WayOptions {
  readonly onEvent: readonly string[] | undefined;
  readonly onEnd: readonly string[] | undefined;
  readonly onSilent: readonly string[] | undefined;
  readonly onBack: readonly string[] | undefined;
  readonly onLate: readonly string[] | undefined;
  readonly onProblem: readonly string[] | undefined;
  readonly onResolved: readonly string[] | undefined;
  readonly commandTimeout: number;
  readonly notify: readonly NotifyAddress[];
  readonly notifyPicture: 'yes' | 'no' | 'private';
  readonly notifyFormat: WebhookFormat;
  readonly secret: string | undefined;
  readonly viewer: string | undefined;
  readonly frames: NoticeFrames;
  readonly clock: Clock;
}

const httpTimeLimitMs = 15_000;
/** A larger picture is left out. */
const maxPictureBytes = 8 * 2 ** 20;

export function openWays(options: WayOptions): readonly Way[] {
  const { frames, commandTimeout: timeLimitMs, clock } = options;
  const utcOffsetMinutes = (atMs: number): number => clock.utcOffsetMinutes(atMs);
  const command = (
    flag: string,
    words: readonly string[] | undefined,
    kind: Notice['kind'],
    phase: Notice['phase'],
  ): Way[] => {
    if (words === undefined) return [];
    const takes = (notice: Notice): boolean => notice.kind === kind && notice.phase === phase;
    return [commandWay({ flag, command: words, takes, frames, timeLimitMs, utcOffsetMinutes })];
  };
  const { secret, viewer, notifyPicture, notifyFormat: format } = options;
  return [
    ...command('--on-event', options.onEvent, 'event', 'begin'),
    ...command('--on-end', options.onEnd, 'event', 'end'),
    ...command('--on-silent', options.onSilent, 'silence', 'begin'),
    ...command('--on-back', options.onBack, 'silence', 'end'),
    ...command('--on-late', options.onLate, 'late', 'end'),
    ...command('--on-problem', options.onProblem, 'problem', 'begin'),
    ...command('--on-resolved', options.onResolved, 'problem', 'end'),
    ...options.notify.map((address) => {
      const hasPicture = sendsPicture({ notifyPicture }, address);
      const readPicture = (frame: BestFrame) =>
        hasPicture ? pictureOf(frames, frame) : Promise.resolve(undefined);
      const common = { address, secret, format, viewer, readPicture, utcOffsetMinutes };
      return httpWay({ ...common, timeLimitMs: httpTimeLimitMs });
    }),
  ];
}

/** Whether the picture goes to this address. */
export function sendsPicture(
  { notifyPicture }: Pick<WayOptions, 'notifyPicture'>,
  { isPrivate }: { readonly isPrivate: boolean },
): boolean {
  return notifyPicture === 'yes' || (notifyPicture === 'private' && isPrivate);
}

/** The bytes of a frame. @returns undefined: it is gone, or larger than any way takes */
export const pictureOf = (
  frames: NoticeFrames,
  { path }: Pick<BestFrame, 'path'>,
): Promise<Buffer | undefined> => frames.read(path, maxPictureBytes);
