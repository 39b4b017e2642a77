/** From JPEG to small picture: the right means, and everything refused that is no whole JPEG of a fair size. */
import fc from 'fast-check';
import jpegJs from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { decodeSmall } from '../../../agent/judge/decode.js';
import { OperationalError } from '../../../shared/errors.js';
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

/** The sample with every Huffman table cut out, as in the MJPEG of many webcams. */
function withoutHuffmanTables(): Buffer {
  const parts: Buffer[] = [sample.subarray(0, 2)];
  for (let at = 2; at < sample.length;) {
    const end = at === scanAt ? sample.length : at + 2 + sample.readUInt16BE(at + 2);
    if (sample[at + 1] !== 0xc4) parts.push(sample.subarray(at, end));
    at = end;
  }
  return Buffer.concat(parts);
}

describe('a decoded frame', () => {
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

    const { data } = jpegJs.decode(jpeg);
    const sums = new Float64Array(luma.length);
    const counts = new Float64Array(luma.length);
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at += 4) {
        const cell = Math.floor(y / cellPx) * columns + Math.floor(x / cellPx);
        sums[cell]! += 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
        counts[cell]! += 1;
      }
    }
    const worst = luma.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - sums[i]! / counts[i]!)),
      0,
    );
    expect(worst).toBeLessThan(0.001);
  });

  it('may be a real camera’s', () => {
    const { columns, rows, luma } = decodeSmall(visitFrames[0]!.jpeg);
    expect([columns, rows]).toEqual([96, 54]);
    expect(Math.max(...luma)).toBeLessThanOrEqual(255);
    expect(Math.min(...luma)).toBeGreaterThanOrEqual(0);
  });

  it('may have bytes after its end', () => {
    const padded = Buffer.concat([sample, Buffer.alloc(100)]);
    expect(decodeSmall(padded)).toEqual(decodeSmall(sample));
  });
});

describe('a frame is refused', () => {
  const [height, width] = [frameHeaderAt + 5, frameHeaderAt + 7];
  it.each<[string, Buffer, RegExp]>([
    ['when it is empty', Buffer.alloc(0), /it is empty/],
    ['when it is text', Buffer.from('not found\n'), /does not begin with FF D8/],
    ['when it is cut off', sample.subarray(0, -200), /ends before its end marker/],
    [
      'when its middle is missing',
      Buffer.concat([sample.subarray(0, scanAt + 60), sample.subarray(-2)]),
      /cannot be decoded/,
    ],
    ['when it is 65535×65535', patched(height, 255, 255, 255, 255), /too large.* 65535x65535/],
    ['when it is just too large', patched(height, 11, 185, 11, 185), /too large.* 3001x3001/],
    ['when it has no width', patched(width, 0, 0), /size of 0x48/],
    ['when it has no height', patched(height, 0, 0), /size of 64x0/],
    ['when it has 12 bits a sample', patched(frameHeaderAt + 4, 12), /12 bits a sample/],
    ['when it is coded arithmetically', patched(frameHeaderAt + 1, 0xc9), /SOF9/],
    ['when it has no frame header', patched(frameHeaderAt + 1, 0xef), /no frame header/],
    ['when it has no Huffman tables', withoutHuffmanTables(), /no Huffman tables/],
    // Sampling factors of 15 by 15 ask for 225 times the memory.
    [
      'when it asks for memory without measure',
      patched(height, 11, 180, 11, 180, 3, 1, 0xff),
      /cannot be decoded/,
    ],
  ])('%s', (_, jpeg, message) => {
    const refused = { name: 'OperationalError', code: 'FRAME' };
    expect(() => decodeSmall(jpeg)).toThrow(
      expect.objectContaining({ ...refused, message: expect.stringMatching(message) as string }),
    );
  });

  it('or decoded to numbers, whatever bytes of it are wrong', () => {
    const changes = fc.array(
      fc.tuple(fc.nat({ max: sample.length - 1 }), fc.integer({ min: 0, max: 255 })),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(changes, (bytes) => {
        const jpeg = Buffer.from(sample);
        for (const [at, byte] of bytes) jpeg[at] = byte;
        try {
          expect(decodeSmall(jpeg).luma.every(Number.isFinite)).toBe(true);
        } catch (error) {
          if (!(error instanceof OperationalError)) throw error;
          expect(error.code).toBe('FRAME');
        }
      }),
      { numRuns: 300 },
    );
  });
});
