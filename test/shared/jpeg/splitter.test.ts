/** Splitting a stream into JPEGs: whole and damaged pictures and stray bytes, in any chunking. */
import fc from 'fast-check';
import jpegJs from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { JpegSplitter, type SplitResult, findJpegDamage } from '../../../shared/jpeg/splitter.js';
import { anyBytes, anyChunking, everyChunking, hex } from '../chunking.js';
import {
  baselineFrame,
  eoi,
  exif,
  picture,
  progressiveFrame,
  quantization,
  scan,
  segment,
  small,
  soi,
} from '../jpeg-parts.js';

const noLimit = Number.MAX_SAFE_INTEGER;

/** All results of a splitter for a stream, and its state at the end. */
function split(chunks: readonly Buffer[], maxBytes = noLimit) {
  const splitter = new JpegSplitter({ maxBytes });
  const results: SplitResult[] = [];
  let mostHeldBytes = 0;
  for (const chunk of chunks) {
    results.push(...splitter.push(chunk));
    mostHeldBytes = Math.max(mostHeldBytes, splitter.heldBytes);
  }
  const { isInside, heldBytes, strayBytes } = splitter;
  return { results, isInside, heldBytes, strayBytes, mostHeldBytes };
}

const whole = (bytes: Buffer): SplitResult => ({ kind: 'jpeg', bytes });
const damaged = (reason: string, byteCount: number): SplitResult => ({
  kind: 'damaged',
  reason,
  byteCount,
});
const newBegins = 'a new picture begins before its end';

interface Case {
  readonly stream: Buffer;
  readonly results: readonly SplitResult[];
  readonly strayBytes?: number;
  readonly isInside?: boolean;
}

const noise = picture(baselineFrame, scan('ff00 12 ff00 ff00'));
const restarts = picture(baselineFrame, scan('12 ffd0 34 ffd1 56 ffd7 78'));
const filledData = picture(baselineFrame, scan('12 ffff00 34 ffffffd0 56 ffffff00'));
const filled = Buffer.concat([
  soi,
  hex('ff'),
  quantization,
  hex('ffff'),
  scan('12'),
  hex('ffff'),
  eoi,
]);
const threeScans = [scan('12 ff00'), segment(0xc4, hex('00 01')), scan('34'), scan('56')];
const progressive = picture(quantization, progressiveFrame, ...threeScans);
const withLines = picture(baselineFrame, scan('12'), segment(0xdc, hex('0008')), scan('34'));
const parameterless = picture(hex('ff01'), hex('ffd0'), baselineFrame, scan('12'));
const withThumbnail = picture(exif, quantization, baselineFrame, scan('12 34'));
const boundary = Buffer.from(
  '\r\n--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 99\r\n\r\n',
);
const cutInData = Buffer.concat([soi, quantization, baselineFrame, scan('12 34')]);
const cutBetweenSegments = Buffer.concat([soi, quantization]);

const cases: Record<string, Case> = {
  'nothing at all': { stream: Buffer.alloc(0), results: [] },
  'one picture': { stream: small, results: [whole(small)] },
  'pictures back to back': {
    stream: Buffer.concat([small, noise]),
    results: [whole(small), whole(noise)],
  },
  'stuffed FF 00 in the data': { stream: noise, results: [whole(noise)] },
  'restart markers in the data': { stream: restarts, results: [whole(restarts)] },
  'fill bytes before markers': { stream: filled, results: [whole(filled)] },
  // As libjpeg reads them.
  'fill bytes inside the data': { stream: filledData, results: [whole(filledData)] },
  'several scans with tables between': { stream: progressive, results: [whole(progressive)] },
  'a DNL segment after the first scan': { stream: withLines, results: [whole(withLines)] },
  'markers without parameters': { stream: parameterless, results: [whole(parameterless)] },
  'a thumbnail inside EXIF is no picture': {
    stream: withThumbnail,
    results: [whole(withThumbnail)],
  },
  'an empty segment and an empty scan header': {
    stream: picture(segment(0xfe), segment(0xda)),
    results: [whole(picture(segment(0xfe), segment(0xda)))],
  },
  'multipart boundaries between': {
    stream: Buffer.concat([boundary, small, boundary, noise, hex('0d0a')]),
    results: [whole(small), whole(noise)],
    strayBytes: 2 * boundary.length + 2,
  },
  'junk with FF in it between': {
    stream: Buffer.concat([hex('ff ff 00 ff d9 d8'), small, hex('ff ff ff'), noise]),
    results: [whole(small), whole(noise)],
    strayBytes: 9,
  },
  'an FF before the picture': {
    stream: Buffer.concat([hex('ff'), small]),
    results: [whole(small)],
    strayBytes: 1,
  },
  'zeros after the end, as some cameras pad': {
    stream: Buffer.concat([small, Buffer.alloc(5), small]),
    results: [whole(small), whole(small)],
    strayBytes: 5,
  },
  'cut off in the data, then a new picture': {
    stream: Buffer.concat([cutInData, small]),
    results: [damaged(newBegins, cutInData.length), whole(small)],
  },
  'cut off between segments, then a new picture': {
    stream: Buffer.concat([cutBetweenSegments, small]),
    results: [damaged(newBegins, cutBetweenSegments.length), whole(small)],
  },
  'cut off after FF, then a new picture': {
    stream: Buffer.concat([cutInData, hex('ff'), small]),
    results: [damaged(newBegins, cutInData.length + 1), whole(small)],
  },
  'cut off at the end of the stream': { stream: cutInData, results: [], isInside: true },
  'only the start of a picture, twice': {
    stream: Buffer.concat([soi, soi]),
    results: [damaged(newBegins, 2)],
    isInside: true,
  },
  'no picture data': {
    stream: picture(),
    results: [damaged('it ends before any scan (SOS)', 4)],
  },
  'a picture without data after a whole one': {
    stream: Buffer.concat([small, picture()]),
    results: [whole(small), damaged('it ends before any scan (SOS)', 4)],
  },
  'a header without data': {
    stream: picture(quantization),
    results: [damaged('it ends before any scan (SOS)', 4 + quantization.length)],
  },
  'bytes where a marker should be': {
    stream: Buffer.concat([soi, quantization, hex('41'), small]),
    results: [damaged('expected a marker, found byte 0x41', 3 + quantization.length), whole(small)],
  },
  'FF 00 where a marker should be': {
    stream: Buffer.concat([soi, hex('ff00'), small]),
    results: [damaged('expected a marker, found byte 0x00', 4), whole(small)],
  },
  'a reserved marker, which a flipped bit makes of data': {
    stream: Buffer.concat([soi, baselineFrame, scan('12 ff3a ffff'), small]),
    results: [
      damaged('reserved marker 0x3a', 2 + baselineFrame.length + scan('12 ff3a').length),
      whole(small),
    ],
    strayBytes: 2,
  },
  'a segment shorter than its own length': {
    stream: Buffer.concat([soi, hex('ffdb 0001'), small]),
    results: [damaged('segment 0xdb has length 1; the minimum is 2', 6), whole(small)],
  },
};

describe('JpegSplitter', () => {
  it.each(Object.entries(cases))('finds in any chunking: %s', (_, { stream, results, ...end }) => {
    for (const chunks of everyChunking(stream)) {
      expect(split(chunks)).toMatchObject({ results, strayBytes: 0, isInside: false, ...end });
    }
  });

  it('finds pictures of a real encoder, byte for byte, among boundaries', () => {
    const real = [16, 64, 200].map((side) => encode(side));
    const stream = Buffer.concat(real.flatMap((each) => [boundary, each]));
    for (const step of [1, 7, 1000, 1 << 16]) {
      const chunks = Array.from({ length: Math.ceil(stream.length / step) }, (_, n) =>
        stream.subarray(n * step, (n + 1) * step),
      );
      expect(split(chunks)).toMatchObject({ results: real.map(whole), isInside: false });
    }
  });

  it('skips a segment of the largest length', () => {
    const large = picture(segment(0xe2, Buffer.alloc(65_533, 0xff)), scan('12'));
    expect(split([large]).results).toEqual([whole(large)]);
  });

  it('stores nothing between pictures, and the received part inside one', () => {
    const splitter = new JpegSplitter({ maxBytes: noLimit });
    splitter.push(Buffer.concat([small, cutInData]));
    expect(splitter).toMatchObject({ isInside: true, heldBytes: cutInData.length });
    splitter.push(eoi);
    expect(splitter).toMatchObject({ isInside: false, heldBytes: 0 });
  });

  it('accepts a megabyte byte by byte', () => {
    const big = picture(segment(0xda), Buffer.alloc(1_000_000, 1));
    const [result] = split(Array.from(big, (byte) => Buffer.of(byte))).results;
    // Not toEqual, which compares a megabyte element by element.
    expect(result?.kind === 'jpeg' && result.bytes.equals(big)).toBe(true);
  });
});

describe('the limit of a JpegSplitter', () => {
  const tooLarge = (maxBytes: number): SplitResult => ({
    kind: 'too-large',
    byteCount: maxBytes + 1,
  });

  it('accepts a picture of that size, and rejects one byte more, once', () => {
    for (const chunks of everyChunking(Buffer.concat([small, noise]))) {
      expect(split(chunks, small.length).results[0]).toEqual(whole(small));
      expect(split(chunks, small.length - 1).results).toEqual([
        tooLarge(small.length - 1),
        whole(noise),
      ]);
    }
  });

  it('is reported before the picture ends', () => {
    const { results, heldBytes } = split([soi, hex('ffda 0002'), Buffer.alloc(100)], 50);
    expect(results).toEqual([tooLarge(50)]);
    expect(heldBytes).toBe(0);
  });

  it('does not return a thumbnail in the skipped part', () => {
    const large = picture(segment(0xfe, Buffer.alloc(50)), exif, scan('12 34'));
    for (const chunks of everyChunking(Buffer.concat([large, small]))) {
      expect(split(chunks, 70)).toMatchObject({
        results: [tooLarge(70), whole(small)],
        strayBytes: 0,
      });
    }
  });

  it('does not lose the picture after a large truncated one', () => {
    const large = Buffer.concat([soi, baselineFrame, scan('11'.repeat(80))]);
    for (const chunks of everyChunking(Buffer.concat([large, small]))) {
      expect(split(chunks, 70).results).toEqual([tooLarge(70), whole(small)]);
    }
  });
});

/** Streams with many valid and invalid markers. */
const anyParts = fc.array(
  fc.oneof(
    fc.constantFrom(
      small,
      noise,
      progressive,
      withThumbnail,
      cutInData,
      boundary,
      soi,
      eoi,
      scan('12'),
    ),
    fc
      .array(fc.constantFrom(0xff, 0xd8, 0xd9, 0xda, 0xe1, 0x00, 0x02, 0x41), { maxLength: 30 })
      .map((bytes) => Buffer.from(bytes)),
    anyBytes,
  ),
  { maxLength: 8 },
);

describe('JpegSplitter with any stream', () => {
  it('gives the same results in any chunking, and counts each byte once', () => {
    const limits = fc.constantFrom(20, 60, 100, noLimit);
    fc.assert(
      fc.property(anyChunking(anyParts), limits, (chunks, maxBytes) => {
        const stream = Buffer.concat(chunks);
        const outcome = split(chunks, maxBytes);
        const { mostHeldBytes, ...atOnce } = split([stream], maxBytes);
        expect(outcome).toMatchObject(atOnce);
        expect(Math.max(mostHeldBytes, outcome.mostHeldBytes)).toBeLessThanOrEqual(maxBytes);
        let countedBytes = outcome.strayBytes + outcome.heldBytes;
        for (const result of outcome.results) {
          countedBytes += result.kind === 'jpeg' ? result.bytes.length : result.byteCount;
          if (result.kind !== 'jpeg') continue;
          expect(result.bytes.length).toBeLessThanOrEqual(maxBytes);
          expect(stream.includes(result.bytes)).toBe(true);
          expect(findJpegDamage(result.bytes)).toBeUndefined();
        }
        // An FF at the very end may still begin a picture.
        if (maxBytes === noLimit) expect(stream.length - countedBytes).toBeOneOf([0, 1]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('findJpegDamage', () => {
  it.each([
    ['small', small],
    ['with a thumbnail', withThumbnail],
    ['from a real encoder', encode(32)],
    ['with a trailer, which is part of the file', Buffer.concat([small, Buffer.from('trailer')])],
  ])('finds none in a whole picture: %s', (_, bytes) => {
    expect(findJpegDamage(bytes)).toBeUndefined();
  });

  it.each([
    ['it is empty', Buffer.alloc(0)],
    ['it does not begin with FF D8', Buffer.from('GIF89a')],
    ['it does not begin with FF D8', hex('ff')],
    ['it does not begin with FF D8', Buffer.concat([hex('00'), small])],
    ['it ends before its end marker (FF D9)', soi],
    ['it ends before its end marker (FF D9)', cutInData],
    ['it ends before any scan (SOS)', picture(quantization)],
    [newBegins, Buffer.concat([cutInData, small])],
  ])('returns the reason: %s', (reason, bytes) => {
    expect(findJpegDamage(bytes)).toBe(reason);
  });

  it('finds the truncation of a real picture at any byte', () => {
    const real = encode(16);
    for (let length = 0; length < real.length; length += 1) {
      expect(findJpegDamage(real.subarray(0, length))).toBeDefined();
    }
  });
});

/** A square of noise from a real encoder: its data are likely to have FF bytes. */
function encode(sidePx: number): Buffer {
  const data = Buffer.from(
    Array.from({ length: sidePx * sidePx * 4 }, (_, n) => (n * n * 31) & 0xff),
  );
  return jpegJs.encode({ data, width: sidePx, height: sidePx }, 90).data;
}
