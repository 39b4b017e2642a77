/**
 * Tells a turned camera from visitors: it changes edges all over the picture at once, and then nothing moves. The same
 * holds for a light on walls without texture. Pure.
 */
import type { Background } from './background.js';
import type { ComparedFrame } from './learning.js';
import { type Stillness, stillShare } from './stationary.js';

/** The picture is divided into this many rows and columns of tiles. */
const tiles = 4;
/** Smallest share of the tiles that have foreground: visitors leave a part of the picture as it was. */
const changedTiles = 0.75;
/** Smallest share of the foreground that is still, and for how long: visitors in all places move. */
const minStillShare = 0.95;
const stillness: Stillness = { seconds: 2, frames: 2 };

/**
 * @param background after it has learned the frame
 * @param watchedTiles number of tiles in the region of interest: `countTiles` of its cells
 * @param stepS `stillStepS` of the frame
 */
export function isNewScene(
  background: Background,
  { regions, grid }: ComparedFrame,
  watchedTiles: number,
  stepS: number,
): boolean {
  if (stillShare(background, regions, stillness, stepS) < minStillShare) return false;
  return countTiles(regions, grid) >= changedTiles * watchedTiles;
}

/** Number of tiles that have one of the cells. */
export function countTiles(
  regions: readonly Uint32Array[],
  { columns, rows }: ComparedFrame['grid'],
): number {
  const has = new Uint8Array(tiles * tiles);
  for (const region of regions) {
    for (const cell of region) {
      const row = Math.floor(cell / columns);
      const column = cell % columns;
      has[tiles * Math.floor((tiles * row) / rows) + Math.floor((tiles * column) / columns)] = 1;
    }
  }
  return has.reduce((sum, each) => sum + each, 0);
}
