/**
 * The mask selects the region of interest. It is scaled to the frame's size; a cell is included when at least half
 * of its mask pixels are. Pure.
 */
import { OperationalError } from '../../shared/cli/errors.js';
import type { Grid } from './grid.js';

export interface Mask {
  readonly widthPx: number;
  readonly heightPx: number;
  /** 1: included, 0: excluded; row by row. At least one pixel is 1. */
  readonly included: Uint8Array;
}

export const maskHint =
  'make a PNG of the size of a frame, white where motion counts and black where it does not';

/** 1 for each cell in the region of interest. @throws {OperationalError} MASK: no cell is included */
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
        for (let mx = left; mx < right; mx++) count += mask.included[my * mask.widthPx + mx]!;
      }
      if (2 * count >= (bottom - top) * (right - left)) roi[i] = 1;
    }
  }
  if (!roi.includes(1)) {
    throw new OperationalError(
      'MASK',
      `the mask excludes every cell of a frame of ${frameWidthPx}x${frameHeightPx} pixels`,
      { hint: maskHint },
    );
  }
  return roi;
}

/**
 * A warning when the aspect ratios of mask and frame differ: the mask was probably made for another camera. The
 * mask is used anyway. Undefined: the mask fits.
 */
export function describeMisfit(mask: Mask, frame: Grid): string | undefined {
  const stretch = (mask.widthPx * frame.frameHeightPx) / (mask.heightPx * frame.frameWidthPx);
  // 5 %: rounding in a scaled-down picture is one pixel; 4:3 on 16:9 is 33 %.
  if (stretch > 1 / 1.05 && stretch < 1.05) return undefined;
  const frameSize = `${frame.frameWidthPx}x${frame.frameHeightPx}`;
  const maskSize = `${mask.widthPx}x${mask.heightPx}`;
  return `mask stretched: its ${maskSize} pixels have another aspect ratio than the frame's ${frameSize}`;
}
