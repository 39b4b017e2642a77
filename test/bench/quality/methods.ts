/** Ways to tell which frames changed: ours, and those that it is compared with. */
import pixelmatch from 'pixelmatch';
import { OperationalError } from '../../../shared/cli/errors.js';
import { medianGapMs } from '../../../agent/replay/frame-times.js';
import { type Outcome, Trial, type TrialSettings } from '../../../agent/replay/trial.js';
import { decideByMog2 } from './mog2.js';
import type { GreyFrame } from './pixels.js';
import type { Sequence } from './sequence.js';

export interface Method {
  readonly name: string;
  /** What is said of each frame. */
  readonly decide: (sequence: Sequence) => Promise<boolean[]>;
}

/** What is measured beside ours, and works on whole frames. */
export const peers: readonly Method[] = [
  { name: 'pixelmatch', decide: (sequence) => againstLastChanged(sequence, differsByPixelmatch) },
  { name: 'tutorial', decide: (sequence) => againstLastChanged(sequence, differsByMae) },
  { name: 'MOG2', decide: decideByMog2 },
];

/** The agent, each setting with a judge of its own, all on one decoded picture. */
export function decideWithAll(sequence: Sequence, settings: readonly TrialSettings[]): boolean[][] {
  // As for the watching agent.
  const gapMs = 3 * medianGapMs(sequence.capturedAtMs);
  const trials = settings.map(
    (each) => new Trial({ ...each, eventGapMs: Math.max(each.eventGapMs, gapMs) }),
  );
  const outcomes = settings.map((): Outcome[] => []);
  for (const [index, capturedAtMs] of sequence.capturedAtMs.entries()) {
    const picture = look(sequence, index);
    for (const [which, trial] of trials.entries()) {
      const outcome = { name: '', capturedAtMs, ms: 0 };
      if (typeof picture === 'string') trial.pass({ ...outcome, error: picture });
      else trial.take(outcome, picture, 0);
      outcomes[which]!.push(...trial.decided());
    }
  }
  return trials.map((trial, which) =>
    [...outcomes[which]!, ...trial.finish()].map(({ verdict }) => verdict?.changed ?? false),
  );
}

function look(sequence: Sequence, index: number) {
  try {
    return sequence.small(index);
  } catch (error) {
    if (error instanceof OperationalError) return error.message;
    throw error;
  }
}

/** The frame is compared with the last one that differed, at first with the first. */
function againstLastChanged(
  { labels, grey }: Sequence,
  differs: (reference: GreyFrame, frame: GreyFrame) => boolean,
): Promise<boolean[]> {
  let reference: GreyFrame | undefined;
  return Promise.resolve(
    labels.map((_, index) => {
      const frame = grey(index);
      const isChanged = reference !== undefined && differs(reference, frame);
      if (isChanged || reference === undefined) reference = frame;
      return isChanged;
    }),
  );
}

/** Whole frames, its own threshold, half a percent of the pixels: what one would try first. */
function differsByPixelmatch(reference: GreyFrame, frame: GreyFrame): boolean {
  const { widthPx, heightPx } = frame;
  const [a, b] = [toRgba(reference), toRgba(frame)];
  const differing = pixelmatch(a, b, undefined, widthPx, heightPx, { threshold: 0.1 });
  return differing > 0.005 * widthPx * heightPx;
}

/** `compare -metric mae` beyond 700 of 65535, as the tutorial does. */
function differsByMae({ grey: reference }: GreyFrame, { grey }: GreyFrame): boolean {
  let sum = 0;
  for (let i = 0; i < grey.length; i++) sum += Math.abs(grey[i]! - reference[i]!);
  return sum / grey.length / 255 > 700 / 65_535;
}

function toRgba({ grey }: GreyFrame): Uint8Array {
  const rgba = new Uint8Array(4 * grey.length);
  for (let i = 0, at = 0; i < grey.length; i++, at += 4) {
    rgba[at] = rgba[at + 1] = rgba[at + 2] = grey[i]!;
    rgba[at + 3] = 255;
  }
  return rgba;
}
