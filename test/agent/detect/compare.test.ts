/** Which normalized distances differ, and that a comparison does not depend on the previous one. */
import { describe, expect, it } from 'vitest';
import { Comparison } from '../../../agent/detect/compare.js';

const compare = (...excess: number[]): number[] => [
  ...new Comparison(excess.length, 1).compare(Float32Array.from(excess)),
];

describe('the comparison', () => {
  it('labels cells beyond the threshold, brighter or darker', () => {
    expect(compare(0, 0.5, 0.97, 1, 1.04, -0.97, -1, -1.04)).toEqual([0, 0, 0, 0, 1, 0, 0, 1]);
  });

  it('labels cells beyond the range of grey levels', () => {
    expect(compare(5, -5, 1e9, -1e9)).toEqual([1, 1, 1, 1]);
  });

  it('labels a thin line, which is not taken for an anti-aliased edge', () => {
    const [columns, rows] = [9, 5];
    const excess = new Float32Array(columns * rows);
    for (let row = 0; row < rows; row++) excess[row * columns + 4] = 2;
    const changed = new Comparison(columns, rows).compare(excess);
    expect([...changed]).toEqual([...excess].map((value) => (value === 0 ? 0 : 1)));
  });

  it('does not depend on the previous comparison', () => {
    const comparison = new Comparison(3, 1);
    const before = comparison.compare(Float32Array.of(3, 0, 0));
    expect([...comparison.compare(Float32Array.of(0, 0, 3))]).toEqual([0, 0, 1]);
    expect([...comparison.compare(Float32Array.of(0, 0, 0))]).toEqual([0, 0, 0]);
    expect([...before]).toEqual([1, 0, 0]);
  });
});
