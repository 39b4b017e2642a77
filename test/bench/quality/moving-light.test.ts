import { describe, expect, it } from 'vitest';
import { makeGrid } from '../../../agent/detect/grid.js';
import { movingLights } from './moving-light.js';
import type { Sequence } from './sequence.js';

const grid = makeGrid(320, 240);
const level = 200;
const frames = 300;

/** An even picture, five a second. */
const sequence: Sequence = {
  name: 'even',
  paths: [],
  labels: Array.from({ length: frames }, () => 0 as const),
  capturedAtMs: Array.from({ length: frames }, (_, index) => 200 * index),
  grey: () => {
    throw new Error('no pixels are asked for');
  },
  small: () => ({ ...grid, luma: new Float32Array(grid.columns * grid.rows).fill(level) }),
};

describe.each(movingLights)('moving light: $name', ({ alter }) => {
  const lit = alter(sequence)!;
  const lumaOf = (index: number) => lit.small(index).luma;
  const last = lit.labels.length - 1;

  it('is still at first, and moves then', () => {
    expect(lumaOf(20)).toEqual(lumaOf(0));
    expect(lumaOf(last)).not.toEqual(lumaOf(20));
  });

  it('darkens parts of the picture', () => {
    const luma = lumaOf(last);
    expect(Math.max(...luma)).toBeLessThanOrEqual(level);
    expect(Math.min(...luma)).toBeGreaterThan(0);
    expect(Math.max(...luma)).toBeGreaterThan(1.2 * Math.min(...luma));
  });
});
