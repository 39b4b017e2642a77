/** Capture times of stored frames: from `--fps`, file names, modification times, or an assumed frame rate. Pure. */
import { parseFrameName } from '../../shared/protocol/frame-path.js';

/** Milliseconds; with `fps` and `assumed`, counted from the first frame. */
export interface FrameTimes {
  readonly capturedAtMs: readonly number[];
  readonly from: 'fps' | 'names' | 'files' | 'assumed';
}

/** Frames per second where neither names nor files have usable times. */
const assumedFps = 5;
/** Shorter gaps come from copying, unpacking or cutting a film, not from a camera. */
const minMedianGapMs = 100;
/** Required share of increasing times: some files may share a time, or were touched. */
const minIncreasingShare = 0.95;

/** @param modifiedMs modification times of the files, read only when the names have no times */
export async function timeFrames(
  names: readonly string[],
  fps: number | undefined,
  modifiedMs: () => Promise<readonly number[]>,
): Promise<FrameTimes> {
  if (fps !== undefined) return { capturedAtMs: evenTimes(names.length, fps), from: 'fps' };
  const named = names.flatMap((name) => parseFrameName(name)?.capturedAtMs ?? []);
  if (named.length === names.length) return { capturedAtMs: named, from: 'names' };
  const modified = await modifiedMs();
  if (arePlausible(modified)) return { capturedAtMs: modified, from: 'files' };
  return { capturedAtMs: evenTimes(names.length, assumedFps), from: 'assumed' };
}

/** Median time between frames: long pauses, as nights, do not count. */
export function medianGapMs(capturedAtMs: readonly number[]): number {
  const gaps = gapsOf(capturedAtMs).sort((a, b) => a - b);
  return Math.max(0, gaps[gaps.length >> 1] ?? 0);
}

function evenTimes(count: number, fps: number): number[] {
  return Array.from({ length: count }, (_, index) => (index * 1000) / fps);
}

/** True when a camera may have written the files at these times. */
function arePlausible(modifiedMs: readonly number[]): boolean {
  const gaps = gapsOf(modifiedMs);
  const increasing = gaps.filter((gap) => gap > 0).length;
  return (
    gaps.length > 0 &&
    increasing >= minIncreasingShare * gaps.length &&
    medianGapMs(modifiedMs) >= minMedianGapMs
  );
}

function gapsOf(timesMs: readonly number[]): number[] {
  return timesMs.map((ms, i) => ms - (timesMs[i - 1] ?? Number.NaN)).slice(1);
}
