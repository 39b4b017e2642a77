/** Connected-component labelling of changed cells, and the boxes of the components. Pure. */
import type { Grid } from './grid.js';
import type { Box } from '../events/verdict.js';

/** Indices of connected cells; cells that touch at a corner are connected (8-connectivity). */
export type Region = Uint32Array;

/** A region that is this many times as large as the smallest change is neither an insect nor a bunch of leaves. */
const largeFactor = 10;

/** @param minArea of a change, cells */
export function isLarge(region: Region, minArea: number): boolean {
  return isLargeArea(region.length, minArea);
}

export function isLargeArea(cells: number, minArea: number): boolean {
  return cells >= largeFactor * minArea;
}

/** @param changed 1 for each changed cell, row by row @returns the regions, largest first */
export function findRegions(changed: Uint8Array, grid: Grid): Region[] {
  if (!changed.includes(1)) return [];
  const { columns, rows } = grid;
  const unvisited = changed.slice();
  // Breadth-first search: every changed cell enters the queue once, and the cells of a region are contiguous in it.
  const queue = new Uint32Array(changed.length);
  const regions: Region[] = [];
  let end = 0;
  for (let first = unvisited.indexOf(1); first >= 0; first = unvisited.indexOf(1, first + 1)) {
    const start = end;
    queue[end++] = first;
    unvisited[first] = 0;
    for (let next = start; next < end; next++) {
      const cell = queue[next]!;
      const x = cell % columns;
      const y = (cell - x) / columns;
      for (let ny = Math.max(0, y - 1); ny <= Math.min(rows - 1, y + 1); ny++) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(columns - 1, x + 1); nx++) {
          const neighbour = ny * columns + nx;
          if (unvisited[neighbour] === 0) continue;
          unvisited[neighbour] = 0;
          queue[end++] = neighbour;
        }
      }
    }
    regions.push(queue.subarray(start, end));
  }
  return regions.sort((a, b) => b.length - a.length);
}

/** The first and the last column and row of a region. */
export function extentOf(region: Region, columns: number) {
  let [left, right] = [columns, 0];
  let [first, last] = [Infinity, 0];
  for (const cell of region) {
    left = Math.min(left, cell % columns);
    right = Math.max(right, cell % columns);
    first = Math.min(first, cell);
    last = Math.max(last, cell);
  }
  return { left, right, top: Math.floor(first / columns), bottom: Math.floor(last / columns) };
}

/** The largest of a region's values. */
export function peakIn(region: Region, values: Float32Array): number {
  return region.reduce((max, cell) => Math.max(max, values[cell]!), 0);
}

export function meanIn(region: Region, values: Float32Array): number {
  return region.reduce((sum, cell) => sum + values[cell]!, 0) / region.length;
}

/** The smallest box around a region, in pixels of the frame. */
export function boxAround(region: Region, grid: Grid): Box {
  const { columns, cellPx, frameWidthPx, frameHeightPx } = grid;
  const { left, right, top, bottom } = extentOf(region, columns);
  const widthPx = Math.min(frameWidthPx, (right + 1) * cellPx) - left * cellPx;
  const heightPx = Math.min(frameHeightPx, (bottom + 1) * cellPx) - top * cellPx;
  return [left * cellPx, top * cellPx, widthPx, heightPx];
}
