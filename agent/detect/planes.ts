/**
 * From a JPEG to small planes of brightness and, where wanted, colour: the mean of each cell of the frame's
 * grid, from the coefficients alone where possible. Pure.
 *
 * A cell's brightness is the mean that a full decode gives, to half a grey level: the decoder's rounding. A
 * cell that the frame's edge leaves a pixel or two of is off by up to one, and so is its full decode. Where a
 * full decoder clamps samples to 0..255 (bright sky, letters burnt in), the mean before clamping is
 * another: on real frames up to 6 levels. Colour is to a block's mean, also where cells are smaller.
 */
import { OperationalError } from '../../shared/cli/errors.js';
import { findJpegDamage } from '../../shared/jpeg/splitter.js';
import { type Grid, makeGrid } from './grid.js';
import { cellMeans } from './cell-means.js';
import { type Reading, readCoefficients } from '../../shared/jpeg/coefficients.js';
import type { FrameHeader } from '../../shared/jpeg/component.js';
import { damaged } from '../../shared/jpeg/frame-error.js';
import { type MeanColours, decodeFully, maxFullyDecodedPixels } from './full-decoder.js';

/** The largest camera modules make 64 million; there the means take 4 MB, 12 with full colour. */
const maxFramePixels = 70_000_000;

export interface Planes {
  readonly grid: Grid;
  /** Mean of each cell, 0..255, row by row: `columns * rows` numbers. */
  readonly luma: Float32Array;
  /** Mean of blue and of red less brightness, 0..255, 128 being none; undefined where the frame is grey. */
  readonly chroma: { readonly cb: Float32Array; readonly cr: Float32Array } | undefined;
}

/** @throws {OperationalError} FRAME: damaged, truncated, too large, or of a kind that cannot be read */
export function decodePlanes(jpeg: Buffer, wants: { readonly chroma: boolean }): Planes {
  const { frame, colour, components } = read(jpeg);
  const grid = makeGrid(frame.widthPx, frame.heightPx);
  if (components === undefined) {
    refuseLarger(maxFullyDecodedPixels, frame);
    return fromColours(decodeFully(jpeg, grid, colour === 'rgb'), grid, wants.chroma);
  }
  const cells = (index: number) => cellMeans(components[index]!, frame, grid);
  if (colour === 'rgb') {
    return fromColours({ red: cells(0), green: cells(1), blue: cells(2) }, grid, wants.chroma);
  }
  const isColoured = wants.chroma && colour === 'ycc';
  const chroma = isColoured ? { cb: cells(1), cr: cells(2) } : undefined;
  return { grid, luma: cells(0), chroma };
}

function read(jpeg: Buffer): Reading {
  try {
    return readCoefficients(jpeg, (header) => {
      refuseLarger(maxFramePixels, header);
      // Small frames have cells of quarters of blocks.
      return makeGrid(header.widthPx, header.heightPx).cellPx === 4 ? 4 : 8;
    });
  } catch (error) {
    // Data that are cut off may look wrong in many ways before they end: say the plain one.
    const damage = findJpegDamage(jpeg);
    throw damage === undefined ? error : damaged(damage);
  }
}

function refuseLarger(mostPixels: number, { widthPx, heightPx }: FrameHeader): void {
  if (widthPx * heightPx <= mostPixels) return;
  throw new OperationalError(
    'FRAME',
    `the JPEG is too large to look at: ${widthPx}x${heightPx} pixels; the limit is ${mostPixels}`,
    { hint: 'let the camera make smaller pictures' },
  );
}

/**
 * JFIF's brightness and colour (ITU-T T.871, section 7), which are sums, so that means may be put in. Pure
 * blue and pure red are half a level more than there is room for.
 */
function fromColours({ red, green, blue }: MeanColours, grid: Grid, wantsChroma: boolean): Planes {
  const mix = (r: number, g: number, b: number, offset: number) =>
    red.map((mean, cell) => Math.min(255, offset + r * mean + g * green[cell]! + b * blue[cell]!));
  const luma = mix(0.299, 0.587, 0.114, 0);
  if (!wantsChroma) return { grid, luma, chroma: undefined };
  const cb = mix(-0.168736, -0.331264, 0.5, 128);
  const cr = mix(0.5, -0.418688, -0.081312, 128);
  return { grid, luma, chroma: { cb, cr } };
}
