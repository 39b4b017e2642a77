/**
 * Decodes a JPEG to the small grey picture that the motion detector compares: the mean brightness of square cells.
 * Rejects damaged and too large JPEGs. Pure.
 */
import { decodePlanes } from '../../shared/jpeg/planes.js';
import { type SmallPicture, makeGrid } from './grid.js';

/** @throws {OperationalError} FRAME: damaged, truncated, too large, or coded in an unsupported way */
export function decodeSmall(jpeg: Buffer): SmallPicture {
  const { grid, luma } = decodePlanes(jpeg, makeGrid, { chroma: false });
  return { ...grid, luma };
}
