/** What is to be known about a camera now, in a few words. Pure. */
import type { CameraAnswer } from '../api-types.js';
import { countText, lengthText } from './words.js';
import { type Zone, dayOf, dayText, timeText } from './zone.js';

const wrongClockMs = 60_000;

export interface CameraStatus {
  readonly kind: 'good' | 'bad' | 'silent' | 'plain';
  readonly text: string;
}

/** `14:02`, and the day when it is another one. */
export function sinceText(
  at: number,
  now: number,
  zone: Zone,
  precision: 'min' | 's' = 'min',
): string {
  const day = dayOf(at, zone);
  const time = timeText(at, zone, precision);
  return day === dayOf(now, zone) ? time : `${dayText(day, 'short')} ${time}`;
}

export function statusOf(camera: CameraAnswer, now: number, zone: Zone): CameraStatus {
  const { kind, text } = stateOf(camera, now, zone);
  const clock = clockText(camera.clockError);
  const parts = [text, clock, unclockedText(camera.unclocked)];
  return {
    kind: kind === 'good' && clock !== undefined ? 'bad' : kind,
    text: parts.filter((part) => part !== undefined).join('; '),
  };
}

function stateOf(camera: CameraAnswer, now: number, zone: Zone): CameraStatus {
  const { silentSince, state, why, reports, newest } = camera;
  if (state === 'unknown') return { kind: 'bad', text: `unknown: ${why ?? 'no answer'}` };
  if (silentSince !== null) {
    return { kind: 'silent', text: `silent since ${sinceText(silentSince, now, zone)}` };
  }
  if (state === 'failing') {
    return { kind: 'bad', text: why === null ? 'the camera does not deliver' : why };
  }
  if (state === 'off') return { kind: 'bad', text: 'its agent does not run' };
  const last = newest === null ? '' : `last picture ${sinceText(newest.at, now, zone)}`;
  if (!reports) return { kind: 'plain', text: last === '' ? 'no picture yet' : last };
  return { kind: 'good', text: last === '' ? 'watching' : `watching, ${last}` };
}

/** Times on the page are those of the camera's clock. */
function clockText(errorMs: number | null): string | undefined {
  if (errorMs === null || Math.abs(errorMs) < wrongClockMs) return undefined;
  return `its clock is ${lengthText(Math.abs(errorMs))} ${errorMs > 0 ? 'ahead' : 'behind'}`;
}

function unclockedText(count: number): string | undefined {
  if (count === 0) return undefined;
  return `${countText(count, 'picture')} came before its clock was set: see the folder unclocked`;
}
