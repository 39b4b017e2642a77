/** Decodes with jpeg-js what needs a full decoder, mostly progressive frames, to the means of cells. Pure. */
import jpegJs from 'jpeg-js';
import { OperationalError } from '../cli/errors.js';
import type { CellGrid } from './cell-grid.js';
import { damaged, unreadable } from './frame-error.js';
import { SOS } from './markers.js';
import { findJpegDamage } from './splitter.js';

/** Fits 4K UHD (8.3 million). jpeg-js needs about 14 bytes of memory per pixel. */
export const maxFullyDecodedPixels = 9_000_000;
/** More than any camera picture within `maxFullyDecodedPixels` needs; a forged header can ask for far more. */
const maxDecoderMiB = 320;
/**
 * Encoders write about ten scans. Each takes a pass over all blocks but needs only some bytes: a forged file of some
 * megabytes can have enough of them to keep the decoder busy for an hour.
 */
const maxScans = 100;
const scanMarker = Buffer.of(0xff, SOS);

/** Mean red, green and blue of each cell, 0..255, row by row. */
export interface MeanColours {
  readonly red: Float32Array;
  readonly green: Float32Array;
  readonly blue: Float32Array;
}

/**
 * @param isRgb the components are red, green and blue already; jpeg-js does not detect it
 * @throws {OperationalError} FRAME: damaged, or jpeg-js cannot decode it
 */
export function decodeFully(jpeg: Buffer, grid: CellGrid, isRgb: boolean): MeanColours {
  const damage = findJpegDamage(jpeg);
  if (damage !== undefined) throw damaged(damage);
  if (hasTooManyScans(jpeg)) throw unreadable(`more than ${maxScans} scans`);
  const decoded = decode(jpeg, isRgb);
  // With wrong segment lengths the two decoders may find different frame headers.
  if (decoded.width !== grid.frameWidthPx || decoded.height !== grid.frameHeightPx) {
    throw unreadable('two frame headers with different sizes');
  }
  return reduce(decoded.data, grid);
}

/** Counts the markers in metadata too, as of a thumbnail; entropy-coded data have none (ITU-T T.81, F.1.2.3). */
function hasTooManyScans(jpeg: Buffer): boolean {
  let count = 0;
  for (let at = 0; (at = jpeg.indexOf(scanMarker, at)) >= 0; at += 2) {
    count += 1;
    if (count > maxScans) return true;
  }
  return false;
}

function decode(jpeg: Buffer, isRgb: boolean): { width: number; height: number; data: Buffer } {
  try {
    return jpegJs.decode(jpeg, {
      tolerantDecoding: false,
      maxResolutionInMP: maxFullyDecodedPixels / 1e6,
      maxMemoryUsageInMB: maxDecoderMiB,
      ...(isRgb && { colorTransform: false }),
    });
  } catch (cause) {
    throw new OperationalError('FRAME', 'the JPEG cannot be decoded', { cause });
  }
}

function reduce(rgba: Buffer, grid: CellGrid): MeanColours {
  const { columns, rows, cellPx, frameWidthPx, frameHeightPx } = grid;
  const makePlane = () => new Float32Array(columns * rows);
  const means = { red: makePlane(), green: makePlane(), blue: makePlane() };
  let at = 0;
  for (let y = 0; y < frameHeightPx; y++) {
    const row = Math.floor(y / cellPx);
    const heightPx = Math.min(cellPx, frameHeightPx - row * cellPx);
    for (let column = 0; column < columns; column++) {
      const widthPx = Math.min(cellPx, frameWidthPx - column * cellPx);
      let [red, green, blue] = [0, 0, 0];
      for (const end = at + 4 * widthPx; at < end; at += 4) {
        red += rgba[at]!;
        green += rgba[at + 1]!;
        blue += rgba[at + 2]!;
      }
      const cell = row * columns + column;
      means.red[cell]! += red / (widthPx * heightPx);
      means.green[cell]! += green / (widthPx * heightPx);
      means.blue[cell]! += blue / (widthPx * heightPx);
    }
  }
  return means;
}
