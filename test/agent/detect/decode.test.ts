/** Decoding a JPEG to the small picture: correct means; damaged, truncated and too large JPEGs are rejected. */
import { readFileSync } from 'node:fs';
import jpegJs from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { decodeSmall } from '../../../agent/detect/decode.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import { encodeJpeg, visitFrames } from './pictures.js';

const colours = (x: number, y: number) => [(x * 5) % 256, (y * 7) % 256, (x * y) % 256] as const;
const sample = encodeJpeg(64, 48, colours);

/** Where the segment with this marker lies in the sample. */
const segmentAt = (code: number): number => sample.indexOf(Buffer.of(0xff, code));
const frameHeaderAt = segmentAt(0xc0);
const scanAt = segmentAt(0xda);

/** The sample with some of its bytes replaced. */
function patched(at: number, ...bytes: number[]): Buffer {
  const copy = Buffer.from(sample);
  copy.set(bytes, at);
  return copy;
}

describe('decodeSmall', () => {
  it.each([
    [64, 48],
    [61, 47],
    [1, 1],
    [1003, 203],
    [1100, 900],
  ])('of %i×%i has the mean brightness of each cell', (width, height) => {
    const jpeg = encodeJpeg(width, height, colours);
    const { luma, columns, rows, cellPx, ...size } = decodeSmall(jpeg);
    expect(size).toEqual({ frameWidthPx: width, frameHeightPx: height });
    expect(luma).toHaveLength(columns * rows);

    const { data } = jpegJs.decode(jpeg, { colorTransform: false });
    const sums = new Float64Array(luma.length);
    const counts = new Float64Array(luma.length);
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at += 4) {
        const cell = Math.floor(y / cellPx) * columns + Math.floor(x / cellPx);
        sums[cell]! += data[at]!;
        counts[cell]! += 1;
      }
    }
    const worst = luma.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - sums[i]! / counts[i]!)),
      0,
    );
    expect(worst).toBeLessThan(1);
  });

  it('decodes a frame of a real camera', () => {
    const { columns, rows, luma } = decodeSmall(visitFrames[0]!.jpeg);
    expect([columns, rows]).toEqual([96, 54]);
    expect(Math.max(...luma)).toBeLessThanOrEqual(255);
    expect(Math.min(...luma)).toBeGreaterThanOrEqual(0);
  });

  it('accepts bytes after EOI', () => {
    const padded = Buffer.concat([sample, Buffer.alloc(100)]);
    expect(decodeSmall(padded)).toEqual(decodeSmall(sample));
  });
});

const [height, width] = [frameHeaderAt + 5, frameHeaderAt + 7];
/** The sample without the segment of this marker. */
function without(code: number): Buffer {
  const at = segmentAt(code);
  return Buffer.concat([
    sample.subarray(0, at),
    sample.subarray(at + 2 + sample.readUInt16BE(at + 2)),
  ]);
}
/** The sample with bytes inserted. */
const inserted = (at: number, ...bytes: number[]): Buffer =>
  Buffer.concat([sample.subarray(0, at), Buffer.from(bytes), sample.subarray(at)]);
const end = sample.length - 2;
const firstTable = segmentAt(0xc4) + 5;
const restartEvery = (mcus: number) => [0xff, 0xdd, 0, 4, 0, mcus];

describe('decodeSmall rejects a JPEG', () => {
  it.each<[string, Buffer, RegExp]>([
    ['when it is empty', Buffer.alloc(0), /it is empty/],
    ['when it is text', Buffer.from('not found\n'), /does not begin with FF D8/],
    ['when it is truncated', sample.subarray(0, -200), /ends before its end marker/],
    ['when it is truncated in a segment', sample.subarray(0, 90), /ends before its end marker/],
    ['when only its end is missing', sample.subarray(0, -2), /ends before its end marker/],
    [
      'when its middle is missing',
      Buffer.concat([sample.subarray(0, scanAt + 60), sample.subarray(-2)]),
      /damaged/,
    ],
    [
      'when data are missing',
      Buffer.concat([sample.subarray(0, end - 60), sample.subarray(end)]),
      /entropy-coded data end too early/,
    ],
    [
      'when it has 40 bytes too many',
      inserted(end, ...Array<number>(40).fill(7)),
      /excess entropy-coded data/,
    ],
    [
      'when it has an invalid Huffman code',
      inserted(scanAt + 14, 0xff, 0, 0xff, 0),
      /invalid Huffman code/,
    ],
    ['when it has two pictures', inserted(end, 0xff, 0xd8), /a new picture begins/],
    [
      'when it has no picture data',
      Buffer.concat([sample.subarray(0, scanAt), sample.subarray(end)]),
      /ends before any scan \(SOS\)/,
    ],
    [
      'when it has two frame headers',
      inserted(scanAt, ...sample.subarray(frameHeaderAt, frameHeaderAt + 19)),
      /more than one frame header/,
    ],
    [
      'when it has a restart marker out of order',
      restarts(0xd0, 0xd3),
      /expected restart marker 0xd0, found marker 0xd3/,
    ],
    ['when a restart marker is missing', restarts(0xd1, 0xff), /damaged/],
    [
      'when it ends at a restart marker',
      restarts(0xd2, 0xd9),
      /expected restart marker 0xd2, found marker 0xd9/,
    ],
    [
      'when its restart markers are missing',
      inserted(scanAt, ...restartEvery(4)),
      /excess entropy-coded data/,
    ],
    [
      'when a Huffman table has too many codes',
      patched(firstTable, 3),
      /invalid DHT segment: too many codes of \d+ bits/,
    ],
    [
      'when a Huffman table is longer than its segment',
      patched(firstTable + 15, 255),
      /invalid DHT segment/,
    ],
    [
      'when a quantization step is 0',
      patched(segmentAt(0xdb) + 5, 0),
      /invalid DQT segment: quantization step 0/,
    ],
    ['when it has no quantization tables', without(0xdb), /quantization table \d is not defined/],
    [
      'when its scan refers to an undefined Huffman table',
      patched(scanAt + 6, 0x33),
      /undefined Huffman table: DC 3 or AC 3/,
    ],
    ['when its scan refers to an unknown component', patched(scanAt + 5, 9), /unknown component 9/],
    [
      'when a component has two scans',
      patched(scanAt + 7, 1),
      /component 1 has more than one scan/,
    ],
    ['when a component is missing', patched(scanAt, 0xff, 0xda, 0, 8, 1, 1, 0), /damaged/],
    ['when it is 65535×65535', patched(height, 255, 255, 255, 255), /too large.* 65535x65535/],
    [
      'when it is slightly too large',
      patched(height, 0x20, 0xaf, 0x20, 0xaf),
      /too large.* 8367x8367.* 70000000/,
    ],
    [
      'when its data end before its size',
      patched(height, 0x20, 0, 0x20, 0),
      /entropy-coded data end too early/,
    ],
    ['when it has no width', patched(width, 0, 0), /size of 0x48/],
    ['when it has no height', patched(height, 0, 0), /size of 64x0/],
    ['when it has 12 bits a sample', patched(frameHeaderAt + 4, 12), /sample precision: 12 bits/],
    ['when it is coded arithmetically', fixture('arithmetic.jpg'), /SOF9/],
    [
      'when it has no frame header',
      patched(frameHeaderAt + 1, 0xef),
      /scan \(SOS\) before the frame header/,
    ],
    [
      'when its sampling factors are invalid',
      patched(frameHeaderAt + 11, 0xff),
      /sampling factors 15x15/,
    ],
    [
      'when it has more than 10 blocks per MCU',
      patched(frameHeaderAt + 11, 0x44, 0, 2, 0x11),
      /18 blocks per MCU; the maximum is 10/,
    ],
    [
      'when it is progressive and truncated',
      fixture('progressive.jpg').subarray(0, -9),
      /ends before its end marker/,
    ],
    ['when it is progressive and large', largeProgressive(), /too large.* 9000000/],
    [
      'when it is progressive without Huffman tables',
      progressiveWithoutTables(),
      /cannot be decoded/,
    ],
  ])('%s', (_, jpeg, message) => {
    const refused = { name: 'OperationalError', code: 'FRAME' };
    expect(() => decodeSmall(jpeg)).toThrow(
      expect.objectContaining({ ...refused, message: expect.stringMatching(message) as string }),
    );
  });

  it('when the last 1 to 20 bytes of its data are missing', () => {
    for (let count = 1; count <= 20; count++) {
      const jpeg = Buffer.concat([sample.subarray(0, end - count), sample.subarray(end)]);
      expect(() => decodeSmall(jpeg)).toThrow(OperationalError);
    }
  });

  it.each([
    ['bright', 255],
    ['dark', 0],
  ])('when its brightness is out of range: too %s', (_, level) => {
    const jpeg = encodeJpeg(64, 48, () => [level, level, level]);
    jpeg[jpeg.indexOf(Buffer.of(0xff, 0xdb)) + 5] = 255;
    expect(() => decodeSmall(jpeg)).toThrow(/DC coefficient is out of range/);
  });

  it('when it is truncated at any byte', () => {
    for (let length = 0; length < sample.length; length++) {
      expect(() => decodeSmall(sample.subarray(0, length))).toThrow(OperationalError);
    }
  });
});

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/jpeg/${name}`, import.meta.url));
}

/** The frame with restart markers, one of them replaced. */
function restarts(from: number, to: number): Buffer {
  const jpeg = fixture('restarts.jpg');
  jpeg[jpeg.indexOf(Buffer.of(0xff, from)) + 1] = to;
  return jpeg;
}

/** Replaces the Huffman tables by comment segments. */
function progressiveWithoutTables(): Buffer {
  const jpeg = fixture('progressive.jpg');
  for (let at = 0; (at = jpeg.indexOf(Buffer.of(0xff, 0xc4), at)) >= 0;) jpeg[at + 1] = 0xfe;
  return jpeg;
}

/** 3001×3001, by its header. */
function largeProgressive(): Buffer {
  const jpeg = fixture('progressive.jpg');
  const at = jpeg.indexOf(Buffer.of(0xff, 0xc2));
  jpeg.set([0x0b, 0xb9, 0x0b, 0xb9], at + 5);
  return jpeg;
}
