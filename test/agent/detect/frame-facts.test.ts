/** The facts of a frame and their words, on generated scenes: each rule of the detector is named where it decides. */
import { describe, expect, it } from 'vitest';
import { factsOf } from '../../../agent/detect/find-facts.js';
import { type FrameFacts, isNearMiss } from '../../../agent/detect/frame-facts.js';
import { describeAlternatives, describeFacts } from '../../../agent/detect/frame-words.js';
import type { SmallPicture } from '../../../agent/detect/grid.js';
import { withBalloons } from './balloons.js';
import { type Cells, withVisitor, within, yard } from './pictures.js';
import { Watch, watching } from './watch.js';

const place: Cells = [30, 20, 6, 12];

function factsAfter(watch: Watch, picture: SmallPicture): FrameFacts {
  const detection = watch.detect(picture);
  return factsOf(detection, watch.detector.lastCellMap);
}

const textured = (gain = 1) =>
  within(yard(), [0, 0, 80, 60], (_, column, row) => {
    const texture =
      100 + 24 * Math.sin(1.3 * column + 0.4) + 18 * Math.sin(0.9 * row + 0.7 * column);
    return texture * (column < 24 ? gain : 1);
  });

describe('the facts of a frame', () => {
  it('name the first frame', () => {
    const facts = factsAfter(new Watch(), yard());
    expect(facts.rule).toBe('first');
    expect(describeFacts(facts)).toMatch(/^First frame: there is nothing to compare it with/);
  });

  it('say what a change has and what it needs', () => {
    const watch = watching();
    const facts = factsAfter(watch, withVisitor(yard(), place));
    expect(facts).toMatchObject({ rule: 'change', nearness: 1, isTracked: false });
    expect(facts.area).toBeCloseTo(72 / 4800, 4);
    expect(facts.neededArea).toBeCloseTo(10 / 4800, 6);
    expect(facts.strength).toBeGreaterThan(5);
    expect(describeFacts(facts).replaceAll('\u00a0', ' ')).toMatch(
      /^Change: a region of 1\.5 % of the watched area \(needed: 0\.21 %\) differs .* by up to \d+ times/,
    );
    expect(isNearMiss(facts)).toBe(false);
    expect(factsAfter(watch, withVisitor(yard(), place)).isTracked).toBe(true);
  });

  it('name light that keeps the texture', () => {
    const watch = new Watch();
    watch.countChanged(60, () => textured());
    const facts = factsAfter(watch, textured(1.6));
    expect(facts.rule).toBe('light');
    expect(facts.lit).toBeGreaterThan(0.2);
    expect(isNearMiss(facts)).toBe(true);
    expect(describeFacts(facts)).toMatch(/keeps its texture/);
  });

  it('name what sways', () => {
    const watch = new Watch();
    watch.countChanged(60, () => withBalloons(yard(), 0));
    const facts = factsAfter(watch, withBalloons(yard(), 0.8));
    expect(facts.rule).toBe('swayed');
    expect(isNearMiss(facts)).toBe(true);
    expect(describeFacts(facts)).toMatch(/^Swayed: .* at most one cell aside/);
  });

  it('name a scene, and a camera that was turned', () => {
    const bright = within(yard(), [0, 0, 80, 60], (luma) => 255 - luma);
    expect(factsAfter(watching(), bright).rule).toBe('scene');
    const room = (shift: number) =>
      within(yard(), [0, 0, 80, 60], (_, column, row) => {
        const thing = (((column + shift) >> 2) + (row >> 2)) % 3;
        return 60 + column + 25 * thing + 20 * ((row >> 3) % 2);
      });
    const watch = new Watch();
    watch.countChanged(60, () => room(0));
    const rules = Array.from({ length: 10 }, () => factsAfter(watch, room(2)).rule);
    expect(rules).toContain('turned');
  });

  it('name a region that is seen once, at many frames a second', () => {
    const facts = factsAfter(watching({ intervalMs: 200 }), withVisitor(yard(), [5, 20, 6, 10]));
    expect(facts).toMatchObject({ rule: 'unconfirmed', nearness: 1 });
    expect(describeFacts(facts)).toMatch(/^Seen once: /);
  });

  it('name what is too small, and too far from a change to be a near miss', () => {
    const small = factsAfter(watching(), withVisitor(yard(), [30, 20, 3, 2]));
    expect(small).toMatchObject({ rule: 'small' });
    expect(small.nearness).toBeCloseTo(6 / 9.6, 3);
    expect(isNearMiss(small)).toBe(true);
    const tiny = factsAfter(watching(), withVisitor(yard(), [30, 20, 2, 1]));
    expect(isNearMiss(tiny)).toBe(false);
  });

  it('name what is too faint, and what is quiet', () => {
    const watch = watching({ sensitivity: 0 });
    const faint = factsAfter(
      watch,
      within(yard(), place, (luma) => luma + 18),
    );
    expect(faint.rule).toBe('faint');
    expect(faint.strength).toBeGreaterThan(1);
    expect(faint.strength).toBeLessThan(1.5);
    const still = factsAfter(watching(), yard());
    expect(still.rule).toBe('still');
    expect(still.strength).toBeLessThan(1);
  });
});

describe('the alternatives', () => {
  const detect = (picture: SmallPicture, sensitivity: number, minArea: number) =>
    factsAfter(watching({ sensitivity, minArea }), picture);
  const flagIn = (text: string, flag: string) =>
    Number(new RegExp(`--${flag} (?:above |below )?([\\d.]+)%`).exec(text)?.[1]) / 100;

  it('hold: the settings that they name decide otherwise', () => {
    const small = withVisitor(yard(), [30, 20, 3, 2]);
    const text = describeAlternatives(detect(small, 0.5, 0.002), 0.5);
    expect(text).toMatch(/^it is a change with --min-area 0\.12% or less\.$/);
    expect(detect(small, 0.5, flagIn(text, 'min-area')).rule).toBe('change');

    const pale = within(yard(), place, (luma) => luma + 18);
    const finer = describeAlternatives(detect(pale, 0, 0.002), 0);
    expect(finer).toMatch(/^it is a change with --sensitivity \d+% or more\.$/);
    expect(detect(pale, flagIn(finer, 'sensitivity'), 0.002).rule).toBe('change');

    const visitor = within(yard(), place, (luma) => luma + 12);
    const stricter = describeAlternatives(detect(visitor, 0.5, 0.002), 0.5);
    expect(stricter).toMatch(/^it is no change with --min-area above 1\.5% or --sensitivity below/);
    expect(detect(visitor, 0.5, flagIn(stricter, 'min-area') + 0.0001).rule).not.toBe('change');
    expect(detect(visitor, flagIn(stricter, 'sensitivity') - 0.01, 0.002).rule).not.toBe('change');
  });

  it('say when no sensitivity is enough, and nothing of light', () => {
    const facts = { ...detect(yard(), 0.5, 0.002), rule: 'faint' as const, strength: 0.2 };
    expect(describeAlternatives(facts, 0.5)).toBe('no sensitivity is high enough.');
    expect(describeAlternatives({ ...facts, rule: 'light' }, 0.5)).toBe('');
  });
});
