/**
 * Tells visitors from insects, drops and snow in front of the lens: these are elsewhere in the next frame, or gone. Pure.
 */
import { type Background, foreground } from './background.js';
import type { Grid } from './grid.js';
import type { ComparedFrame } from './compared-frame.js';
import { type Region, extentOf, isLarge, meanIn } from './regions.js';

/**
 * At shorter frame intervals a region must be confirmed; at longer ones a visitor may be in one frame only. Seconds.
 */
const confirmBelowS = 0.75;
/**
 * Smallest mean distance of a large region that needs no confirmation: a visitor who runs or is close is in few frames,
 * and never twice at the same place.
 */
const clearDistance = 1.5;

/** True when one of the regions is a change in this frame; false: a later frame may confirm them. */
export function isConfirmed(
  { regions, normalizedDistance, minArea }: ComparedFrame,
  background: Background,
  grid: Grid,
  elapsedS: number,
): boolean {
  if (elapsedS >= confirmBelowS) return regions.length > 0;
  return regions.some(
    (region) =>
      isNearForeground(region, background, grid) ||
      (isLarge(region, minArea) && meanIn(region, normalizedDistance) >= clearDistance),
  );
}

/** The last frame had foreground in the region, or within the region's own size around it. */
function isNearForeground(
  region: Region,
  { labels }: Background,
  { columns, rows }: Grid,
): boolean {
  const { left, top, right, bottom } = extentOf(region, columns);
  const width = right - left + 1;
  const height = bottom - top + 1;
  const lastColumn = Math.min(columns - 1, right + width);
  const lastRow = Math.min(rows - 1, bottom + height);
  for (let row = Math.max(0, top - height); row <= lastRow; row++) {
    for (let column = Math.max(0, left - width); column <= lastColumn; column++) {
      if (labels[row * columns + column] === foreground) return true;
    }
  }
  return false;
}
