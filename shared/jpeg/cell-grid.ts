/** Divides a frame into square cells, whose means make a small picture. Pure. */

/** Square cells of `cellPx` pixels; the last column and row are cut by the frame's edge. */
export interface CellGrid {
  readonly columns: number;
  readonly rows: number;
  readonly cellPx: number;
  readonly frameWidthPx: number;
  readonly frameHeightPx: number;
}

/** Chooses the cells of a frame by its size. `cellPx` is 4, or a multiple of 8. */
export type MakeGrid = (frameWidthPx: number, frameHeightPx: number) => CellGrid;

export function divideFrame(frameWidthPx: number, frameHeightPx: number, cellPx: number): CellGrid {
  const columns = Math.ceil(frameWidthPx / cellPx);
  const rows = Math.ceil(frameHeightPx / cellPx);
  return { columns, rows, cellPx, frameWidthPx, frameHeightPx };
}
