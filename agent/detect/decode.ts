/**
 * From a JPEG to the small grey picture that the motion detector compares: the mean brightness of square cells.
 * Refuses what is damaged or too large before anything is compared. Pure.
 */
import type { SmallPicture } from './grid.js';
import { decodePlanes } from './planes.js';

/** @throws {OperationalError} FRAME: damaged, truncated, too large, or of a kind that cannot be read */
export function decodeSmall(jpeg: Buffer): SmallPicture {
  const { grid, luma } = decodePlanes(jpeg, { chroma: false });
  return { ...grid, luma };
}
