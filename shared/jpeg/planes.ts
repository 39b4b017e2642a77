/**
 * Decodes a JPEG to small planes of brightness and, on request, colour: the mean of each cell of a grid, from the DCT
 * coefficients alone where possible. Pure.
 *
 * The brightness of a cell equals the mean of a full decode within half a grey level (the decoder's rounding), or
 * one level where the frame's edge leaves only a pixel or two of the cell. Where a full decoder clamps samples to
 * 0..255 (bright sky, text overlays) the mean before clamping differs: by up to 6 levels on real frames. Colour
 * has the resolution of blocks, also where cells are smaller.
 */
import { OperationalError } from '../cli/errors.js';
import type { CellGrid, MakeGrid } from './cell-grid.js';
import { cellMeans } from './cell-means.js';
import { type Reading, readCoefficients } from './coefficients.js';
import type { FrameHeader } from './component.js';
import { damaged } from './frame-error.js';
import { type MeanColours, decodeFully, maxFullyDecodedPixels } from './full-decoder.js';
import { findJpegDamage } from './splitter.js';

/** The largest camera modules have 64 million pixels; the means of such a frame take 4 MB, 12 with full colour. */
const maxFramePixels = 70_000_000;

export interface Planes {
  readonly grid: CellGrid;
  /** Mean of each cell, 0..255, row by row: `columns * rows` numbers. */
  readonly luma: Float32Array;
  /** Means of Cb and Cr, 0..255, 128 is neutral; undefined: the frame is grey, or colour was not requested. */
  readonly chroma: { readonly cb: Float32Array; readonly cr: Float32Array } | undefined;
}

/** @throws {OperationalError} FRAME: damaged, truncated, too large, or coded in an unsupported way */
export function decodePlanes(
  jpeg: Buffer,
  makeGrid: MakeGrid,
  wants: { readonly chroma: boolean },
): Planes {
  const { frame, colour, components } = read(jpeg, makeGrid);
  const grid = makeGrid(frame.widthPx, frame.heightPx);
  if (components === undefined) {
    checkSize(maxFullyDecodedPixels, frame);
    return fromColours(decodeFully(jpeg, grid, colour === 'rgb'), grid, wants.chroma);
  }
  const cells = (index: number) => cellMeans(components[index]!, frame, grid);
  if (colour === 'rgb') {
    return fromColours({ red: cells(0), green: cells(1), blue: cells(2) }, grid, wants.chroma);
  }
  const hasChroma = wants.chroma && colour === 'ycc';
  const chroma = hasChroma ? { cb: cells(1), cr: cells(2) } : undefined;
  return { grid, luma: cells(0), chroma };
}

function read(jpeg: Buffer, makeGrid: MakeGrid): Reading {
  try {
    return readCoefficients(jpeg, (header) => {
      checkSize(maxFramePixels, header);
      // In small frames a cell is a quarter of a block.
      return makeGrid(header.widthPx, header.heightPx).cellPx === 4 ? 4 : 8;
    });
  } catch (error) {
    // Truncated data cause many kinds of errors; the splitter's reason is the plainest one.
    const damage = findJpegDamage(jpeg);
    throw damage === undefined ? error : damaged(damage);
  }
}

function checkSize(maxPixels: number, { widthPx, heightPx }: FrameHeader): void {
  if (widthPx * heightPx <= maxPixels) return;
  throw new OperationalError(
    'FRAME',
    `the JPEG is too large to decode: ${widthPx}x${heightPx} pixels; the limit is ${maxPixels}`,
    { hint: 'set the camera to a smaller picture size' },
  );
}

/**
 * RGB to YCbCr of JFIF (ITU-T T.871, section 7). The formulas are linear, so they hold for means. Pure blue and
 * pure red give 255.5 and are clamped.
 */
function fromColours(
  { red, green, blue }: MeanColours,
  grid: CellGrid,
  wantsChroma: boolean,
): Planes {
  const mix = (r: number, g: number, b: number, offset: number) =>
    red.map((mean, cell) => Math.min(255, offset + r * mean + g * green[cell]! + b * blue[cell]!));
  const luma = mix(0.299, 0.587, 0.114, 0);
  if (!wantsChroma) return { grid, luma, chroma: undefined };
  const cb = mix(-0.168736, -0.331264, 0.5, 128);
  const cr = mix(0.5, -0.418688, -0.081312, 128);
  return { grid, luma, chroma: { cb, cr } };
}
