/** What the background learns, from which frames, and what becomes part of it. */
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
/** Half of what is seen. */
const half = Uint32Array.from({ length: 50 }, (_, i) => i);

const withSquare = (level: number, around = 100) => {
  const frame = even(around);
  for (const cell of square) frame[cell] = level;
  return frame;
};

/** A frame in which `region` counts, and `small` differs in too small a region. */
function look(
  background: Background,
  luma: Float32Array,
  { region = none, small = none, elapsedS = 0.2 } = {},
): void {
  const labels = new Uint8Array(cells);
  for (const cell of small) labels[cell] = 1;
  for (const cell of region) labels[cell] = 2;
  const off = distances(background, luma, grid);
  const regions = region.length === 0 ? [] : [region];
  learn(background, { luma, grid, distances: off, labels, regions }, elapsedS, absorbS);
}

/** One frame a second. */
function wait(
  background: Background,
  seconds: number,
  scene: (second: number) => Float32Array,
  region = square,
): void {
  for (let i = 0; i < seconds; i++) look(background, scene(i), { region, elapsedS: 1 });
}

describe('the reference', () => {
  it('follows where it is quiet, and stays where something is in front', () => {
    const background = startBackground(even(100));
    for (let i = 0; i < 90; i++) look(background, withSquare(160, 110), { region: square });
    expect(background.reference[0]).toBeGreaterThan(107);
    expect(background.reference[33]).toBe(100);
  });

  it('follows as far in a minute whatever the rate of frames, once it has started', () => {
    const shares = [0.04, 0.2, 1].map((elapsedS) => {
      const background = startBackground(even(100));
      for (let i = 0; i < 30; i++) look(background, even(100), { elapsedS });
      for (let i = 0; i < 60 / elapsedS; i++) look(background, even(110), { elapsedS });
      return (background.reference[0]! - 100) / 10;
    });
    for (const share of shares) expect(share).toBeCloseTo(1 - Math.exp(-2), 2);
  });

  it('goes back to what the place showed before, at once', () => {
    const background = startBackground(even(100));
    background.secondMode.fill(160);
    look(background, even(158));
    expect(background.reference[0]).toBeGreaterThan(157);
    expect(background.secondMode[0]).toBe(100);
  });
});

describe('meanAbsDev', () => {
  it('is learned where a place sways, quietly or as a region', () => {
    const quiet = startBackground(even(100));
    const inFront = startBackground(even(100));
    for (let i = 0; i < 100; i++) {
      const frame = even(100 + 10 * (i % 2 === 0 ? 1 : -1));
      look(quiet, frame);
      look(inFront, even(i % 2 === 0 ? 160 : 200), { region: half });
    }
    expect(quiet.meanAbsDev[0]).toBeGreaterThan(8);
    expect(inFront.meanAbsDev[0]).toBeGreaterThan(10);
  });

  it('is hardly learned from somebody who stands in front', () => {
    const background = startBackground(even(100));
    for (let i = 0; i < 50; i++) look(background, even(160), { region: half });
    expect(background.meanAbsDev[0]).toBeLessThan(4);
  });
});

describe('restlessness', () => {
  it('is how often a place begins or ceases to differ by itself', () => {
    const background = startBackground(even(100));
    for (let i = 0; i < 200; i++) {
      look(background, even(100), i % 2 === 0 ? { small: Uint32Array.of(7) } : {});
    }
    expect(background.blinkRate[7]).toBeGreaterThan(0.95);
    expect(background.blinkRate[8]).toBe(0);
  });

  it('is not learned from what counts', () => {
    const background = startBackground(even(100));
    for (let i = 0; i < 50; i++) {
      look(background, withSquare(160), i % 2 === 0 ? { region: square } : {});
    }
    expect(background.blinkRate[33]).toBe(0);
  });
});

describe('what is in front', () => {
  const bag = () => withSquare(160);

  it('belongs when nearly all of it has kept still for long enough, and no sooner', () => {
    const background = startBackground(even(100));
    wait(background, 20, bag);
    expect(background.reference[33]).toBe(100);
    wait(background, 1, bag);
    expect(background.reference[33]).toBe(160);
    expect(background.secondMode[33]).toBe(100);
  });

  it('does not belong while a part of it moves now and then, as somebody does who stands', () => {
    const background = startBackground(even(100));
    const standing = (second: number) => {
      const frame = bag();
      for (const cell of square.subarray(0, 2)) frame[cell] = second % 14 < 7 ? 190 : 130;
      return frame;
    };
    wait(background, 300, standing);
    expect(background.reference[45]).toBe(100);
  });

  it('is seen still in at least five frames, however slow the camera', () => {
    const background = startBackground(even(100));
    for (let i = 0; i < 5; i++) look(background, bag(), { region: square, elapsedS: 60 });
    expect(background.reference[33]).toBe(100);
    look(background, bag(), { region: square, elapsedS: 60 });
    expect(background.reference[33]).toBe(160);
  });

  it('may be as noisy as the camera makes the rest', () => {
    const background = startBackground(even(100));
    const shaken = (second: number, level: number) => level + (second % 2 === 0 ? 7 : -7);
    for (let i = 0; i < 100; i++) look(background, even(shaken(i, 100)));
    wait(background, 30, (second) => withSquare(shaken(second, 180), shaken(second, 100)));
    expect(background.reference[33]).toBeGreaterThan(160);
  });
});

describe('a ghost', () => {
  it('belongs after a moment: its outline is in the reference, not in the frame', () => {
    const background = startBackground(withSquare(160));
    wait(background, 2, () => even(100));
    expect(background.reference[33]).toBe(160);
    wait(background, 2, () => even(100));
    expect(background.reference[33]).toBe(100);
  });

  it('is not what has an outline in the frame', () => {
    const background = startBackground(even(100));
    wait(background, 10, () => withSquare(160));
    expect(background.reference[33]).toBe(100);
  });
});
