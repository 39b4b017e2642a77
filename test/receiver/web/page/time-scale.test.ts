/** Time and pixels: both ways, zoom about a point, pinch, and marks at round local times. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type View,
  bucketStep,
  keepInView,
  maxSpanMs,
  minSpanMs,
  panBy,
  pinch,
  spanOf,
  ticksOf,
  toPx,
  toTime,
  viewAround,
  zoomAbout,
} from '../../../../receiver/web/page/time-scale.js';

const noon = Date.UTC(2026, 10, 26, 12);
const hourMs = 3_600_000;
const day: View = { from: noon - 12 * hourMs, to: noon + 12 * hourMs };

const views = fc
  .tuple(
    fc.integer({ min: noon - 1e10, max: noon + 1e10 }),
    fc.integer({ min: minSpanMs, max: maxSpanMs }),
  )
  .map(([at, span]) => viewAround(at, span));
const widths = fc.integer({ min: 100, max: 4000 });

describe('a view', () => {
  it('finds the time of a pixel, and the pixel of a time', () => {
    fc.assert(
      fc.property(
        views,
        widths,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (view, width, share) => {
          const px = share * width;
          expect(toPx(view, width, toTime(view, width, px))).toBeCloseTo(px, 3);
        },
      ),
    );
  });

  it('keeps the moment under the pointer while it zooms, from a month to a second', () => {
    const factors = fc.double({ min: 0.01, max: 100, noNaN: true });
    fc.assert(
      fc.property(
        views,
        factors,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (view, factor, share) => {
          const at = view.from + share * spanOf(view);
          const zoomed = zoomAbout(view, at, factor);
          expect(toPx(zoomed, 1000, at)).toBeCloseTo(share * 1000, 3);
          expect(spanOf(zoomed)).toBeGreaterThan(minSpanMs - 1);
          expect(spanOf(zoomed)).toBeLessThan(maxSpanMs + 1);
        },
      ),
    );
    expect(spanOf(zoomAbout(day, noon, 1e-9))).toBeCloseTo(minSpanMs, 3);
    expect(spanOf(zoomAbout(day, noon, 1e9))).toBe(maxSpanMs);
  });

  it('keeps the moments under two fingers', () => {
    const times = [toTime(day, 400, 100), toTime(day, 400, 200)] as const;
    const pinched = pinch(day, 400, [100, 200], [50, 350]);
    expect(toPx(pinched, 400, times[0])).toBeCloseTo(50, 6);
    expect(toPx(pinched, 400, times[1])).toBeCloseTo(350, 6);
    // Fingers at one place do not zoom without an end.
    expect(spanOf(pinch(day, 400, [100, 200], [150, 150]))).toBeLessThanOrEqual(maxSpanMs);
  });

  it('moves on when a moment leaves it', () => {
    expect(keepInView(day, noon)).toEqual(day);
    expect(keepInView(day, day.to)).toEqual(day);
    const later = keepInView(day, day.to + 1);
    expect(spanOf(later)).toBe(spanOf(day));
    expect(toPx(later, 100, day.to + 1)).toBeCloseTo(90, 6);
    expect(toPx(keepInView(day, day.from - 1), 100, day.from - 1)).toBeCloseTo(10, 6);
    const far = keepInView(day, noon + 100 * hourMs);
    expect(toPx(far, 100, noon + 100 * hourMs)).toBeCloseTo(50, 6);
  });

  it('does not leave the years that have times', () => {
    const moved = panBy(day, 1e15);
    expect(new Date(moved.to).getUTCFullYear()).toBe(2100);
    expect(spanOf(moved)).toBe(spanOf(day));
  });
});

describe('buckets', () => {
  it('are about as many as pixels, and never more than a request may have', () => {
    fc.assert(
      fc.property(fc.integer({ min: minSpanMs, max: maxSpanMs }), widths, (span, width) => {
        expect(span / bucketStep(span, width)).toBeLessThanOrEqual(Math.max(200, width));
      }),
    );
    expect(bucketStep(24 * hourMs, 1280)).toBe(2 * 60_000);
  });
});

describe('marks of the axis', () => {
  it('are at round local times, far enough apart', () => {
    const zone = (): number => 330;
    const ticks = ticksOf(day, 800, zone);
    expect(ticks.length).toBeGreaterThan(4);
    for (const { at } of ticks) expect((at + 330 * 60_000) % (3 * hourMs)).toBe(0);
    for (const [index, { at }] of ticks.entries()) {
      const before = ticks[index - 1];
      if (before !== undefined)
        expect(toPx(day, 800, at - before.at + day.from)).toBeGreaterThan(75);
    }
    expect(ticks.filter(({ isMidnight }) => isMidnight)).toHaveLength(1);
  });

  it('stay in order over the end of daylight saving, without a repetition', () => {
    const change = Date.UTC(2026, 9, 25, 1);
    const zone = (at: number): number => (at < change ? 120 : 60);
    const view = { from: change - 5 * hourMs, to: change + 5 * hourMs };
    const moments = ticksOf(view, 1200, zone).map(({ at }) => at);
    expect(moments).toEqual([...new Set(moments)].sort((a, b) => a - b));
    for (const at of moments) expect((at + zone(at) * 60_000) % hourMs).toBe(0);
  });
});
