/** The time that a frame is named by. Pure. */

/** A clock that is set back by less was corrected; by more, it was wrong before or is wrong now. */
const correctionMs = 2000;

/**
 * Makes capture times increase, so that one epoch does not make a name twice: where the clock stands
 * still or is corrected by a little, a millisecond after the last. A clock that is set back far is believed,
 * or every frame after a wrong future would be named after it.
 * @param lastMs the time given to the frame before; undefined for the first
 */
export function nextCaptureMs(clockMs: number, lastMs: number | undefined): number {
  if (lastMs === undefined || clockMs > lastMs) return clockMs;
  return lastMs - clockMs < correctionMs ? lastMs + 1 : clockMs;
}
