/** What the time line draws. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bandsOf,
  barsOf,
  heightOf,
  placeAmong,
  snap,
  stateAt,
} from '../../../../receiver/web/page/marks.js';
import { makeEvent, makeTimeline } from './answers.js';

describe('heights', () => {
  it('are on one fixed scale, the logarithm from 1 to 16', () => {
    expect(heightOf(1)).toBe(heightOf(0));
    expect(heightOf(16)).toBe(1);
    expect(heightOf(400)).toBe(1);
    expect(heightOf(4) - heightOf(2)).toBeCloseTo(heightOf(8) - heightOf(4), 6);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100, noNaN: true }), (strength) => {
        expect(heightOf(strength)).toBeGreaterThan(0.2);
        expect(heightOf(strength + 1)).toBeGreaterThanOrEqual(heightOf(strength));
      }),
    );
  });

  it('do not depend on the other bars', () => {
    const timeline = (other: number) =>
      makeTimeline({ counts: [1, 1], changed: [1, 1], strengths: [2, other], step: 500 });
    const [view, width] = [{ from: 0, to: 1000 }, 100];
    expect(barsOf(timeline(16), view, width)[0]).toEqual(barsOf(timeline(2), view, width)[0]);
  });
});

describe('bars', () => {
  it('are at least a pixel wide, and one for each pixel: the strongest', () => {
    const count = 1000;
    const strengths = Array.from({ length: count }, (_, index) => (index === 7 ? 16 : 1));
    const timeline = makeTimeline({
      ...{ to: count, step: 1, strengths },
      ...{ counts: strengths.map(() => 1), changed: strengths.map(() => 1) },
    });
    const bars = barsOf(timeline, { from: 0, to: count }, 10);
    expect(bars).toHaveLength(10);
    expect(bars[0]).toMatchObject({ x: 0, height: 1 });
    expect(bars.every(({ width }) => width >= 1)).toBe(true);
  });

  it('of frames without a change are low', () => {
    const timeline = makeTimeline({ counts: [1, 0, 1], changed: [0, 0, 1], strengths: [0, 0, 1] });
    const bars = barsOf(timeline, { from: 0, to: 300 }, 300);
    expect(bars.map(({ x, isChange }) => [x, isChange])).toEqual([
      [0, false],
      [200, true],
    ]);
    expect(bars[0]?.height).toBeLessThan(heightOf(1));
  });
});

describe('states', () => {
  const state = { cause: null, why: null };
  const timeline = makeTimeline({
    states: [
      { from: 0, to: 500, state: 'quiet', ...state },
      { from: 500, to: 501, state: 'not-watched', ...state },
      { from: 501, to: 1000, state: 'quiet', ...state },
    ],
  });

  it('of a short gap can be seen', () => {
    const bands = bandsOf(timeline, { from: 0, to: 1000 }, 100);
    expect(bands.map(({ width }) => Math.round(width))).toEqual([50, 5, 50]);
    expect(bandsOf(timeline, { from: 2000, to: 3000 }, 100)).toEqual([]);
  });

  it('are found by their moment', () => {
    expect(stateAt(timeline.states, 500)?.state).toBe('not-watched');
    expect(stateAt(timeline.states, 1000)).toBeUndefined();
  });
});

describe('a moment near an event', () => {
  const day = { from: 0, to: 86_400_000 };
  const events = [makeEvent(1_000_000, 1_008_000, 1_004_000), makeEvent(50_000_000, 60_000_000)];

  it('is that of its best frame, when it is narrow', () => {
    expect(snap(events, 1_200_000, day, 1000)).toBe(1_004_000);
    expect(snap(events, 1_900_000, day, 1000)).toBe(1_900_000);
  });

  it('stays inside of a wide one', () => {
    expect(snap(events, 55_000_000, day, 1000)).toBe(55_000_000);
    const near = { from: 1_000_000, to: 1_010_000 };
    expect(snap(events, 1_006_000, near, 1000)).toBe(1_006_000);
  });
});

describe('the place among events', () => {
  const events = [makeEvent(100, 200), makeEvent(300, 400), makeEvent(500, 600)];
  it.each([
    [0, 0],
    [150, 0],
    [250, 0.5],
    [300, 1],
    [475, 1.75],
    [9999, 2],
  ])('of %s is %s', (at, place) => {
    expect(placeAmong(events, at)).toBe(place);
  });

  it('never goes back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 700 }), (at) => {
        expect(placeAmong(events, at + 1)).toBeGreaterThanOrEqual(placeAmong(events, at));
      }),
    );
    expect(placeAmong([], 5)).toBe(0);
  });
});
