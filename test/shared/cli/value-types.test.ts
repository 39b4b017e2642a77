/** Value types of options: accepted texts, and the rule in a refusal. */
import { describe, expect, it } from 'vitest';
import {
  choice,
  duration,
  path,
  share,
  size,
  wholeNumber,
} from '../../../shared/cli/value-types.js';
import type { ValueType } from '../../../shared/cli/option-table.js';

function rule(message: string): unknown {
  return expect.objectContaining({ name: 'InvalidValue', message });
}

describe('value types', () => {
  it.each<[kind: ValueType<unknown>, text: string, value: unknown]>([
    [duration(), '0', 0],
    [duration(), '365d', 31_536_000_000],
    [duration({ minMs: 100, maxMs: 1000 }), '100ms', 100],
    [duration({ minMs: 100, maxMs: 1000 }), '1s', 1000],
    [size(), '1024TiB', 2 ** 50],
    [size({ minBytes: 1024 }), '1KiB', 1024],
    [share, '0.5%', 0.005],
    [wholeNumber(1, 64), '1', 1],
    [wholeNumber(1, 64), '064', 64],
    [choice('fswebcam', 'scene'), 'scene', 'scene'],
    [path('DIR'), '/a dir/with spaces', '/a dir/with spaces'],
  ])('%j takes %s', (kind, text, value) => {
    expect(kind.parse(text)).toBe(value);
  });

  it.each<[kind: ValueType<unknown>, text: string, message: string]>([
    [duration({ minMs: 100, maxMs: 1000 }), '99ms', 'must be 100ms to 1s'],
    [duration({ minMs: 100, maxMs: 1000 }), '1001ms', 'must be 100ms to 1s'],
    [duration(), '366d', 'must be 0 to 365d'],
    [size({ minBytes: 1024, maxBytes: 2 ** 20 }), '1023B', 'must be 1KiB to 1MiB'],
    [size({ minBytes: 1024, maxBytes: 2 ** 20 }), '1048577B', 'must be 1KiB to 1MiB'],
    [wholeNumber(1, 64), '0', 'must be a whole number from 1 to 64'],
    [wholeNumber(1, 64), '65', 'must be a whole number from 1 to 64'],
    [wholeNumber(1, 64), '1.0', 'must be a whole number from 1 to 64'],
    [wholeNumber(1, 64), '-1', 'must be a whole number from 1 to 64'],
    [wholeNumber(1, 64), '', 'must be a whole number from 1 to 64'],
    [wholeNumber(0, 2 ** 60), '9'.repeat(16), `must be a whole number from 0 to ${2 ** 60}`],
    [choice('fswebcam', 'scene'), 'Scene', 'must be fswebcam or scene'],
    [choice('fswebcam', 'scene'), 'constructor', 'must be fswebcam or scene'],
    [path('DIR'), '', 'must be a path'],
    [path('DIR'), 'a\0b', 'must be a path'],
  ])('%j refuses %s', (kind, text, message) => {
    expect(() => kind.parse(text)).toThrow(rule(message));
  });

  it('have a placeholder for help', () => {
    expect(choice('a', 'b').metavar).toBe('a|b');
    expect(path('DIR').metavar).toBe('DIR');
  });
});
