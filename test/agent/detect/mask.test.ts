/** Which cells a mask includes, in frames of any size, and which masks are rejected. */
import { crc32, deflateSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { makeGrid } from '../../../agent/detect/grid.js';
import { describeMisfit, roiMask } from '../../../agent/detect/mask.js';
import { readMask } from '../../../agent/detect/mask-png.js';

type Rgba = readonly [number, number, number, number];
const white: Rgba = [255, 255, 255, 255];
const black: Rgba = [0, 0, 0, 255];

function encodePng(widthPx: number, heightPx: number, colour: (x: number, y: number) => Rgba) {
  const png = new PNG({ width: widthPx, height: heightPx });
  for (let y = 0, at = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, at += 4) png.data.set(colour(x, y), at);
  }
  return PNG.sync.write(png);
}

/** A PNG of these chunks, each with a correct CRC. */
function handmadePng(chunks: readonly (readonly [string, Buffer])[]): Buffer {
  const parts = [...chunks, ['IEND', Buffer.alloc(0)] as const].flatMap(([type, data]) => {
    const numbers = Buffer.alloc(8);
    numbers.writeUInt32BE(data.length, 0);
    numbers.writeUInt32BE(crc32(Buffer.concat([Buffer.from(type), data])), 4);
    return [numbers.subarray(0, 4), Buffer.from(type), data, numbers.subarray(4)];
  });
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts]);
}

/** IHDR of a grey picture with eight bits a pixel. */
function header(widthPx: number, heightPx: number, isInterlaced = false): Buffer {
  const bytes = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, isInterlaced ? 1 : 0]);
  bytes.writeUInt32BE(widthPx, 0);
  bytes.writeUInt32BE(heightPx, 4);
  return bytes;
}

const leftHalf = (widthPx: number, heightPx: number) =>
  encodePng(widthPx, heightPx, (x) => (x < widthPx / 2 ? white : black));

const maskError = (message: RegExp): unknown =>
  expect.objectContaining({
    name: 'OperationalError',
    code: 'MASK',
    message: expect.stringMatching(message) as string,
  });

describe('a mask', () => {
  it.each<[string, Rgba, number]>([
    ['includes white', white, 1],
    ['excludes black', black, 0],
    ['includes light grey', [128, 128, 128, 255], 1],
    ['excludes dark grey', [127, 127, 127, 255], 0],
    ['includes green', [0, 255, 0, 255], 1],
    ['excludes blue', [0, 0, 255, 255], 0],
    ['excludes transparent white', [255, 255, 255, 0], 0],
  ])('%s', (_, colour, expected) => {
    const mask = readMask(encodePng(2, 1, (x) => (x === 0 ? white : colour)));
    expect(mask).toEqual({ widthPx: 2, heightPx: 1, included: Uint8Array.of(1, expected) });
  });

  it.each([
    [640, 480],
    [64, 48],
    [2, 2],
    [1280, 960],
  ])('of %i×%i is scaled to the frame', (width, height) => {
    const roi = roiMask(readMask(leftHalf(width, height)), makeGrid(640, 480));
    expect(roi).toEqual(Uint8Array.from({ length: 80 * 60 }, (_, i) => (i % 80 < 40 ? 1 : 0)));
  });

  it('includes a cell when at least half of its pixels are included', () => {
    // A cell is 8 pixels wide: 4 columns of the first are white, 3 of the second.
    const isWhite = (x: number) => x < 4 || (x >= 8 && x < 11) || x >= 16;
    const mask = readMask(encodePng(640, 480, (x) => (isWhite(x) ? white : black)));
    expect([...roiMask(mask, makeGrid(640, 480)).subarray(0, 4)]).toEqual([1, 0, 1, 1]);
  });

  it('covers a frame whose last cells are cut', () => {
    const mask = readMask(encodePng(645, 483, () => white));
    expect(roiMask(mask, makeGrid(645, 483)).includes(0)).toBe(false);
  });

  it.each([
    ['is no PNG', Buffer.from('GIF89a'), /is not a PNG/],
    ['is empty', Buffer.alloc(0), /is not a PNG/],
    ['is cut off', leftHalf(64, 48).subarray(0, -30), /damaged/],
    ['is damaged', leftHalf(64, 48).fill(7, 50, 60), /damaged/],
    ['is all black', encodePng(8, 8, () => black), /excludes every pixel/],
  ])('is refused when it %s', (_, png, message) => {
    expect(() => readMask(png)).toThrow(maskError(message));
  });

  it('is rejected when its size is too large', () => {
    const png = leftHalf(64, 48);
    png.writeUInt32BE(2 ** 31 - 1, 16);
    expect(() => readMask(png)).toThrow(maskError(/too large: 2147483647x48/));
  });

  it('is rejected when it has a second header with another size', () => {
    const png = handmadePng([
      ['IHDR', header(2, 2)],
      ['IHDR', header(5000, 5000)],
      ['IDAT', deflateSync(Buffer.alloc(5001 * 5000))],
    ]);
    expect(() => readMask(png)).toThrow(maskError(/damaged/));
  });

  it('may be interlaced', () => {
    const png = handmadePng([
      ['IHDR', header(1, 1, true)],
      ['IDAT', deflateSync(Buffer.of(0, 255))],
    ]);
    expect(readMask(png).included).toEqual(Uint8Array.of(1));
  });

  it('is rejected when it is interlaced and inflates to more than its size', () => {
    const png = handmadePng([
      ['IHDR', header(4, 4, true)],
      ['IDAT', deflateSync(Buffer.alloc(1_000_000, 255))],
    ]);
    const cause = expect.objectContaining({ code: 'ERR_BUFFER_TOO_LARGE' }) as unknown;
    expect(() => readMask(png)).toThrow(expect.objectContaining({ code: 'MASK', cause }) as Error);
  });

  it('is rejected when it excludes every cell of the frame', () => {
    const speck = readMask(encodePng(640, 480, (x, y) => (x + y === 0 ? white : black)));
    expect(() => roiMask(speck, makeGrid(640, 480))).toThrow(
      maskError(/excludes every cell of a frame of 640x480/),
    );
  });

  it.each([
    [640, 480, undefined],
    [320, 240, undefined],
    [333, 250, undefined],
    [1280, 720, 'another aspect ratio than the frame'],
    [480, 640, 'another aspect ratio than the frame'],
  ])('of %i×%i for a frame of 640×480: %s', (width, height, warning) => {
    const misfit = describeMisfit(readMask(leftHalf(width, height)), makeGrid(640, 480));
    if (warning === undefined) expect(misfit).toBeUndefined();
    else expect(misfit).toContain(warning);
  });
});
