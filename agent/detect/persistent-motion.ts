/**
 * Finds motion that continues for minutes in one small area: a large clock overlay, a flag, a screen. The background
 * model learns most of these; the user excludes the others with a mask. Pure.
 */
import type { Grid } from './grid.js';
import type { Box, Detection } from '../events/verdict.js';

/** Shortest persistent motion: within this time a visitor moves on or is absorbed. */
const minDurationMs = 10 * 60_000;
/** Fewest frames with a change: ten minutes of a slow camera have only a few frames. */
const minChanges = 30;
/** Longest pause between two changes of one motion: a minute, or three frames of a camera that looks seldom. */
const maxPauseMs = 60_000;
const maxPauseFrames = 3;
/** Largest area, as a share of the picture: a larger motion should be seen, not masked. */
const maxAreaShare = 0.02;

interface Span {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

interface Run extends Span {
  readonly fromMs: number;
  readonly lastMs: number;
  readonly changes: number;
  readonly isReported: boolean;
}

export class PersistentMotion {
  #run: Run | undefined;
  #framesSinceChange = 0;

  /**
   * Takes the detection of the next frame.
   * @param capturedAtMs wall time
   * @returns the area of a persistent motion, once per motion; undefined: none, or reported before
   */
  update(detection: Detection, capturedAtMs: number, grid: Grid): Box | undefined {
    this.#framesSinceChange += 1;
    if (detection.kind !== 'change') return undefined;
    const pauseFrames = this.#framesSinceChange;
    this.#framesSinceChange = 0;
    const { boxes } = detection;
    const last = this.#run;
    const pauseMs = last === undefined ? Infinity : capturedAtMs - last.lastMs;
    const isShort = pauseMs <= maxPauseMs || pauseFrames <= maxPauseFrames;
    const run = last !== undefined && pauseMs >= 0 && isShort ? last : undefined;
    const union = spanOf(boxes, run);
    const maxAreaPx = maxAreaShare * grid.frameWidthPx * grid.frameHeightPx;
    if ((union.right - union.left) * (union.bottom - union.top) > maxAreaPx) {
      this.#run = undefined;
      return undefined;
    }
    const { fromMs = capturedAtMs, changes: before = 0, isReported = false } = run ?? {};
    const changes = before + 1;
    const isPersistent = capturedAtMs - fromMs >= minDurationMs && changes >= minChanges;
    this.#run = {
      ...union,
      fromMs,
      lastMs: capturedAtMs,
      changes,
      isReported: isReported || isPersistent,
    };
    if (isReported || !isPersistent) return undefined;
    return [union.left, union.top, union.right - union.left, union.bottom - union.top];
  }
}

const emptySpan: Span = { left: Infinity, top: Infinity, right: 0, bottom: 0 };

/** The bounding box of all boxes and of the run so far. */
function spanOf(boxes: readonly Box[], run: Span = emptySpan): Span {
  let { left, top, right, bottom } = run;
  for (const [x, y, width, height] of boxes) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + width);
    bottom = Math.max(bottom, y + height);
  }
  return { left, top, right, bottom };
}
