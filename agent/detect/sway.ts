/**
 * Tells a thing that sways from a visitor: balloons, a flag or a branch in a gust show what the background shows there,
 * a little aside; a visitor shows something else. Pure.
 *
 * A region and the cells around it are compared with the reference as it would be if it had moved by up to one cell, which is
 * block matching with half-cell steps.
 */
import type { Grid } from './grid.js';
import type { Region } from './regions.js';

/** Cells, to the right and down: half-cell steps to all sides, without the place itself. */
const steps = [-1, -0.5, 0, 0.5, 1];
const moves = steps
  .flatMap((right) => steps.map((down) => ({ right, down })))
  .filter(({ right, down }) => right !== 0 || down !== 0);
/** Smallest share that a move explains, of the squared difference and of the frame's texture: most of both. */
const explainedShare = 0.7;

/** True when a move by up to one cell explains most of what differs in the region. */
export function hasSwayed(
  region: Region,
  reference: Float32Array,
  luma: Float32Array,
  grid: Grid,
): boolean {
  const cells = withSurroundings(region, grid);
  const unmoved = squaredDifference(cells, reference, luma, grid, { right: 0, down: 0 });
  // A plain thing in front of a fine texture resembles the blur that half-cell steps make of it.
  const most = (1 - explainedShare) * Math.min(unmoved, textureEnergy(cells, luma));
  return moves.some((move) => squaredDifference(cells, reference, luma, grid, move, most) <= most);
}

/** Of the frame: what a moved reference has to explain, too. */
function textureEnergy(cells: readonly number[], luma: Float32Array): number {
  const mean = cells.reduce((sum, cell) => sum + luma[cell]!, 0) / cells.length;
  return cells.reduce((sum, cell) => sum + (luma[cell]! - mean) ** 2, 0);
}

/** @param limit the sum ends above it: nearly every move of a visitor is far above it after some cells */
function squaredDifference(
  cells: readonly number[],
  reference: Float32Array,
  luma: Float32Array,
  { columns, rows }: Grid,
  { right, down }: { readonly right: number; readonly down: number },
  limit = Infinity,
): number {
  let sum = 0;
  for (const cell of cells) {
    const column = Math.min(columns - 1, Math.max(0, (cell % columns) + right));
    const row = Math.min(rows - 1, Math.max(0, Math.floor(cell / columns) + down));
    const [left, top] = [Math.floor(column), Math.floor(row)];
    const at = top * columns + left;
    const next = left < columns - 1 ? 1 : 0;
    const below = top < rows - 1 ? columns : 0;
    const [u, v] = [column - left, row - top];
    const upper = (1 - u) * reference[at]! + u * reference[at + next]!;
    const lower = (1 - u) * reference[at + below]! + u * reference[at + below + next]!;
    const difference = luma[cell]! - (1 - v) * upper - v * lower;
    sum += difference * difference;
    if (sum > limit) return sum;
  }
  return sum;
}

/** The region and the cells that touch it: a few cells resemble their neighbours by chance, with their outline they do not. */
function withSurroundings(region: Region, { columns, rows }: Grid): number[] {
  const cells = new Set<number>();
  for (const cell of region) {
    const column = cell % columns;
    const row = Math.floor(cell / columns);
    for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
      for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++) {
        cells.add(y * columns + x);
      }
    }
  }
  return [...cells];
}
