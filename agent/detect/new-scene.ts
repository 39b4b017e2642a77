/**
 * Tells a turned camera from visitors: it changes edges all over the picture at once, and then nothing moves. The same
 * holds for a light on walls without texture. Pure.
 */
import { type Background, foreground } from './background.js';
import type { ComparedFrame } from './learning.js';

/** The picture is divided into this many rows and columns of tiles. */
const tiles = 4;
/** Smallest share of the tiles that have foreground: visitors leave a part of the picture as it was. */
const changedTiles = 0.75;
/** Smallest share of the foreground that is still, and for how long, seconds: visitors in all places move. */
const stillShare = 0.95;
const stillS = 2;

/** @param background after it has learned the frame @param roi 1 for each cell in the region of interest */
export function isNewScene(
  { stationaryS }: Background,
  { regions, labels, grid }: ComparedFrame,
  roi: Uint8Array,
): boolean {
  let [count, still] = [0, 0];
  for (const region of regions) {
    count += region.length;
    for (const cell of region) if (stationaryS[cell]! >= stillS) still += 1;
  }
  if (count === 0 || still < stillShare * count) return false;
  const [watched, changed] = [new Set<number>(), new Set<number>()];
  for (let cell = 0; cell < labels.length; cell++) {
    if (roi[cell] === 0) continue;
    const row = Math.floor(cell / grid.columns);
    const column = cell % grid.columns;
    const tile =
      tiles * Math.floor((tiles * row) / grid.rows) + Math.floor((tiles * column) / grid.columns);
    watched.add(tile);
    if (labels[cell] === foreground) changed.add(tile);
  }
  return changed.size >= changedTiles * watched.size;
}
