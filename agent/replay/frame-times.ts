/** When stored frames were taken: as told, by their names, by their files' times, or supposed. Pure. */
import { parseFrameName } from '../../shared/protocol/frame-path.js';

/** Milliseconds; where nothing tells the moment, counted from the first frame. */
export interface FrameTimes {
  readonly capturedAtMs: readonly number[];
  readonly from: 'fps' | 'names' | 'files' | 'nothing';
}

/** A camera that says nothing of its pace. */
const supposedFps = 5;
/** Files that are copied, unpacked or cut from a film appear faster than those of most cameras. */
const leastUsualGapMs = 100;
/** Some files of a camera may share a moment, or have been touched. */
const leastIncreasing = 0.95;

/** @param modifiedMs of each file, asked for only when there is nothing better */
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
  return { capturedAtMs: evenTimes(names.length, supposedFps), from: 'nothing' };
}

/** The usual time from a frame to the next: the median, for a camera's nights and pauses are long. */
export function usualGapMs(capturedAtMs: readonly number[]): number {
  const gaps = gapsOf(capturedAtMs).sort((a, b) => a - b);
  return Math.max(0, gaps[gaps.length >> 1] ?? 0);
}

function evenTimes(count: number, fps: number): number[] {
  return Array.from({ length: count }, (_, index) => (index * 1000) / fps);
}

/** True when a camera could have written the files at these times, one after the other. */
function arePlausible(modifiedMs: readonly number[]): boolean {
  const gaps = gapsOf(modifiedMs);
  const increasing = gaps.filter((gap) => gap > 0).length;
  return (
    gaps.length > 0 &&
    increasing >= leastIncreasing * gaps.length &&
    usualGapMs(modifiedMs) >= leastUsualGapMs
  );
}

function gapsOf(timesMs: readonly number[]): number[] {
  return timesMs.map((ms, i) => ms - (timesMs[i - 1] ?? Number.NaN)).slice(1);
}
