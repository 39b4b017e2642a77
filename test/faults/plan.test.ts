/** The plan of a run is a function of its seed. */
import { describe, expect, it } from 'vitest';
import { faultKinds, makePlan, seededRandom } from './plan.js';

const settings = { seed: 7, faults: 100, frames: 1000, kinds: faultKinds };

describe('a plan', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(makePlan(settings)).toEqual(makePlan(settings));
    expect(makePlan({ ...settings, seed: 8 })).not.toEqual(makePlan(settings));
  });

  it('has every kind of fault about equally often', () => {
    for (const kind of faultKinds) {
      const count = makePlan(settings).filter((fault) => fault.kind === kind).length;
      expect(count).toBeGreaterThanOrEqual(Math.floor(100 / faultKinds.length));
    }
  });

  it('is spread over all frames, in order', () => {
    const frames = makePlan(settings).map(({ afterFrames }) => afterFrames);
    expect(frames).toEqual([...frames].sort((a, b) => a - b));
    expect(frames.at(-1)).toBeGreaterThan(900);
    expect(frames.at(-1)).toBeLessThan(1000);
  });

  it('is empty without possible kinds', () => {
    expect(makePlan({ ...settings, kinds: [] })).toEqual([]);
  });
});

describe('seeded random numbers', () => {
  it('are spread over 0 ≤ x < 1', () => {
    const random = seededRandom(1);
    const numbers = Array.from({ length: 1000 }, random);
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    expect(new Set(numbers.map((number) => Math.floor(number * 10))).size).toBe(10);
  });
});
