/** Divides a frame into the cells that the motion detector compares. Pure. */
import { type CellGrid, divideFrame } from '../../shared/jpeg/cell-grid.js';

export type Grid = CellGrid;

export interface SmallPicture extends Grid {
  /** Mean brightness of each cell, 0..255, row by row: `luma.length === columns * rows`. */
  readonly luma: Float32Array;
}

/** With fewer cells a person at the far end of a yard is narrower than one cell. */
const minCells = 1500;
/** More cells cost time and do not help to detect anything as large as a person. */
const maxCells = 10_000;

/** Cells of 8 pixels (the blocks of a JPEG); 4 for small frames, 16 or more for large ones. */
export function makeGrid(frameWidthPx: number, frameHeightPx: number): Grid {
  const cellsOf = (cellPx: number) =>
    Math.ceil(frameWidthPx / cellPx) * Math.ceil(frameHeightPx / cellPx);
  let cellPx = cellsOf(8) < minCells ? 4 : 8;
  while (cellsOf(cellPx) > maxCells) cellPx *= 2;
  return divideFrame(frameWidthPx, frameHeightPx, cellPx);
}
