/** The small planes read from coefficients: equal to the means of a full decode, whatever a camera writes. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import jpegJs from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { type Grid, makeGrid } from '../../../agent/detect/grid.js';
import { decodePlanes as decodeCells } from '../../../shared/jpeg/planes.js';
import {
  type EncodedComponent,
  type EncodedFrame,
  encodeFrame,
  segment,
} from '../../support/jpeg-encoder.js';
import { encodeJpeg, randomFrom, visitFrames } from '../../agent/detect/pictures.js';

/** Largest difference between means of rounded and of exact samples, plus the error of jpeg-js's transform. */
const tolerance = 0.55;
/** Where the frame's edge leaves a pixel or two of a cell, the error of jpeg-js's transform is larger. */
const edgeTolerance = 1;

const all = { chroma: true };
const brightness = { chroma: false };

/** With the cells of the motion detector. */
const decodePlanes = (jpeg: Buffer, wants: { readonly chroma: boolean }) =>
  decodeCells(jpeg, makeGrid, wants);

/** The mean of each cell of a function of the pixels. */
function meansOver(grid: Grid, valueAt: (x: number, y: number) => number): Float64Array {
  const { columns, rows, cellPx, frameWidthPx, frameHeightPx } = grid;
  const sums = new Float64Array(columns * rows);
  const counts = new Float64Array(columns * rows);
  for (let y = 0; y < frameHeightPx; y++) {
    for (let x = 0; x < frameWidthPx; x++) {
      const cell = Math.floor(y / cellPx) * columns + Math.floor(x / cellPx);
      sums[cell]! += valueAt(x, y);
      counts[cell]! += 1;
    }
  }
  return sums.map((sum, cell) => sum / counts[cell]!);
}

/** Cell means of jpeg-js's full decode, which leaves the components as they are, and where it clamped. */
function fullDecode(jpeg: Buffer) {
  const { data, width, height } = jpegJs.decode(jpeg, { colorTransform: false });
  const grid = makeGrid(width, height);
  const plane = (index: number) => meansOver(grid, (x, y) => data[4 * (y * width + x) + index]!);
  const isClamped = meansOver(grid, (x, y) => {
    const sample = data[4 * (y * width + x)];
    return sample === 0 || sample === 255 ? 1 : 0;
  });
  return { grid, plane, isClamped: (cell: number) => isClamped[cell]! > 0 };
}

/** The largest difference, without clamped cells where they are known. */
function worst(
  got: Float32Array,
  expected: Float64Array,
  isLeftOut: (cell: number) => boolean = () => false,
): number {
  expect(got).toHaveLength(expected.length);
  return got.reduce(
    (most, mean, cell) =>
      isLeftOut(cell) ? most : Math.max(most, Math.abs(mean - expected[cell]!)),
    0,
  );
}

/** Soft shapes with some grain, like a yard in an unsharp camera: 30..226. */
function soft(seed: number): (x: number, y: number) => number {
  const random = randomFrom(seed);
  const [a, b, c, grain] = [random() / 9, random() / 9, random() * 6, random() * 30];
  return (x, y) => {
    const noise = Math.sin(x * 12.9898 + y * 78.233 + seed) * 43758.5453;
    return 128 + 80 * Math.sin(a * x + b * y + c) + grain * (noise - Math.floor(noise) - 0.5);
  };
}

const steps = (coarse: number): number[] =>
  Array.from({ length: 64 }, (_, k) => 1 + Math.round((coarse * (k + 4)) / 40));

const components = (factors: Factors, seed: number, coarse: number): EncodedComponent[] =>
  factors.map(([across, down], i) => ({
    id: i + 1,
    across,
    down,
    sample: soft(seed + i),
    steps: steps(coarse),
  }));

type Factors = readonly (readonly [across: number, down: number])[];

// prettier-ignore
const samplings: readonly Factors[] = [
  [[1, 1]],
  [[2, 2]],
  [[1, 1], [1, 1], [1, 1]], // 4:4:4
  [[2, 1], [1, 1], [1, 1]], // 4:2:2
  [[2, 2], [1, 1], [1, 1]], // 4:2:0
  [[1, 2], [1, 1], [1, 1]], // 4:4:0
  [[4, 1], [1, 1], [1, 1]], // 4:1:1
  [[2, 2], [2, 1], [2, 1]], // 4:2:2, as some encoders put it
  [[4, 2], [1, 1], [1, 1]],
  [[3, 1], [1, 1], [1, 1]],
];

const frames: fc.Arbitrary<EncodedFrame> = fc
  .record({
    widthPx: fc.integer({ min: 1, max: 70 }),
    heightPx: fc.integer({ min: 1, max: 50 }),
    sampling: fc.constantFrom(...samplings),
    seed: fc.nat({ max: 1e6 }),
    coarse: fc.integer({ min: 0, max: 30 }),
    isInterleaved: fc.boolean(),
    codes: fc.constantFrom('alike' as const, 'long' as const),
    hasWideSteps: fc.boolean(),
    frameCode: fc.constantFrom(0xc0, 0xc1),
    segments: fc.array(
      fc
        .tuple(fc.constantFrom(0xe1, 0xe2, 0xed, 0xfe), fc.uint8Array({ maxLength: 40 }))
        .map(([code, payload]) => segment(code, Buffer.from(payload))),
      { maxLength: 3 },
    ),
  })
  .map(({ sampling, seed, coarse, ...rest }) => ({
    ...rest,
    components: components(sampling, seed, coarse),
  }));

describe('the small planes', () => {
  it('have the means of a full decode, for a thousand variants of JPEG', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const jpeg = encodeFrame(frame);
        const { grid, plane, isClamped } = fullDecode(jpeg);
        const { luma } = decodePlanes(jpeg, brightness);
        expect(worst(luma, plane(0), isClamped)).toBeLessThan(edgeTolerance);
        expect(grid.cellPx).toBe(4);
      }),
      { numRuns: 1000 },
    );
  });

  it('are the same with each component in a scan of its own', () => {
    const rare = components([[3, 1], [1, 1], [2, 1]], 5, 9); // prettier-ignore
    fc.assert(
      fc.property(frames, fc.boolean(), (each, isRare) => {
        const frame = isRare ? { ...each, components: rare } : each;
        const expected = decodePlanes(encodeFrame({ ...frame, isInterleaved: true }), all);
        expect(decodePlanes(encodeFrame({ ...frame, isInterleaved: false }), all)).toEqual(
          expected,
        );
      }),
      { numRuns: 200 },
    );
  });

  it('are the same with restart markers, and with some extra bytes before each marker', () => {
    const interval = fc.integer({ min: 1, max: 12 });
    // Fill bytes (T.81, B.1.1.2) may come before every marker.
    const fill = fc.nat({ max: 40 }).map((count) => Array<number>(count).fill(0xff));
    const other = fc.array(fc.nat({ max: 0xfe }), { maxLength: 16 });
    const spare = fc.tuple(other, fill).map((bytes) => bytes.flat());
    fc.assert(
      fc.property(frames, interval, spare, (frame, restartInterval, bytes) => {
        const restarting = encodeFrame({ ...frame, restartInterval, spare: Buffer.from(bytes) });
        const expected = decodePlanes(encodeFrame(frame), all);
        expect(decodePlanes(restarting, all)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    [8, 400, 250],
    [8, 397, 251],
    [16, 1003, 661],
    [32, 2001, 1283],
  ])('have the means of a full decode, for cells of %i pixels: %i×%i', (cellPx, width, height) => {
    const jpeg = encodeJpeg(width, height, (x, y) => [(x * y) % 200, (x + y) % 200, (7 * y) % 200]);
    const { grid, plane, isClamped } = fullDecode(jpeg);
    expect(grid.cellPx).toBe(cellPx);
    const { luma } = decodePlanes(jpeg, brightness);
    expect(worst(luma, plane(0), isClamped)).toBeLessThan(edgeTolerance);
  });

  it.each([4, 8])('leave out what is beyond the edge, for cells of %i pixels', (cellPx) => {
    const [widthPx, heightPx] = cellPx === 4 ? [21, 11] : [397, 251];
    const inside = soft(5);
    const sample = (x: number, y: number) =>
      x < widthPx && y < heightPx ? inside(x, y) : 255 * ((x + y) % 2);
    const fine = { id: 1, across: 1, down: 1, sample, steps: steps(0) };
    const jpeg = encodeFrame({ widthPx, heightPx, components: [fine] });
    const { grid, luma } = decodePlanes(jpeg, brightness);
    expect(grid.cellPx).toBe(cellPx);
    expect(worst(luma, meansOver(grid, inside))).toBeLessThan(edgeTolerance);
  });

  it('have chroma on request', () => {
    const jpeg = encodeFrame({
      widthPx: 64,
      heightPx: 48,
      components: components([[1, 1], [1, 1], [1, 1]], 3, 2), // prettier-ignore
    });
    const { grid, chroma } = decodePlanes(jpeg, all);
    // A cell is a quarter of a block and has its block's colour.
    for (const [index, plane] of [chroma!.cb, chroma!.cr].entries()) {
      const blocks = { ...grid, cellPx: 8, columns: 8, rows: 6 };
      const expected = meansOver(blocks, soft(4 + index));
      const block = (cell: number) => 8 * (Math.floor(cell / 16) >> 1) + ((cell % 16) >> 1);
      expect(
        worst(
          plane,
          Float64Array.from(plane, (_, cell) => expected[block(cell)]!),
        ),
      ).toBeLessThan(tolerance);
    }
  });

  it.each([
    ['4:2:0', 2, 2],
    ['4:2:2', 2, 1],
    ['4:1:1', 4, 1],
    ['3:1', 3, 1],
  ])('have colour at its place, sampled %s', (_, across, down) => {
    const [widthPx, heightPx] = [512, 384];
    const slope = (x: number) => 40 + (170 * x) / widthPx;
    const colour = {
      across: 1,
      down: 1,
      sample: (x: number) => slope(x * across),
      steps: steps(0),
    };
    const luma = { id: 1, across, down, sample: () => 128, steps: steps(0) };
    const jpeg = encodeFrame({
      widthPx,
      heightPx,
      components: [luma, { ...colour, id: 2 }, { ...colour, id: 3 }],
    });
    const { grid, chroma } = decodePlanes(jpeg, all);
    const expected = meansOver(grid, (x) => slope(x));
    // A block of 32 pixels is half its width away from its outermost cells: 5 grey levels of the slope.
    expect(worst(chroma!.cb, expected)).toBeLessThan(6);
    expect(worst(chroma!.cr, expected)).toBeLessThan(6);
  });

  it.each([
    ['an Adobe segment has transform 0', [1, 2, 3], true],
    ['the component ids are R, G and B', [82, 71, 66], false],
  ])('are mixed of red, green and blue where %s', (_, ids, hasAdobe) => {
    const colours = components([[1, 1], [1, 1], [1, 1]], 7, 0); // prettier-ignore
    const adobe = segment(0xee, Buffer.from('Adobe\0\x64\0\0\0\0\0', 'latin1'));
    const jpeg = encodeFrame({
      widthPx: 45,
      heightPx: 31,
      components: colours.map((colour, i) => ({ ...colour, id: ids[i]! })),
      segments: hasAdobe ? [adobe] : [],
    });
    const { grid, luma } = decodePlanes(jpeg, brightness);
    const [red, green, blue] = colours.map(({ sample }) => sample);
    const mixed = (x: number, y: number) =>
      0.299 * red!(x, y) + 0.587 * green!(x, y) + 0.114 * blue!(x, y);
    expect(worst(luma, meansOver(grid, mixed))).toBeLessThan(edgeTolerance);
  });

  it('use the full decoder when luminance is subsampled', () => {
    const frame = { widthPx: 64, heightPx: 48 };
    const jpeg = encodeFrame({ ...frame, components: components([[1, 1], [2, 1], [1, 1]], 9, 0) }); // prettier-ignore
    const { grid, luma } = decodePlanes(jpeg, brightness);
    const wide = soft(9);
    const expected = meansOver(grid, (x, y) => wide(x >> 1, y));
    // The colours are at random: where red, green or blue is clamped, brightness is not kept.
    expect(
      worst(luma, expected, (cell) => expected[cell]! < 90 || expected[cell]! > 170),
    ).toBeLessThan(40);
  });
});

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../fixtures/jpeg/${name}`, import.meta.url));

describe('real encoders’ frames', () => {
  it.each(['444', '440', '411', 'optimized-422', 'restarts', 'grey', 'three-scans', 'ffmpeg'])(
    'have the means of a full decode: %s',
    (name) => {
      const jpeg = fixture(`${name}.jpg`);
      const { plane, isClamped } = fullDecode(jpeg);
      const { luma } = decodePlanes(jpeg, all);
      expect(worst(luma, plane(0), isClamped)).toBeLessThan(tolerance);
      expect(worst(luma, plane(0))).toBeLessThan(6);
    },
  );

  it.each(['progressive', 'rgb', 'rgb-progressive'])(
    'of a rare kind show the same picture: %s',
    (name) => {
      const expected = decodePlanes(fixture('444.jpg'), all);
      const { luma, chroma } = decodePlanes(fixture(`${name}.jpg`), all);
      // At another quality, and with other colours rounded.
      expect(worst(luma, Float64Array.from(expected.luma))).toBeLessThan(6);
      expect(worst(chroma!.cb, Float64Array.from(expected.chroma!.cb))).toBeLessThan(20);
    },
  );

  it('of a visit have the means of a full decode', () => {
    for (const { jpeg } of visitFrames.slice(0, 4)) {
      const { plane, isClamped } = fullDecode(jpeg);
      const { luma } = decodePlanes(jpeg, brightness);
      expect(worst(luma, plane(0), isClamped)).toBeLessThan(tolerance);
      expect(worst(luma, plane(0))).toBeLessThan(6);
    }
  });

  it('are decoded with the standard tables when they have none', () => {
    const jpeg = encodeJpeg(64, 48, (x, y) => [(x * 5) % 256, (y * 7) % 256, (x * y) % 256]);
    const parts: Buffer[] = [jpeg.subarray(0, 2)];
    let at = 2;
    for (; jpeg[at + 1] !== 0xda; at += 2 + jpeg.readUInt16BE(at + 2)) {
      if (jpeg[at + 1] !== 0xc4) parts.push(jpeg.subarray(at, at + 2 + jpeg.readUInt16BE(at + 2)));
    }
    const without = Buffer.concat([...parts, jpeg.subarray(at)]);
    expect(without.length).toBeLessThan(jpeg.length - 400);
    expect(decodePlanes(without, all)).toEqual(decodePlanes(jpeg, all));
  });
});
