/** What the page shows for each size of frames: the mask, and how often each cell changed. Pure. */
import type { Grid } from '../../detect/grid.js';
import type { CellMap } from '../../detect/motion-detector.js';
import type { PageGrid } from './page-data.js';
import { runsOf } from './runs.js';

interface CountedGrid {
  readonly grid: Grid;
  roi: Uint8Array | undefined;
  readonly changes: Uint32Array;
}

export class GridPages {
  readonly #grids: CountedGrid[] = [];

  /** The number of the grid of a picture: of the last one, unless the size has changed. */
  numberOf(picture: Grid, cellMap: CellMap | undefined): number {
    let last = this.#grids.at(-1);
    if (last === undefined || !hasSameSize(last.grid, picture)) {
      const { columns, rows, cellPx, frameWidthPx, frameHeightPx } = picture;
      const grid = { columns, rows, cellPx, frameWidthPx, frameHeightPx };
      last = { grid, roi: undefined, changes: new Uint32Array(columns * rows) };
      this.#grids.push(last);
    }
    last.roi ??= cellMap?.roi;
    return this.#grids.length - 1;
  }

  countChanges(number: number, cellMap: CellMap | undefined): void {
    const changes = this.#grids[number]?.changes;
    if (changes === undefined || cellMap === undefined) return;
    for (const region of cellMap.evidence.regions) {
      for (const cell of region) changes[cell] = (changes[cell] ?? 0) + 1;
    }
  }

  all(): PageGrid[] {
    return this.#grids.map(({ grid, roi, changes }) => {
      const mostChanges = changes.reduce((most, count) => Math.max(most, count), 0);
      const shares = Uint8Array.from(changes, (count) =>
        mostChanges === 0 ? 0 : Math.ceil((255 * count) / mostChanges),
      );
      return {
        ...grid,
        excluded: runsOf((roi ?? new Uint8Array()).map((isIncluded) => 1 - isIncluded)),
        changes: Buffer.from(shares).toString('base64'),
        mostChanges,
      };
    });
  }
}

function hasSameSize(a: Grid, b: Grid): boolean {
  return a.frameWidthPx === b.frameWidthPx && a.frameHeightPx === b.frameHeightPx;
}
