/**
 * Notices what goes on changing in one small place for minutes: a clock burnt into the picture that is larger
 * than most, a flag, a screen. The detector learns many of them; a mask excludes the others. Pure.
 */
import type { Grid } from './grid.js';
import type { Box, Detection } from '../events/verdict.js';

/** A visitor moves on, or is absorbed, before. */
const longEnoughMs = 10 * 60_000;
/** Seen to change so often: a slow camera's ten minutes are a handful of frames. */
const oftenEnough = 30;
/** What pauses for longer comes and goes. */
const longestLullMs = 60_000;
/** A larger part of the picture is something to be seen, not to be masked. */
const smallShare = 0.02;

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
  readonly isTold: boolean;
}

export class PersistentMotion {
  #run: Run | undefined;

  /**
   * @param capturedAtMs wall time
   * @returns where it is, once for as long as it goes on; undefined: nothing to tell
   */
  note(detection: Detection, capturedAtMs: number, grid: Grid): Box | undefined {
    if (detection.kind !== 'change') return undefined;
    const { boxes } = detection;
    const known = this.#run;
    const lullMs = known === undefined ? Infinity : capturedAtMs - known.lastMs;
    const run = known !== undefined && lullMs >= 0 && lullMs <= longestLullMs ? known : undefined;
    const union = spanOf(boxes, run);
    const sharePx = smallShare * grid.frameWidthPx * grid.frameHeightPx;
    if ((union.right - union.left) * (union.bottom - union.top) > sharePx) {
      this.#run = undefined;
      return undefined;
    }
    const { fromMs = capturedAtMs, changes: before = 0, isTold = false } = run ?? {};
    const changes = before + 1;
    const isConstant = capturedAtMs - fromMs >= longEnoughMs && changes >= oftenEnough;
    this.#run = {
      ...union,
      fromMs,
      lastMs: capturedAtMs,
      changes,
      isTold: isTold || isConstant,
    };
    if (isTold || !isConstant) return undefined;
    return [union.left, union.top, union.right - union.left, union.bottom - union.top];
  }
}

const nowhere: Span = { left: Infinity, top: Infinity, right: 0, bottom: 0 };

/** Around all boxes, and what the run has covered so far. */
function spanOf(boxes: readonly Box[], run: Span = nowhere): Span {
  let { left, top, right, bottom } = run;
  for (const [x, y, width, height] of boxes) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + width);
    bottom = Math.max(bottom, y + height);
  }
  return { left, top, right, bottom };
}
