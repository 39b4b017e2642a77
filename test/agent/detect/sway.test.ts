/** What hangs or grows and sways in a gust, beside visitors, from generated frames. */
import { describe, expect, it } from 'vitest';
import { hasSwayed } from '../../../agent/detect/sway.js';
import { withBalloons } from './balloons.js';
import { type Cells, withVisitor, within, yard } from './pictures.js';
import { Watch } from './watch.js';

const place: Cells = [9, 9, 12, 15];
const cellsOf = ([left, top, width, height]: Cells): Uint32Array =>
  Uint32Array.from(
    { length: width * height },
    (_, i) => (top + Math.floor(i / width)) * 80 + left + (i % width),
  );
const balloons = (aside: number) => withBalloons(yard(), aside);
const isSwayed = (frame: ReturnType<typeof yard>, reference = balloons(0)): boolean =>
  hasSwayed(cellsOf(place), reference.luma, frame.luma, frame);

describe('hasSwayed', () => {
  it.each([1, -1, 0.5, -0.75])('is true of balloons that moved by %d cells', (aside) => {
    expect(isSwayed(balloons(aside))).toBe(true);
  });

  it('is false of balloons that moved farther, that came, or that are gone', () => {
    expect(isSwayed(balloons(3))).toBe(false);
    expect(isSwayed(balloons(0), yard())).toBe(false);
    expect(isSwayed(yard())).toBe(false);
  });

  it('is false of the same balloons under another light', () => {
    expect(isSwayed(within(balloons(0), place, (luma) => 1.5 * luma))).toBe(false);
  });

  it('reads no cell beyond the edge of the picture', () => {
    const corner: Cells = [74, 48, 6, 12];
    const bright = withVisitor(yard(), corner, 250);
    expect(hasSwayed(cellsOf(corner), yard().luma, bright.luma, bright)).toBe(false);
  });
});

describe('balloons that a gust moves after 100 calm frames', () => {
  const inCalm = (intervalMs: number) => {
    const watch = new Watch({ intervalMs });
    watch.countChanged(100, () => balloons(0));
    return watch;
  };

  it.each([200, 1000])('are no change, at an interval of %i ms', (intervalMs) => {
    const watch = inCalm(intervalMs);
    expect(watch.countChanged(60, (frame) => balloons(0.9 * Math.sin(frame + 1)))).toBe(0);
  });

  it('are a change when they are gone', () => {
    expect(inCalm(1000).countChanged(1, () => yard())).toBe(1);
  });

  it('do not hide a visitor in front of them', () => {
    const watch = inCalm(1000);
    const visit = (frame: number) => withVisitor(balloons(0.8), [6 + frame, 8, 8, 18], 60);
    expect(watch.countChanged(12, visit)).toBe(12);
  });
});
