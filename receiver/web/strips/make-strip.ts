/**
 * Makes a film strip: one JPEG with a small picture of each of up to 60 frames, in 10 columns and 6 rows. One frame is
 * in memory at a time, and the event loop runs other work between two of them.
 */
import { setImmediate } from 'node:timers/promises';
import { OperationalError, describeError } from '../../../shared/cli/errors.js';
import { type Picture, encodeJpeg } from '../../../shared/jpeg/encoder.js';
import { decodeSmallPicture } from '../../../shared/jpeg/small-picture.js';
import { stripColumns, stripTiles } from '../api-types.js';
import { drawScaled, makeCanvas } from './draw-scaled.js';
import {
  type TileSize,
  checkTileSize,
  cornerOf,
  fitInto,
  stripRows,
  tileSizeFor,
} from './tile-layout.js';

/** The default of the receiver's --max-frame. */
export const maxStripFrameBytes = 16 * 2 ** 20;
const quality = 70;
/** Of tiles without a picture, and beside pictures of another aspect. */
const emptyGrey = 32;
/** The tiles of a strip of which no frame can be read. */
const emptyTile: TileSize = { widthPx: 160, heightPx: 90 };

export interface StripWish<Frame> {
  /** A reference to the frame of each tile, at most 60; undefined: the tile has none. */
  readonly tiles: readonly (Frame | undefined)[];
  /** Reads a frame; rejects without reading it when it is larger than `maxBytes`. */
  readonly readFrame: (
    frame: Frame,
    limits: { readonly maxBytes: number; readonly signal: AbortSignal },
  ) => Promise<Buffer>;
  /** Without it the first frame that can be read decides. */
  readonly tileSize?: TileSize;
  readonly signal: AbortSignal;
}

/** A frame without a picture in the strip. */
export interface TileFailure {
  /** Of its tile, 0..59. */
  readonly index: number;
  readonly reason: string;
}

export interface Strip {
  readonly jpeg: Buffer;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  /** The tiles that have a picture, ascending. */
  readonly present: readonly number[];
  readonly failures: readonly TileFailure[];
}

/**
 * A frame that cannot be read or decoded leaves its tile empty.
 * @throws the signal's reason; {RangeError} for more tiles or larger ones than a strip may have
 */
export async function makeStrip<Frame>(wish: StripWish<Frame>): Promise<Strip> {
  const { tiles, tileSize, signal } = wish;
  if (tiles.length > stripTiles) throw new RangeError(`${tiles.length} tiles in a strip`);
  if (tileSize !== undefined) checkTileSize(tileSize);
  let canvas = tileSize && new StripCanvas(tileSize);
  const present: number[] = [];
  const failures: TileFailure[] = [];
  for (const [index, frame] of tiles.entries()) {
    if (frame === undefined) continue;
    await setImmediate();
    signal.throwIfAborted();
    try {
      const picture = decodeSmallPicture(await readWithin(wish, frame));
      const size = { widthPx: picture.frameWidthPx, heightPx: picture.frameHeightPx };
      canvas ??= new StripCanvas(tileSizeFor(size, picture.widthPx));
      canvas.draw(index, picture, size);
      present.push(index);
    } catch (error) {
      failures.push({ index, reason: describeError(error) });
    }
  }
  await setImmediate();
  signal.throwIfAborted();
  canvas ??= new StripCanvas(emptyTile);
  const { widthPx: tileWidth, heightPx: tileHeight } = canvas.tile;
  return { jpeg: canvas.encode(), tileWidth, tileHeight, columns: stripColumns, present, failures };
}

async function readWithin<Frame>(
  { readFrame, signal }: StripWish<Frame>,
  frame: Frame,
): Promise<Buffer> {
  const jpeg = await readFrame(frame, { maxBytes: maxStripFrameBytes, signal });
  if (jpeg.length <= maxStripFrameBytes) return jpeg;
  throw new OperationalError(
    'FRAME',
    `the frame has ${jpeg.length} bytes; the limit for a film strip is ${maxStripFrameBytes}`,
  );
}

class StripCanvas {
  readonly tile: TileSize;
  readonly #picture: Picture;

  constructor(tile: TileSize) {
    this.tile = tile;
    const size = { widthPx: stripColumns * tile.widthPx, heightPx: stripRows * tile.heightPx };
    this.#picture = makeCanvas(size, emptyGrey);
  }

  /** @param frame the size of the frame, whose aspect the picture gets */
  draw(index: number, picture: Picture, frame: TileSize): void {
    const corner = cornerOf(index, this.tile);
    const place = fitInto(this.tile, frame);
    const [left, top] = [corner.left + place.left, corner.top + place.top];
    drawScaled(this.#picture, picture, { ...place, left, top });
  }

  encode(): Buffer {
    return encodeJpeg(this.#picture, quality);
  }
}
