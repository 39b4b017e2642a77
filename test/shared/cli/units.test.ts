/** Durations, sizes and shares: parsed, formatted and refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  InvalidValue,
  formatDuration,
  formatSize,
  parseDuration,
  parseShare,
  parseSize,
} from '../../../shared/cli/units.js';

describe('durations', () => {
  it.each([
    ['0', 0],
    ['1ms', 1],
    ['500ms', 500],
    ['1s', 1000],
    ['90s', 90_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
  ])('%s is %i ms, both ways', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
    expect(formatDuration(ms)).toBe(text);
  });

  it.each([
    ['1.5s', 1500],
    ['0.25m', 15_000],
    [' 10s ', 10_000],
    ['0s', 0],
    ['0.0', 0],
    ['0.4ms', 0],
    ['0.001s', 1],
  ])('%j reads as %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    ' ',
    's',
    '10',
    '10 s',
    '-1s',
    '+1s',
    '1e3s',
    '.5s',
    '1.s',
    '1,5s',
    '1x',
    '10S',
    '1s2s',
    '0x10s',
    'Infinitys',
    'NaN',
    '1constructor',
    '1__proto__',
    '1toString',
    '12345678901234567s',
    '1s\n2',
  ])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(InvalidValue);
  });

  it('formats a fraction of a millisecond rounded', () => {
    expect(formatDuration(1499.6)).toBe('1500ms');
    expect(formatDuration(0.2)).toBe('0');
  });

  it('formats any whole number of milliseconds so that it parses to the same', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (ms) => parseDuration(formatDuration(ms)) === ms));
  });
});

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['1B', 1],
    ['1kB', 1000],
    ['1KiB', 1024],
    ['16MiB', 16_777_216],
    ['20GB', 20_000_000_000],
    ['3TiB', 3 * 2 ** 40],
  ])('%s is %i bytes, both ways', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
    expect(formatSize(bytes)).toBe(text);
  });

  it.each(['16', '16M', '16mib', '16 MiB', 'MiB', '1KB', '-1B', '1hasOwnProperty'])(
    'refuses %j',
    (text) => {
      expect(() => parseSize(text)).toThrow(InvalidValue);
    },
  );

  it('formats any whole number of bytes so that it parses to the same', () => {
    const numbers = fc.oneof(
      fc.maxSafeNat(),
      fc
        .tuple(fc.nat({ max: 4000 }), fc.constantFrom(1e3, 1e6, 1e9, 2 ** 10, 2 ** 20, 2 ** 30))
        .map(([n, unit]) => n * unit),
    );
    fc.assert(fc.property(numbers, (bytes) => parseSize(formatSize(bytes)) === bytes));
  });
});

describe('shares', () => {
  it.each([
    ['0', 0],
    ['0%', 0],
    ['0.5%', 0.005],
    ['0.005', 0.005],
    ['12%', 0.12],
    ['100%', 1],
    ['1', 1],
    ['1.0', 1],
  ])('%s is %d', (text, share) => {
    expect(parseShare(text)).toBe(share);
  });

  it.each(['', '%', '101%', '1.1', '2', '-1%', '5 %', '5%%', 'half', '1e-3', '.5', '0x1'])(
    'refuses %j',
    (text) => {
      expect(() => parseShare(text)).toThrow(InvalidValue);
    },
  );
});

describe('InvalidValue of a unit', () => {
  it('names the given unit and the rule', () => {
    expect(() => parseDuration('10x')).toThrow(
      expect.objectContaining({
        name: 'InvalidValue',
        message: "unknown unit 'x'; write a duration like 500ms, 10s, 5m, 2h or 7d",
      }),
    );
    expect(() => parseSize('16')).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('the unit is missing') as string,
      }),
    );
  });

  it('is the only error for any text', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^\d{1,20}(\.\d{1,8})?[a-zA-Z%]{0,4}$/),
    );
    fc.assert(
      fc.property(texts, fc.constantFrom(parseDuration, parseSize, parseShare), (text, parse) => {
        try {
          const number = parse(text);
          expect(Number.isFinite(number) && number >= 0).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidValue);
        }
      }),
    );
  });
});
