/** The capture time that names a frame. Pure. */

/** A smaller step back of the clock is a correction; a larger step means that the clock was wrong, or is now. */
const correctionMs = 2000;

/**
 * Makes capture times increase, so that names are unique within an epoch: when the clock stops or steps back by up
 * to `correctionMs`, the time is one millisecond after the last one. A larger step back is accepted: otherwise a
 * clock that was once ahead would name all later frames by wrong times.
 * @param lastMs the time of the last frame; undefined: there is none
 */
export function nextCaptureMs(clockMs: number, lastMs: number | undefined): number {
  if (lastMs === undefined || clockMs > lastMs) return clockMs;
  return lastMs - clockMs < correctionMs ? lastMs + 1 : clockMs;
}
