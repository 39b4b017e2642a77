import { expect, it } from 'vitest';
import { getOrInsertComputed } from '../../shared/get-or-insert.js';

it('computes the value of a key once, and not when it throws', () => {
  const map = new Map<string, { readonly of: string }>();
  const failing = (): never => {
    throw new RangeError('no value');
  };
  expect(() => getOrInsertComputed(map, 'a', failing)).toThrow(RangeError);
  expect(map.size).toBe(0);
  const value = getOrInsertComputed(map, 'a', (key) => ({ of: key }));
  expect(value).toEqual({ of: 'a' });
  expect(getOrInsertComputed(map, 'a', failing)).toBe(value);
  expect([...map]).toEqual([['a', value]]);
});
