/**
 * Decodes a JPEG to a small colour picture: the means of its blocks, an eighth of its width and height, or of quarters
 * of blocks where the frame is small. Pure.
 *
 * Chroma has the resolution of the frame's own chroma blocks, which may be larger than a pixel of the small picture.
 */
import { type CellGrid, divideFrame } from './cell-grid.js';
import type { Picture } from './encoder.js';
import { decodePlanes } from './planes.js';

export interface SmallColourPicture extends Picture {
  /** Its last column and row may show less than a whole cell of the frame. */
  readonly frameWidthPx: number;
  readonly frameHeightPx: number;
}

/** A quarter of the width of a narrower frame is at most 250 pixels: a thumbnail. */
const narrowPx = 1000;
/** Limits the cost of frames that are narrow and very high: a quarter of their size has a sixteenth as many pixels. */
const maxFinePixels = 2_000_000;

/** @throws {OperationalError} FRAME: damaged, truncated, too large, or coded in an unsupported way */
export function decodeSmallPicture(jpeg: Buffer): SmallColourPicture {
  const { grid, luma, chroma } = decodePlanes(jpeg, smallGrid, { chroma: true });
  const { columns, rows, frameWidthPx, frameHeightPx } = grid;
  // Rounds and clamps what is stored.
  const rgba = new Uint8ClampedArray(4 * columns * rows);
  for (let cell = 0, at = 0; cell < luma.length; cell++, at += 4) {
    const y = luma[cell]!;
    const cb = chroma === undefined ? 0 : chroma.cb[cell]! - 128;
    const cr = chroma === undefined ? 0 : chroma.cr[cell]! - 128;
    // YCbCr to RGB of JFIF (ITU-T T.871, section 7).
    rgba[at] = y + 1.402 * cr;
    rgba[at + 1] = y - 0.344136 * cb - 0.714136 * cr;
    rgba[at + 2] = y + 1.772 * cb;
    rgba[at + 3] = 255;
  }
  return { widthPx: columns, heightPx: rows, rgba, frameWidthPx, frameHeightPx };
}

function smallGrid(frameWidthPx: number, frameHeightPx: number): CellGrid {
  const isFine = frameWidthPx < narrowPx && frameWidthPx * frameHeightPx <= maxFinePixels;
  return divideFrame(frameWidthPx, frameHeightPx, isFine ? 4 : 8);
}
