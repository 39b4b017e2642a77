/** Which tile of which film strip shows a moment. Pure. */
import { stripColumns, stripTiles } from '../api-types.js';

export interface Tile {
  /** Of the strip. */
  readonly from: number;
  readonly step: number;
  /** 0 to 59. */
  readonly index: number;
}

const [coarseMs, fineMs] = [60_000, 5000];
/** A time line that shows less time draws from strips of five minutes. */
const fineBelowMs = 2 * 3_600_000;

export const stripStep = (spanMs: number): number => (spanMs < fineBelowMs ? fineMs : coarseMs);

export function tileAt(at: number, step: number): Tile {
  const length = step * stripTiles;
  const from = Math.floor(at / length) * length;
  return { from, step, index: Math.floor((at - from) / step) };
}

export interface Part {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where a tile is in its strip. */
export function partOf(index: number, widthPx: number, heightPx: number): Part {
  const width = Math.floor(widthPx / stripColumns);
  const height = Math.floor(heightPx / (stripTiles / stripColumns));
  const [column, row] = [index % stripColumns, Math.floor(index / stripColumns)];
  return { x: column * width, y: row * height, width, height };
}

/** The tile that shows what was seen last at a moment. @returns undefined: none up to it has a frame */
export function filledTile(counts: readonly number[], index: number): number | undefined {
  for (let tile = Math.min(index, counts.length - 1); tile >= 0; tile -= 1) {
    if ((counts[tile] ?? 0) > 0) return tile;
  }
  return undefined;
}
