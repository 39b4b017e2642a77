/** Value types of both programs' options. Pure. */
import type { ValueType } from './option-table.js';
import {
  InvalidValue,
  formatDuration,
  formatSize,
  parseDuration,
  parseShare,
  parseSize,
} from './units.js';

/** A duration in milliseconds, within a range. */
export function duration(range: { readonly minMs?: number; readonly maxMs?: number } = {}) {
  const { minMs = 0, maxMs = 365 * 86_400_000 } = range;
  return {
    metavar: 'DURATION',
    parse(text: string): number {
      const ms = parseDuration(text);
      // Node's timers fire at once for more than 2**31-1 ms: the caller's maxMs must be below.
      if (ms < minMs || ms > maxMs) {
        throw new InvalidValue(`must be ${formatDuration(minMs)} to ${formatDuration(maxMs)}`);
      }
      return ms;
    },
  } satisfies ValueType<number>;
}

/** A size in bytes. */
export function size(range: { readonly minBytes?: number; readonly maxBytes?: number } = {}) {
  const { minBytes = 0, maxBytes = 2 ** 50 } = range;
  return {
    metavar: 'SIZE',
    parse(text: string): number {
      const bytes = parseSize(text);
      if (bytes < minBytes || bytes > maxBytes) {
        throw new InvalidValue(`must be ${formatSize(minBytes)} to ${formatSize(maxBytes)}`);
      }
      return bytes;
    },
  } satisfies ValueType<number>;
}

/** A share of the whole, 0..1. */
export const share: ValueType<number> = { metavar: 'SHARE', parse: parseShare };

export function wholeNumber(min: number, max: number): ValueType<number> {
  return {
    metavar: 'N',
    parse(text) {
      const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      if (!(number >= min && number <= max)) {
        throw new InvalidValue(`must be a whole number from ${min} to ${max}`);
      }
      return number;
    },
  };
}

/** One of several fixed words. */
export function choice<const Word extends string>(...words: readonly Word[]): ValueType<Word> {
  return {
    metavar: words.join('|'),
    parse(text) {
      const word = words.find((candidate) => candidate === text);
      if (word === undefined) throw new InvalidValue(`must be ${words.join(' or ')}`);
      return word;
    },
  };
}

/** A path on this machine; only the empty path and NUL are invalid. */
export function path(metavar: string): ValueType<string> {
  return {
    metavar,
    parse(text) {
      if (text === '' || text.includes('\0')) throw new InvalidValue('must be a path');
      return text;
    },
  };
}
