/** Converts the means of a component's tiles to the means of a grid's cells. Pure. */
import type { CellGrid } from './cell-grid.js';
import type { Component, FrameHeader } from './component.js';

/**
 * The mean of each cell, 0..255, row by row. Where tiles are larger than cells or cross their borders, as chroma
 * tiles may, the cell takes the mean of the tile at its centre.
 */
export function cellMeans(component: Component, frame: FrameHeader, grid: CellGrid): Float32Array {
  const tileWidthPx = (component.tilePx * frame.maxHSampling) / component.header.hSampling;
  const tileHeightPx = (component.tilePx * frame.maxVSampling) / component.header.vSampling;
  const isNested = grid.cellPx % tileWidthPx === 0 && grid.cellPx % tileHeightPx === 0;
  return isNested
    ? meansOfTiles(component, grid, tileWidthPx, tileHeightPx)
    : tilesAtCentres(component, grid, tileWidthPx, tileHeightPx);
}

function meansOfTiles(
  { means, stride }: Component,
  { columns, rows, cellPx, frameWidthPx, frameHeightPx }: CellGrid,
  tileWidthPx: number,
  tileHeightPx: number,
): Float32Array {
  const cells = new Float32Array(columns * rows);
  const sums = new Float64Array(columns);
  const tilesPerCell = cellPx / tileWidthPx;
  const tileColumns = Math.ceil(frameWidthPx / tileWidthPx);
  // A tile is weighted by its width inside the frame; only the last tile is cut.
  const lastWidthPx = frameWidthPx - (tileColumns - 1) * tileWidthPx;
  for (let row = 0; row < rows; row++) {
    const endPx = Math.min((row + 1) * cellPx, frameHeightPx);
    sums.fill(0);
    for (let topPx = row * cellPx; topPx < endPx; topPx += tileHeightPx) {
      const heightPx = Math.min(tileHeightPx, endPx - topPx);
      const first = (topPx / tileHeightPx) * stride;
      for (let tile = 0, column = 0; tile < tileColumns; column++) {
        let sum = 0;
        for (const end = Math.min(tileColumns, tile + tilesPerCell); tile < end; tile++) {
          const widthPx = tile === tileColumns - 1 ? lastWidthPx : tileWidthPx;
          sum += clamp(means[first + tile]!) * widthPx;
        }
        sums[column]! += sum * heightPx;
      }
    }
    const heightPx = endPx - row * cellPx;
    for (let column = 0; column < columns; column++) {
      const widthPx = Math.min(cellPx, frameWidthPx - column * cellPx);
      cells[row * columns + column] = sums[column]! / (widthPx * heightPx);
    }
  }
  return cells;
}

function tilesAtCentres(
  { means, stride }: Component,
  { columns, rows, cellPx, frameWidthPx, frameHeightPx }: CellGrid,
  tileWidthPx: number,
  tileHeightPx: number,
): Float32Array {
  const cells = new Float32Array(columns * rows);
  for (let row = 0, i = 0; row < rows; row++) {
    const centreY = (row * cellPx + Math.min((row + 1) * cellPx, frameHeightPx)) / 2;
    const first = Math.floor(centreY / tileHeightPx) * stride;
    for (let column = 0; column < columns; column++, i++) {
      const centreX = (column * cellPx + Math.min((column + 1) * cellPx, frameWidthPx)) / 2;
      cells[i] = clamp(means[first + Math.floor(centreX / tileWidthPx)]!);
    }
  }
  return cells;
}

/** A full decoder clamps each sample in the same way (ITU-T T.81, A.3.1). */
function clamp(mean: number): number {
  return mean < 0 ? 0 : mean > 255 ? 255 : mean;
}
