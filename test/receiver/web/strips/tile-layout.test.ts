/** The sizes of a strip's tiles, and the place of a picture in its tile, for frames of any size. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stripColumns, stripTiles } from '../../../../receiver/web/api-types.js';
import {
  checkTileSize,
  cornerOf,
  fitInto,
  stripRows,
  tileSizeFor,
} from '../../../../receiver/web/strips/tile-layout.js';

const px = fc.integer({ min: 1, max: 65_535 });
const size = fc.record({ widthPx: px, heightPx: px });
const tilePx = fc.integer({ min: 1, max: 240 });

describe('the tiles of a strip', () => {
  it.each([
    [640, 480, 160, 160, 120],
    [1280, 720, 160, 160, 90],
    [1920, 1080, 240, 240, 135],
    [3840, 2160, 480, 240, 135],
    [800, 600, 200, 200, 150],
    [2592, 1944, 324, 210, 158],
    [1080, 1920, 135, 135, 240],
    [32, 24, 8, 80, 60],
  ])('of a frame of %i×%i, small %i wide: %i×%i', (width, height, small, tileWidth, tileHeight) => {
    const frame = { widthPx: width, heightPx: height };
    expect(tileSizeFor(frame, small)).toEqual({ widthPx: tileWidth, heightPx: tileHeight });
  });

  it('are within the limits and have the aspect of the frame', () => {
    fc.assert(
      fc.property(size, px, (frame, smallWidthPx) => {
        const tile = tileSizeFor(frame, smallWidthPx);
        checkTileSize(tile);
        expect(tile.widthPx).toBeLessThanOrEqual(240);
        const pixels = tile.widthPx * stripColumns * tile.heightPx * stripRows;
        expect(pixels).toBeLessThanOrEqual(2_000_000);
        const aspect = Math.min(4, Math.max(1 / 4, frame.widthPx / frame.heightPx));
        expect(Math.abs(tile.widthPx / aspect - tile.heightPx)).toBeLessThanOrEqual(0.5001);
      }),
    );
  });

  it.each([
    [0, 90],
    [160, 0],
    [160.5, 90],
    [241, 90],
    [240, 139],
    [Number.NaN, 90],
  ])('are refused with %d×%d', (widthPx, heightPx) => {
    expect(() => checkTileSize({ widthPx, heightPx })).toThrow(RangeError);
  });

  it('hold a picture of any aspect, as large as it can be', () => {
    fc.assert(
      fc.property(size, fc.record({ widthPx: tilePx, heightPx: tilePx }), (frame, tile) => {
        const { left, top, widthPx, heightPx } = fitInto(tile, frame);
        expect(Math.min(left, top)).toBeGreaterThanOrEqual(0);
        expect(Math.min(widthPx, heightPx)).toBeGreaterThanOrEqual(1);
        expect(left + widthPx).toBeLessThanOrEqual(tile.widthPx);
        expect(top + heightPx).toBeLessThanOrEqual(tile.heightPx);
        expect(widthPx === tile.widthPx || heightPx === tile.heightPx).toBe(true);
      }),
    );
  });

  it('fill the strip without overlap', () => {
    const tile = { widthPx: 7, heightPx: 3 };
    const corners = Array.from({ length: stripTiles }, (_, index) => cornerOf(index, tile));
    expect(new Set(corners.map(({ left, top }) => `${left},${top}`)).size).toBe(60);
    expect(corners[59]).toEqual({ left: 63, top: 15 });
  });
});
