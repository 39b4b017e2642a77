/** The background model's distances: illumination, edges that move between cells, cells that blink. */
import { describe, expect, it } from 'vitest';
import {
  distances,
  decisionDeviations,
  compensateIllumination,
  startBackground,
  expectedDeviation,
} from '../../../agent/detect/background.js';
import type { Grid } from '../../../agent/detect/grid.js';

const grid: Grid = { columns: 10, rows: 10, cellPx: 8, frameWidthPx: 80, frameHeightPx: 80 };
const cells = 100;
const even = (level: number) => new Float32Array(cells).fill(level);
const all = Uint32Array.from({ length: cells }, (_, i) => i);
/** The left half dark, the right half bright. */
const halves = Float32Array.from({ length: cells }, (_, i) => (i % 10 < 5 ? 50 : 150));

describe('the background model', () => {
  it('starts with the first frame as reference, with distances of 0', () => {
    const background = startBackground(even(100));
    expect(background).toMatchObject({ frames: 1, reference: even(100) });
    expect(distances(background, even(100), grid)).toEqual(even(0));
  });

  it('keeps its own copy of the frame', () => {
    const frame = even(100);
    const background = startBackground(frame);
    frame.fill(0);
    expect(background.reference).toEqual(even(100));
    expect(background.stableMean).toEqual(even(100));
  });

  it('compensates illumination that changes everywhere, not an object that covers less than half', () => {
    const background = startBackground(even(100));
    compensateIllumination(background, even(80), all);
    expect(background.reference[0]).toBeCloseTo(80, 3);
    const half = even(80).fill(200, 0, 45);
    compensateIllumination(background, half, all);
    expect(background.reference[99]).toBeCloseTo(80, 3);
  });

  it('scales reference, second mode and foreground mean to the new illumination', () => {
    const background = startBackground(even(100));
    background.secondMode.fill(60);
    compensateIllumination(background, even(73), all);
    for (const levels of [background.foregroundMean, background.stableMean]) {
      expect(levels[0]).toBeCloseTo(73, 3);
    }
    expect(background.secondMode[0]).toBeCloseTo(43, 3);
  });

  it('measures the illumination at the sample cells only, without foreground', () => {
    const background = startBackground(even(100));
    compensateIllumination(background, even(80).fill(100, 0, 30), all.subarray(0, 30));
    expect(background.reference).toEqual(even(100));
    background.labels.fill(2, 0, 60);
    compensateIllumination(background, even(80).fill(150, 0, 60), all);
    expect(background.reference[99]).toBeCloseTo(80, 3);
    background.labels.fill(2);
    compensateIllumination(background, even(40), all);
    expect(background.reference[99]).toBeCloseTo(80, 3);
  });

  it('does not compensate a covered lens or a lamp in the dark', () => {
    const background = startBackground(even(100));
    compensateIllumination(background, even(0), all);
    expect(background.reference[0]).toBeGreaterThan(60);
    const dark = startBackground(even(0));
    compensateIllumination(dark, even(200), all);
    expect(dark.reference[0]).toBeLessThan(10);
  });

  it('reduces a distance that a neighbour cell explains, as at a moving edge', () => {
    const background = startBackground(halves);
    const wandered = Float32Array.from({ length: cells }, (_, i) => (i % 10 < 4 ? 50 : 150));
    const off = distances(background, wandered, grid);
    expect(off[4]).toBeCloseTo(70, 3);
    expect(off[3]).toBe(0);
    expect(distances(background, even(250), grid)[4]).toBeCloseTo(170, 3);
  });

  it('has two modes per cell', () => {
    const background = startBackground(even(100));
    background.secondMode[7] = 160;
    const off = distances(background, even(158), grid);
    expect([off[6], off[7]]).toEqual([58, 2]);
  });

  it('has a larger decision deviation where a cell is noisy, bright or blinks', () => {
    const background = startBackground(halves);
    background.meanAbsDev.fill(0.5);
    expect(expectedDeviation(background, 0)).toBeCloseTo(0.625, 3);
    expect(expectedDeviation(background, 9)).toBeCloseTo(1.8, 3);
    background.meanAbsDev[0] = 8;
    expect(expectedDeviation(background, 0)).toBeCloseTo(10, 3);
    expect(decisionDeviations(background)[0]).toBeCloseTo(10, 3);
    background.blinkRate[0] = 0.5;
    expect(decisionDeviations(background)[0]).toBeCloseTo(30, 3);
  });
});
