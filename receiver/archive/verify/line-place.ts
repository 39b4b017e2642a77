/** Whether an entry's line is in the folder of its camera and day, with a name that follows from it. Pure. */
import { clockedPath, isPlausibleClock } from '../../../shared/protocol/frame-path.js';
import type { FrameEntry } from '../frame-entry.js';
import type { RecordEntry } from '../record-entry.js';
import type { DayFolder } from './day-folder.js';
import type { FindingKind } from './findings.js';

export interface WrongPlace {
  readonly kind: Extract<FindingKind, 'wrong-camera' | 'wrong-day' | 'wrong-name'>;
  readonly expected: string;
  readonly found: string;
}

/** @param isRecovered the line was written by `receiver reindex` @returns undefined: it belongs there */
export function wrongPlaceOf(
  entry: RecordEntry,
  { camera, path, isUnclocked }: Pick<DayFolder, 'camera' | 'path' | 'isUnclocked'>,
  isRecovered: boolean,
): WrongPlace | undefined {
  // A record of 0.1 does not name the camera.
  if (entry.camera === undefined) return undefined;
  if (entry.camera !== camera) {
    return { kind: 'wrong-camera', expected: camera, found: entry.camera };
  }
  if (isRecovered && isUnclocked) return undefined;
  const moment = { capturedAtMs: momentOf(entry), utcOffsetMinutes: entry.utcOffsetMinutes };
  const isRaw = entry.epoch === undefined;
  const isClocked = isRaw || isPlausibleClock(moment.capturedAtMs);
  const { folder, stem } = clockedPath(camera, moment);
  const expected = isClocked ? folder : `${camera}/unclocked`;
  if (isClocked ? path !== folder : !isUnclocked) {
    return { kind: 'wrong-day', expected, found: path };
  }
  if (entry.kind !== 'frame') return undefined;
  const named = isClocked ? stem : `${entry.epoch}-${entry.sequence}`;
  return isNameOf(named, entry)
    ? undefined
    : { kind: 'wrong-name', expected: `${named}.jpg`, found: entry.name };
}

/** The name may have a number: `-2`. */
const isNameOf = (stem: string, { name }: FrameEntry): boolean =>
  name === `${stem}.jpg` ||
  (name.startsWith(`${stem}-`) &&
    /^(?:[2-9]|[1-9]\d{1,8})\.jpg$/.test(name.slice(stem.length + 1)));

/** What decides to which day an entry belongs. */
function momentOf(entry: RecordEntry): number {
  if (entry.kind === 'frame') return entry.capturedAtMs;
  return entry.kind === 'gap' ? entry.fromMs : Math.max(entry.fromMs, entry.toMs - 1);
}
