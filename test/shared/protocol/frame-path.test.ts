/** Frame names: one table for formatting and parsing, and properties of every moment. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCameraName } from '../../../shared/protocol/camera-name.js';
import {
  clockedPath,
  earliestPlausibleMs,
  isPlausibleClock,
  maxUtcOffsetMinutes,
  numberedName,
  parseFrameName,
  unclockedPath,
} from '../../../shared/protocol/frame-path.js';

const yearTenThousandMs = Date.UTC(9999, 0, 1);
const offsets = fc.integer({ min: -maxUtcOffsetMinutes, max: maxUtcOffsetMinutes });
const times = fc.integer({ min: earliestPlausibleMs, max: yearTenThousandMs - 1 });
const cameras = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/).filter(isCameraName);

describe('names of frames', () => {
  it.each([
    ['2026-11-22T07:30:15.123Z', 60, '2026_11_22/2026_11_22_08_30_15_123+0100'],
    ['2026-11-22T07:30:15.123Z', 0, '2026_11_22/2026_11_22_07_30_15_123+0000'],
    ['2026-11-22T00:10:00.000Z', -210, '2026_11_21/2026_11_21_20_40_00_000-0330'],
    ['2026-12-31T23:59:59.999Z', 840, '2027_01_01/2027_01_01_13_59_59_999+1400'],
    ['2028-02-29T12:00:00.001Z', -1, '2028_02_29/2028_02_29_11_59_00_001-0001'],
    ['2020-01-01T00:00:00.000Z', -720, '2019_12_31/2019_12_31_12_00_00_000-1200'],
  ])('%s at offset %i min is %s, both ways', (utc, utcOffsetMinutes, expected) => {
    const moment = { capturedAtMs: Date.parse(utc), utcOffsetMinutes };
    const { folder, stem } = clockedPath('yard', moment);
    expect(`${folder}/${stem}`).toBe(`yard/${expected}`);
    expect(parseFrameName(`${stem}.jpg`)).toEqual(moment);
  });

  it('parse to the same moment, numbered or not', () => {
    fc.assert(
      fc.property(
        cameras,
        times,
        offsets,
        fc.integer({ min: 1, max: 10_000 }),
        (camera, capturedAtMs, utcOffsetMinutes, n) => {
          const moment = { capturedAtMs, utcOffsetMinutes };
          expect(parseFrameName(numberedName(clockedPath(camera, moment).stem, n))).toEqual(moment);
        },
      ),
    );
  });

  it('stay inside the folder of their camera', () => {
    fc.assert(
      fc.property(cameras, times, offsets, (camera, capturedAtMs, utcOffsetMinutes) => {
        const { folder, stem } = clockedPath(camera, { capturedAtMs, utcOffsetMinutes });
        const [first, day, ...deeper] = folder.split('/');
        expect({ first, deeper }).toEqual({ first: camera, deeper: [] });
        expect(day).toMatch(/^\d{4}_\d\d_\d\d$/);
        expect(stem).toMatch(/^[\d_]+[+-]\d{4}$/);
        expect(stem.startsWith(`${day ?? ''}_`)).toBe(true);
      }),
    );
  });

  it('sort as the moments do, within one offset', () => {
    fc.assert(
      fc.property(times, times, offsets, (a, b, utcOffsetMinutes) => {
        const [stemA, stemB] = [a, b].map(
          (capturedAtMs) => clockedPath('yard', { capturedAtMs, utcOffsetMinutes }).stem,
        );
        expect(Math.sign(a - b)).toBe(stemA === stemB ? 0 : String(stemA) < String(stemB) ? -1 : 1);
      }),
    );
  });

  it('are the same for the same moment and differ for another offset', () => {
    const at = (utcOffsetMinutes: number) =>
      clockedPath('yard', { capturedAtMs: 1_800_000_000_000, utcOffsetMinutes });
    expect(at(60)).toEqual(at(60));
    expect(at(-60).stem).not.toBe(at(60).stem);
    expect(at(-0)).toEqual(at(0));
  });
});

describe('numberedName', () => {
  it('numbers the second frame and later ones', () => {
    expect([1, 2, 3].map((n) => numberedName('a', n))).toEqual(['a.jpg', 'a-2.jpg', 'a-3.jpg']);
  });
});

describe('parseFrameName', () => {
  it.each([
    ['no frame', 'record.jsonl'],
    ['a folder', 'yard/2026_11_22_08_30_15_123+0100.jpg'],
    ['unfinished', '2026_11_22_08_30_15_123+0100.jpg.part'],
    ['another kind of file', '2026_11_22_08_30_15_123+0100.png'],
    ["the tutorial's own name", '2026_11_22_08_30_15.jpg'],
    ['a 13th month', '2026_13_22_08_30_15_123+0100.jpg'],
    ['a 31st of April', '2026_04_31_08_30_15_123+0100.jpg'],
    ['a 29th of February in no leap year', '2026_02_29_08_30_15_123+0100.jpg'],
    ['a 24th hour', '2026_11_22_24_00_00_000+0100.jpg'],
    ['a leap second', '2026_11_22_23_59_60_000+0100.jpg'],
    ['the year 50', '0050_11_22_08_30_15_123+0100.jpg'],
    ['60 minutes of offset', '2026_11_22_08_30_15_123+0060.jpg'],
    ['a negative offset of nothing', '2026_11_22_08_30_15_123-0000.jpg'],
    ['number 0', '2026_11_22_08_30_15_123+0100-0.jpg'],
    ['number 1', '2026_11_22_08_30_15_123+0100-1.jpg'],
    ['number 02', '2026_11_22_08_30_15_123+0100-02.jpg'],
    ['a line end after it', '2026_11_22_08_30_15_123+0100.jpg\n'],
    ['digits that are none', '٢٠٢٦_11_22_08_30_15_123+0100.jpg'],
  ])('knows that %s is not one of ours', (_, name) => {
    expect(parseFrameName(name)).toBeUndefined();
  });

  it('accepts only names that clockedPath writes', () => {
    const digits = (count: number) => fc.stringMatching(new RegExp(`^\\d{${count}}$`));
    const names = fc
      .tuple(
        digits(4),
        digits(2),
        digits(2),
        digits(2),
        digits(2),
        digits(2),
        digits(3),
        fc.constantFrom('+', '-'),
        digits(4),
      )
      .map(
        ([year, month, day, hour, minute, second, ms, sign, offset]) =>
          `${[year, month, day, hour, minute, second, ms].join('_')}${sign}${offset}.jpg`,
      );
    fc.assert(
      fc.property(names, (name) => {
        const moment = parseFrameName(name);
        if (moment !== undefined) expect(`${clockedPath('yard', moment).stem}.jpg`).toBe(name);
      }),
    );
  });
});

describe('frames of a camera without a clock', () => {
  it('are named by epoch and sequence, in the folder of the day of arrival', () => {
    const arrival = { capturedAtMs: Date.UTC(2026, 10, 22, 23, 30), utcOffsetMinutes: 60 };
    const path = unclockedPath('yard', '0123456789abcdef', 17, arrival);
    expect(path).toEqual({ folder: 'yard/unclocked/2026_11_23', stem: '0123456789abcdef-17' });
  });

  it.each([
    ['1970', 0, false],
    ['the last millisecond of 2019', earliestPlausibleMs - 1, false],
    ['2020', earliestPlausibleMs, true],
    ['the last moment with four digits everywhere', yearTenThousandMs - 1, true],
    ['the year 9999, when an offset may make it 10000', yearTenThousandMs, false],
    ['no time', Number.NaN, false],
  ])('are those from a clock that says %s: %i', (_, capturedAtMs, isPlausible) => {
    expect(isPlausibleClock(capturedAtMs)).toBe(isPlausible);
  });
});
