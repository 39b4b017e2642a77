/** The frame that each tile of a strip shows. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseTiles } from '../../../../receiver/web/strips/strip-choice.js';

const unknown = Number.NaN;

const choose = (frames: readonly (readonly [atMs: number, strength: number])[], tiles = 3) =>
  chooseTiles(
    { capturedAtMs: frames.map(([atMs]) => atMs), strength: frames.map(([, value]) => value) },
    { startMs: 1000, stepMs: 100, tiles },
  );

describe('a tile', () => {
  it.each([
    [
      'its strongest frame',
      [
        [1000, 1],
        [1050, 3],
        [1099, 2],
      ],
      1,
    ],
    [
      'the earliest of equal ones',
      [
        [1050, 2],
        [1020, 2],
        [1099, 2],
      ],
      1,
    ],
    [
      'the first row of equal ones at one time',
      [
        [1050, 2],
        [1050, 2],
      ],
      0,
    ],
    [
      'a weak one before an unknown one',
      [
        [1000, unknown],
        [1050, 0],
      ],
      1,
    ],
    [
      'a weak one before a later unknown one',
      [
        [1000, 0],
        [1050, unknown],
      ],
      0,
    ],
    [
      'a negative strength before an unknown one',
      [
        [1000, unknown],
        [1050, -1],
      ],
      1,
    ],
    [
      'the earliest of unknown ones',
      [
        [1050, unknown],
        [1020, unknown],
        [1060, unknown],
      ],
      1,
    ],
    [
      'nothing outside of its time',
      [
        [999, 5],
        [1100, 5],
      ],
      undefined,
    ],
    [
      'nothing for a time that is no number',
      [
        [unknown, 5],
        [Infinity, 5],
        [-Infinity, 5],
      ],
      undefined,
    ],
  ] as const)('shows %s', (_, frames, row) => {
    expect(choose(frames)[0]).toBe(row);
  });

  it('begins at its start and ends before the next', () => {
    expect(choose([[1000, 1], [1099, 0], [1100, 1], [1199, 2], [1299, 1], [1300, 9]])).toEqual([0, 3, 4]); // prettier-ignore
  });

  it('is the best by the rules, for rows in any order', () => {
    const atMs = fc.integer({ min: 950, max: 1350 });
    const strength = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constant(unknown));
    fc.assert(
      fc.property(fc.array(fc.tuple(atMs, strength), { maxLength: 60 }), (frames) => {
        const value = (row: number) => {
          const each = frames[row]![1];
          return Number.isNaN(each) ? -1 : each;
        };
        const expected = [1000, 1100, 1200].map((fromMs) => {
          const rows = frames.flatMap(([ms], row) =>
            ms >= fromMs && ms < fromMs + 100 ? [row] : [],
          );
          return rows.sort(
            (a, b) => value(b) - value(a) || frames[a]![0] - frames[b]![0] || a - b,
          )[0];
        });
        expect(choose(frames)).toEqual(expected);
      }),
    );
  });

  it('is one of 60, also for typed columns', () => {
    const columns = {
      capturedAtMs: Float64Array.of(59_999, 60_000),
      strength: Float32Array.of(1, 1),
    };
    const chosen = chooseTiles(columns, { startMs: 0, stepMs: 1000 });
    expect(chosen).toHaveLength(60);
    expect(chosen[59]).toBe(0);
  });

  it.each([0, -1, unknown])('needs a length: not %d ms', (stepMs) => {
    const none = { capturedAtMs: [], strength: [] };
    expect(() => chooseTiles(none, { startMs: 0, stepMs })).toThrow(RangeError);
  });
});
