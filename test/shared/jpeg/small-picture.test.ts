/** The small colour picture of a JPEG: the means of a full decode, whatever a camera writes. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import jpegJs from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { OperationalError } from '../../../shared/cli/errors.js';
import { encodeJpeg } from '../../../shared/jpeg/encoder.js';
import { decodeSmallPicture } from '../../../shared/jpeg/small-picture.js';
import {
  type EncodedComponent,
  type EncodedFrame,
  encodeFrame,
  segment,
} from '../../support/jpeg-encoder.js';

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../fixtures/jpeg/${name}.jpg`, import.meta.url));

/** The full decode averaged over squares of `cellPx`: red, green, blue and 255 of each. */
function averagedDown(jpeg: Buffer, cellPx: number, isRgb = false): Float64Array {
  const { width, height, data } = jpegJs.decode(jpeg, isRgb ? { colorTransform: false } : {});
  const columns = Math.ceil(width / cellPx);
  const cells = columns * Math.ceil(height / cellPx);
  const sums = new Float64Array(4 * cells);
  const counts = new Float64Array(cells);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const cell = Math.floor(y / cellPx) * columns + Math.floor(x / cellPx);
      counts[cell]! += 1;
      for (let c = 0; c < 4; c++) sums[4 * cell + c]! += data[4 * (y * width + x) + c]!;
    }
  }
  return sums.map((sum, at) => sum / counts[at >> 2]!);
}

/** Cells of 4 pixels of which a full decoder clamps a sample. */
function clampedCells(jpeg: Buffer, isRgb: boolean): ReadonlySet<number> {
  const { width, height, data } = jpegJs.decode(jpeg, isRgb ? { colorTransform: false } : {});
  const cells = new Set<number>();
  for (let at = 0; at < 4 * width * height; at++) {
    const pixel = at >> 2;
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const isEnd = data[at] === 0 || data[at] === 255;
    if (isEnd && at % 4 < 3) cells.add(Math.ceil(width / 4) * (y >> 2) + (x >> 2));
  }
  return cells;
}

function worst(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(got.length).toBe(expected.length);
  return Array.from(got).reduce((most, v, at) => Math.max(most, Math.abs(v - expected[at]!)), 0);
}

/** Rounding here and in jpeg-js, and the error of its transform where an edge leaves a pixel or two of a cell. */
const rounding = 2.5;
/** Grey levels per pixel of the frame, by which Cb rises to the right and Cr downwards. */
const slope = 0.35;

const fine = Array<number>(64).fill(1);

interface Shape {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Of luminance; chroma has 1×1. */
  readonly across: number;
  readonly down: number;
}

/** Textured brightness with sloping colours: a chroma block differs from its pixels by half its size. */
function slopingFrame({ widthPx, heightPx, across, down }: Shape): EncodedFrame {
  const luma = (x: number, y: number) => 128 + 20 * Math.sin(x / 3) + 20 * Math.cos(y / 5);
  const sloping = (px: number, sizePx: number) => 128 + slope * (px - sizePx / 2);
  const chroma = { across: 1, down: 1, steps: fine };
  return {
    widthPx,
    heightPx,
    components: [
      { id: 1, across, down, steps: fine, sample: luma },
      { ...chroma, id: 2, sample: (x) => sloping(x * across, widthPx) },
      { ...chroma, id: 3, sample: (_, y) => sloping(y * down, heightPx) },
    ],
  };
}

/** The largest error that the size of chroma blocks explains, in red, green or blue. */
const chromaTolerance = ({ across, down }: Shape): number =>
  rounding +
  slope * Math.max(1.772 * 4 * across, 1.402 * 4 * down, 0.344 * 4 * across + 0.714 * 4 * down);

// prettier-ignore
const samplings = [
  ['4:4:4', 1, 1], ['4:2:2', 2, 1], ['4:2:0', 2, 2], ['4:4:0', 1, 2], ['4:1:1', 4, 1], ['3:1', 3, 1],
] as const;

describe('the small colour picture', () => {
  it.each(samplings)('is the full decode averaged down, sampled %s', (_, across, down) => {
    const size = fc.record({
      widthPx: fc.integer({ min: 1, max: 130 }),
      heightPx: fc.integer({ min: 1, max: 110 }),
    });
    fc.assert(
      fc.property(size, (each) => {
        const shape = { ...each, across, down };
        const jpeg = encodeFrame(slopingFrame(shape));
        const picture = decodeSmallPicture(jpeg);
        expect(picture).toMatchObject({
          widthPx: Math.ceil(each.widthPx / 4),
          heightPx: Math.ceil(each.heightPx / 4),
          frameWidthPx: each.widthPx,
          frameHeightPx: each.heightPx,
        });
        expect(worst(picture.rgba, averagedDown(jpeg, 4))).toBeLessThan(chromaTolerance(shape));
      }),
      { numRuns: 60 },
    );
  });

  it.each(samplings)(
    'has a pixel for each block of a wide frame, sampled %s',
    (_, across, down) => {
      // At the edge as well: 1003 and 61 are no multiples of 8.
      const shape = { widthPx: 1003, heightPx: 61, across, down };
      const sloping = slopingFrame(shape);
      // Cb rises by 100 levels over the width.
      const [luma, cb, cr] = sloping.components;
      const wide: EncodedComponent = { ...cb!, sample: (x) => 78 + 0.1 * x * across };
      const jpeg = encodeFrame({ ...sloping, components: [luma!, wide, cr!] });
      const picture = decodeSmallPicture(jpeg);
      expect([picture.widthPx, picture.heightPx]).toEqual([126, 8]);
      expect(worst(picture.rgba, averagedDown(jpeg, 8))).toBeLessThan(chromaTolerance(shape));
    },
  );

  it('is grey for a grey frame', () => {
    const sample = (x: number, y: number) => (x + 2 * y) % 256;
    const grey = { id: 1, across: 1, down: 1, steps: fine, sample };
    const jpeg = encodeFrame({ widthPx: 61, heightPx: 45, components: [grey] });
    const { rgba } = decodeSmallPicture(jpeg);
    expect(worst(rgba, averagedDown(jpeg, 4))).toBeLessThan(rounding);
    for (let at = 0; at < rgba.length; at += 4) {
      expect([rgba[at + 1], rgba[at + 2], rgba[at + 3]]).toEqual([rgba[at], rgba[at], 255]);
    }
  });

  it.each([
    ['an Adobe segment has transform 0', [1, 2, 3], true],
    ['the component ids are R, G and B', [82, 71, 66], false],
  ])('has the components of the frame where %s', (_, ids, hasAdobe) => {
    const adobe = segment(0xee, Buffer.from('Adobe\0\x64\0\0\0\0\0', 'latin1'));
    const samples = [(x: number) => 40 + x, (_x: number, y: number) => 200 - y, () => 90];
    const components = samples.map((sample, i) => ({
      ...{ id: ids[i]!, across: 1, down: 1, steps: fine, sample },
    }));
    const segments = hasAdobe ? [adobe] : [];
    const jpeg = encodeFrame({ widthPx: 45, heightPx: 31, components, segments });
    const { rgba } = decodeSmallPicture(jpeg);
    expect(worst(rgba, averagedDown(jpeg, 4, true))).toBeLessThan(rounding);
  });

  it.each([
    [640, 480, 160, 120],
    [999, 40, 250, 10],
    [1000, 40, 125, 5],
    [900, 2223, 113, 278],
  ])('of %i×%i pixels has %i×%i', (widthPx, heightPx, columns, rows) => {
    const rgba = Buffer.alloc(widthPx * heightPx * 4, 90);
    const picture = decodeSmallPicture(encodeJpeg({ widthPx, heightPx, rgba }, 50));
    expect([picture.widthPx, picture.heightPx]).toEqual([columns, rows]);
    expect(picture.rgba).toHaveLength(4 * columns * rows);
  });

  it('is clamped where sharp edges overshoot', () => {
    const rgba = Buffer.alloc(64 * 64 * 4);
    for (let at = 0; at < rgba.length; at++) rgba[at] = (at >> 2) % 16 < 5 ? 255 : 0;
    const jpeg = encodeJpeg({ widthPx: 64, heightPx: 64, rgba }, 60);
    const { rgba: small } = decodeSmallPicture(jpeg);
    expect(worst(small, averagedDown(jpeg, 4))).toBeLessThan(20);
  });
});

/** The mean of red, green and blue over the picture. */
function meanColour({ rgba }: { readonly rgba: ArrayLike<number> }): number[] {
  return [0, 1, 2].map((c) => {
    let sum = 0;
    for (let at = c; at < rgba.length; at += 4) sum += rgba[at]!;
    return (4 * sum) / rgba.length;
  });
}

describe('real encoders’ frames', () => {
  const reference = decodeSmallPicture(fixture('444'));

  it.each([
    ...['444', '440', '411', 'optimized-422', 'restarts', 'three-scans', 'ffmpeg'],
    ...['progressive', 'rgb', 'rgb-progressive'],
  ])('give the full decode averaged down: %s', (name) => {
    const jpeg = fixture(name);
    const picture = decodeSmallPicture(jpeg);
    const isRgb = name.startsWith('rgb');
    const expected = averagedDown(jpeg, 4, isRgb);
    const brightness = (rgba: ArrayLike<number>) =>
      Array.from({ length: rgba.length / 4 }, (_, i) => {
        const at = 4 * i;
        return 0.299 * rgba[at]! + 0.587 * rgba[at + 1]! + 0.114 * rgba[at + 2]!;
      });
    // A full decoder clamps single samples, with the colour of their own: then brightness is not kept.
    const isClamped = clampedCells(jpeg, isRgb);
    const unclamped = (values: number[]) => values.filter((_, cell) => !isClamped.has(cell));
    const [got, wanted] = [brightness(picture.rgba), brightness(expected)];
    expect(worst(unclamped(got), unclamped(wanted))).toBeLessThan(rounding);
    expect(worst(got, wanted)).toBeLessThan(12);
    expect(unclamped(got).length).toBeGreaterThan(got.length / 2);
    expect(worst(meanColour(picture), meanColour({ rgba: expected }))).toBeLessThan(1.5);
    expect(worst(meanColour(picture), meanColour(reference))).toBeLessThan(3);
  });

  it('are read with the standard tables when they have none', () => {
    const rgba = Uint8Array.from({ length: 64 * 48 * 4 }, (_, at) => (at * 7) % 200);
    const jpeg = encodeJpeg({ widthPx: 64, heightPx: 48, rgba }, 80);
    const parts: Buffer[] = [jpeg.subarray(0, 2)];
    let at = 2;
    for (; jpeg[at + 1] !== 0xda; at += 2 + jpeg.readUInt16BE(at + 2)) {
      if (jpeg[at + 1] !== 0xc4) parts.push(jpeg.subarray(at, at + 2 + jpeg.readUInt16BE(at + 2)));
    }
    const without = Buffer.concat([...parts, jpeg.subarray(at)]);
    expect(without.length).toBeLessThan(jpeg.length - 400);
    expect(decodeSmallPicture(without)).toEqual(decodeSmallPicture(jpeg));
  });
});

describe('the small colour picture is refused', () => {
  const withSize = (jpeg: Buffer, marker: number, size: readonly number[]): Buffer => {
    jpeg.set(size, jpeg.indexOf(Buffer.of(0xff, marker)) + 5);
    return jpeg;
  };

  it.each([
    ['when it is truncated', fixture('444').subarray(0, -40), /ends before its end marker/],
    ['when it is no JPEG', Buffer.from('GIF89a'), /does not begin with FF D8/],
    ['when it is empty', Buffer.alloc(0), /is empty/],
    ['when it is coded arithmetically', fixture('arithmetic'), /SOF9/],
    [
      'when it is too large',
      withSize(fixture('444'), 0xc0, [0x20, 0xaf, 0x20, 0xaf]),
      /too large.* 8367x8367.* 70000000/,
    ],
    [
      'when it is progressive and has more than 9 megapixels',
      withSize(fixture('progressive'), 0xc2, [0x0b, 0xb9, 0x0b, 0xb9]),
      /too large.* 3001x3001.* 9000000/,
    ],
  ])('%s', (_, jpeg, message) => {
    expect(() => decodeSmallPicture(jpeg)).toThrow(
      expect.objectContaining({
        name: 'OperationalError',
        code: 'FRAME',
        message: expect.stringMatching(message) as string,
      }),
    );
  });

  it('when it is progressive and has more than 100 scans', () => {
    const jpeg = fixture('progressive');
    const first = jpeg.indexOf(Buffer.of(0xff, 0xda));
    const end = jpeg.indexOf(Buffer.of(0xff, 0xc4), first);
    // Again and again the first scan, which the full decoder accepts.
    const withScans = (count: number): Buffer => {
      const scans = new Array<Buffer>(count).fill(jpeg.subarray(first, end));
      return Buffer.concat([jpeg.subarray(0, end), ...scans, jpeg.subarray(end)]);
    };
    expect(decodeSmallPicture(withScans(80)).widthPx).toBe(24);
    expect(() => decodeSmallPicture(withScans(101))).toThrow(/more than 100 scans/);
  });

  it('when it is truncated at any byte', () => {
    const jpeg = fixture('optimized-422');
    for (let length = 0; length < jpeg.length; length += 7) {
      expect(() => decodeSmallPicture(jpeg.subarray(0, length))).toThrow(OperationalError);
    }
  });
});
