/**
 * Tells a turned camera from visitors: it changes edges all over the picture at once, and then nothing moves. The same
 * holds for a light on walls without texture. When it is turned by about a cell, most edges sway, and the others are left. Pure.
 */
import type { Background } from './background.js';
import type { Grid } from './grid.js';
import type { ComparedFrame } from './compared-frame.js';
import type { Region } from './regions.js';
import { settledS } from './settle.js';
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
  absorbS: number,
  stepS: number,
): boolean {
  if (countTiles(regions, grid) < changedTiles * watchedTiles) return false;
  const share = (still: Stillness): number => stillShare(background, regions, still, stepS);
  // Cells that settle have been still for less than that: until it has passed, a part of it is given.
  const settling =
    share({ seconds: settledS(absorbS, stepS) - stepS, frames: 0 }) -
    share({ seconds: absorbS, frames: 0 });
  return share(stillness) - settling >= minStillShare;
}

/**
 * True when edges begin to differ all over the picture: the camera is turned, by about a cell when most of them sway. What
 * is left need not be still for as long as a thing.
 * @param differing all regions that differ, also those that are too small, or sway
 * @param before the labels of the frame before
 */
export function hasTurned(
  differing: readonly Region[],
  before: Uint8Array,
  grid: Grid,
  watchedTiles: number,
): boolean {
  const least = changedTiles * watchedTiles;
  if (countTiles(differing, grid) < least) return false;
  const differed: number[] = [];
  before.forEach((label, cell) => {
    if (label !== 0) differed.push(cell);
  });
  return countTiles([Uint32Array.from(differed)], grid) < least;
}

/** Number of tiles that have one of the cells. */
export function countTiles(regions: readonly Region[], { columns, rows }: Grid): number {
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
