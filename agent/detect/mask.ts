/**
 * The mask, which says where to look. It is stretched over the frame, whatever its own size; half of a cell
 * decides for the cell. Pure.
 */
import { OperationalError } from '../../shared/cli/errors.js';
import type { Grid } from './grid.js';

export interface Mask {
  readonly widthPx: number;
  readonly heightPx: number;
  /** 1: look, 0: leave out; row by row. At least one pixel is 1. */
  readonly look: Uint8Array;
}

/** For the operator whose mask is of no use. */
export const maskHint = 'make a PNG as large as the frame, white where to look and black where not';

/** 1 for each cell that is looked at. @throws {OperationalError} MASK when none is left */
export function roiMask(mask: Mask, grid: Grid): Uint8Array {
  const { columns, rows, cellPx, frameWidthPx, frameHeightPx } = grid;
  const column = (index: number) =>
    Math.floor((Math.min(index * cellPx, frameWidthPx) / frameWidthPx) * mask.widthPx);
  const row = (index: number) =>
    Math.floor((Math.min(index * cellPx, frameHeightPx) / frameHeightPx) * mask.heightPx);
  const roi = new Uint8Array(columns * rows);
  for (let y = 0, i = 0; y < rows; y++) {
    const top = row(y);
    const bottom = Math.max(top + 1, row(y + 1));
    for (let x = 0; x < columns; x++, i++) {
      const left = column(x);
      const right = Math.max(left + 1, column(x + 1));
      let count = 0;
      for (let my = top; my < bottom; my++) {
        for (let mx = left; mx < right; mx++) count += mask.look[my * mask.widthPx + mx]!;
      }
      if (2 * count >= (bottom - top) * (right - left)) roi[i] = 1;
    }
  }
  if (!roi.includes(1)) {
    throw new OperationalError(
      'MASK',
      `the mask leaves nothing to look at in a frame of ${frameWidthPx}x${frameHeightPx} pixels`,
      { hint: maskHint },
    );
  }
  return roi;
}

/**
 * A sentence when the mask has another shape than the frame, so was probably made for another picture;
 * undefined when it fits. It is used all the same: a warning, not an error.
 */
export function describeMisfit(mask: Mask, frame: Grid): string | undefined {
  const stretch = (mask.widthPx * frame.frameHeightPx) / (mask.heightPx * frame.frameWidthPx);
  // 5 %: a mask drawn on a scaled-down picture is a pixel off; 4:3 on 16:9 is 33 % off.
  if (stretch > 1 / 1.05 && stretch < 1.05) return undefined;
  const frameSize = `${frame.frameWidthPx}x${frame.frameHeightPx}`;
  return `the mask is ${mask.widthPx}x${mask.heightPx} pixels, another shape than the frame's ${frameSize}: it is stretched`;
}
