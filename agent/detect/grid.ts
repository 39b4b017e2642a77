/** How a frame is divided into the cells that the motion detector compares, and the small picture they make. Pure. */

/** How the cells lie on the frame: `cellPx` square, the last column and row cut by the frame's edge. */
export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly cellPx: number;
  readonly frameWidthPx: number;
  readonly frameHeightPx: number;
}

export interface SmallPicture extends Grid {
  /** Mean brightness of each cell, 0..255, row by row: `luma.length === columns * rows`. */
  readonly luma: Float32Array;
}

/** Below this many cells a person across the yard is less than a cell wide: take smaller cells. */
const minCells = 1500;
/** Above this many, more cells cost time and tell no more of anything as large as a person. */
const maxCells = 10_000;

/** The grid for frames of a size: cells of 8 pixels (a JPEG's own blocks), 4 for small frames, 16 for large. */
export function makeGrid(frameWidthPx: number, frameHeightPx: number): Grid {
  const cellsOf = (cellPx: number) =>
    Math.ceil(frameWidthPx / cellPx) * Math.ceil(frameHeightPx / cellPx);
  let cellPx = cellsOf(8) < minCells ? 4 : 8;
  while (cellsOf(cellPx) > maxCells) cellPx *= 2;
  const columns = Math.ceil(frameWidthPx / cellPx);
  const rows = Math.ceil(frameHeightPx / cellPx);
  return { columns, rows, cellPx, frameWidthPx, frameHeightPx };
}
