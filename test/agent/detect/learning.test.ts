/** Updates of the background model: selective update, deviation, blink rate, absorption, ghosts. */
import { describe, expect, it } from 'vitest';
import { type Background, distances, startBackground } from '../../../agent/detect/background.js';
import type { Grid } from '../../../agent/detect/grid.js';
import { learn } from '../../../agent/detect/learning.js';

const grid: Grid = { columns: 10, rows: 10, cellPx: 8, frameWidthPx: 80, frameHeightPx: 80 };
const cells = 100;
const absorbS = 20;
const even = (level: number) => new Float32Array(cells).fill(level);
const none = new Uint32Array(0);
/** A square in the middle: 4 × 4 cells. */
const square = Uint32Array.from({ length: 16 }, (_, i) => 33 + 10 * Math.floor(i / 4) + (i % 4));
/** Half of the cells. */
const half = Uint32Array.from({ length: 50 }, (_, i) => i);

const withSquare = (level: number, around = 100) => {
  const frame = even(around);
  for (const cell of square) frame[cell] = level;
  return frame;
};

/** Learns from a frame with `region` as foreground and `small` as speckle. */
function learnFrame(
  background: Background,
  luma: Float32Array,
  { region = none, small = none, elapsedS = 0.2 } = {},
): void {
  const labels = new Uint8Array(cells);
  for (const cell of small) labels[cell] = 1;
  for (const cell of region) labels[cell] = 2;
  const distance = distances(background, luma, grid);
  const regions = region.length === 0 ? [] : [region];
  const frame = {
    luma,
    grid,
    distances: distance,
    normalizedDistance: distance,
    labels,
    regions,
    minArea: 2,
    isGusty: false,
  };
  learn(background, frame, elapsedS, absorbS);
}

/** One frame a second. */
function wait(
  background: Background,
  seconds: number,
  scene: (second: number) => Float32Array,
  region = square,
): void {
  for (let i = 0; i < seconds; i++) learnFrame(background, scene(i), { region, elapsedS: 1 });
}

describe('the reference', () => {
  it('follows the frame in background cells, and not in foreground cells', () => {
    const background = startBackground(even(100));
    for (let i = 0; i < 90; i++) learnFrame(background, withSquare(160, 110), { region: square });
    expect(background.reference[0]).toBeGreaterThan(107);
    expect(background.reference[33]).toBe(100);
  });

  it('follows with the same time constant at any frame rate, after the first frames', () => {
    const shares = [0.04, 0.2, 1].map((elapsedS) => {
      const background = startBackground(even(100));
      for (let i = 0; i < 30; i++) learnFrame(background, even(100), { elapsedS });
      for (let i = 0; i < 60 / elapsedS; i++) learnFrame(background, even(110), { elapsedS });
      return (background.reference[0]! - 100) / 10;
    });
    for (const share of shares) expect(share).toBeCloseTo(1 - Math.exp(-2), 2);
  });

  it('changes to the second mode at once', () => {
    const background = startBackground(even(100));
    background.secondMode.fill(160);
    learnFrame(background, even(158));
    expect(background.reference[0]).toBeGreaterThan(157);
    expect(background.secondMode[0]).toBe(100);
  });
});

describe('meanAbsDev', () => {
  it('grows in a swaying cell, as background and as foreground', () => {
    const quiet = startBackground(even(100));
    const inRegion = startBackground(even(100));
    for (let i = 0; i < 100; i++) {
      const frame = even(100 + 10 * (i % 2 === 0 ? 1 : -1));
      learnFrame(quiet, frame);
      learnFrame(inRegion, even(i % 2 === 0 ? 160 : 200), { region: half });
    }
    expect(quiet.meanAbsDev[0]).toBeGreaterThan(8);
    expect(inRegion.meanAbsDev[0]).toBeGreaterThan(10);
  });

  it('hardly grows behind a person who stands', () => {
    const background = startBackground(even(100));
    for (let i = 0; i < 50; i++) learnFrame(background, even(160), { region: half });
    expect(background.meanAbsDev[0]).toBeLessThan(4);
  });
});

describe('blinkRate', () => {
  it('is the share of frames in which a cell changes between background and speckle', () => {
    const background = startBackground(even(100));
    for (let i = 0; i < 200; i++) {
      learnFrame(background, even(100), i % 2 === 0 ? { small: Uint32Array.of(7) } : {});
    }
    expect(background.blinkRate[7]).toBeGreaterThan(0.95);
    expect(background.blinkRate[8]).toBe(0);
  });

  it('does not grow by foreground', () => {
    const background = startBackground(even(100));
    for (let i = 0; i < 50; i++) {
      learnFrame(background, withSquare(160), i % 2 === 0 ? { region: square } : {});
    }
    expect(background.blinkRate[33]).toBe(0);
  });
});

describe('absorption of a stationary object', () => {
  const bag = () => withSquare(160);

  it('happens when nearly all of its cells have been still for absorbS, not before', () => {
    const background = startBackground(even(100));
    wait(background, 20, bag);
    expect(background.reference[33]).toBe(100);
    wait(background, 1, bag);
    expect(background.reference[33]).toBe(160);
    expect(background.secondMode[33]).toBe(100);
  });

  it('does not happen while some cells move, as in a person who stands', () => {
    const background = startBackground(even(100));
    const standing = (second: number) => {
      const frame = bag();
      for (const cell of square.subarray(0, 2)) frame[cell] = second % 14 < 7 ? 190 : 130;
      return frame;
    };
    wait(background, 300, standing);
    expect(background.reference[45]).toBe(100);
  });

  it('needs at least five frames, also with a slow camera', () => {
    const background = startBackground(even(100));
    for (let i = 0; i < 5; i++) learnFrame(background, bag(), { region: square, elapsedS: 60 });
    expect(background.reference[33]).toBe(100);
    learnFrame(background, bag(), { region: square, elapsedS: 60 });
    expect(background.reference[33]).toBe(160);
  });

  it('allows the noise that the camera has elsewhere', () => {
    const background = startBackground(even(100));
    const shaken = (second: number, level: number) => level + (second % 2 === 0 ? 7 : -7);
    for (let i = 0; i < 100; i++) learnFrame(background, even(shaken(i, 100)));
    wait(background, 30, (second) => withSquare(shaken(second, 180), shaken(second, 100)));
    expect(background.reference[33]).toBeGreaterThan(160);
  });
});

describe('ghost suppression', () => {
  it('absorbs a region after 1 s and two still frames whose outline is in the reference, not in the frame', () => {
    const background = startBackground(withSquare(160));
    wait(background, 2, () => even(100));
    expect(background.reference[33]).toBe(160);
    wait(background, 1, () => even(100));
    expect(background.reference[33]).toBe(100);
  });

  it('does not absorb a region whose outline is in the frame', () => {
    const background = startBackground(even(100));
    wait(background, 10, () => withSquare(160));
    expect(background.reference[33]).toBe(100);
  });
});
