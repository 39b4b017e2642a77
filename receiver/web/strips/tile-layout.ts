/** The sizes in a film strip: its tiles, and the place of a picture in its tile. Pure. */
import { stripColumns, stripTiles } from '../api-types.js';

export const stripRows = stripTiles / stripColumns;

export interface TileSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface Rectangle extends TileSize {
  readonly left: number;
  readonly top: number;
}

const maxTileWidthPx = 240;
/** A browser holds four bytes for each pixel of a strip; to encode more takes the server too long. */
const maxStripPixels = 2_000_000;
/** Tiles of a tiny first frame must show the later frames as well. */
const minTileWidthPx = 80;
/** Frames that are longer are letterboxed. */
const maxAspect = 4;

/**
 * The tiles of a strip whose first frame has this size: of its aspect, and no larger than its small picture.
 * @param smallWidthPx width of the small picture
 */
export function tileSizeFor(frame: TileSize, smallWidthPx: number): TileSize {
  const aspect = Math.min(maxAspect, Math.max(1 / maxAspect, frame.widthPx / frame.heightPx));
  let widthPx = Math.min(maxTileWidthPx, Math.max(minTileWidthPx, smallWidthPx));
  for (; ; widthPx--) {
    const size = { widthPx, heightPx: Math.max(1, Math.round(widthPx / aspect)) };
    if (pixelsOf(size) <= maxStripPixels) return size;
  }
}

/** @throws {RangeError} the size is no tile size */
export function checkTileSize(size: TileSize): void {
  const { widthPx, heightPx } = size;
  const isValid = [widthPx, heightPx].every((px) => Number.isInteger(px) && px >= 1);
  if (isValid && widthPx <= maxTileWidthPx && pixelsOf(size) <= maxStripPixels) return;
  throw new RangeError(`tiles of ${widthPx}x${heightPx} pixels`);
}

/** The place of a frame in a tile: as large as its aspect allows, in the middle. */
export function fitInto(tile: TileSize, frame: TileSize): Rectangle {
  const scale = Math.min(tile.widthPx / frame.widthPx, tile.heightPx / frame.heightPx);
  const widthPx = Math.max(1, Math.round(frame.widthPx * scale));
  const heightPx = Math.max(1, Math.round(frame.heightPx * scale));
  return {
    left: Math.floor((tile.widthPx - widthPx) / 2),
    top: Math.floor((tile.heightPx - heightPx) / 2),
    widthPx,
    heightPx,
  };
}

/** The top left corner of a tile in the strip. */
export function cornerOf(index: number, tile: TileSize): { left: number; top: number } {
  return {
    left: (index % stripColumns) * tile.widthPx,
    top: Math.floor(index / stripColumns) * tile.heightPx,
  };
}

const pixelsOf = ({ widthPx, heightPx }: TileSize): number => stripTiles * widthPx * heightPx;
