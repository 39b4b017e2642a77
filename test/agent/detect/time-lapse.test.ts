/** A camera that looks every ten seconds to five minutes: what takes seconds elsewhere takes a few frames here. */
import { describe, expect, it } from 'vitest';
import { type Cells, randomFrom, withVisitor, within, yard } from './pictures.js';
import { Watch, watching } from './watch.js';

const place: Cells = [30, 20, 6, 12];
const textureAt = (column: number, row: number): number =>
  140 + 40 * Math.sin(1.3 * column + 0.4) + 30 * Math.sin(0.9 * row + 0.7 * column);
const car = () => within(yard(), place, (_, column, row) => textureAt(column, row));

describe.each([10_000, 60_000, 300_000])('at an interval of %i ms', (intervalMs) => {
  it('a parked car is a change in five frames and the one in which it comes', () => {
    const watch = watching({ intervalMs });
    expect(watch.countChanged(6, car)).toBe(6);
    expect(watch.countChanged(20, car)).toBe(0);
  });

  it('a parked car is absorbed after --absorb, where this is longer than five frames', () => {
    const absorbMs = 20 * intervalMs;
    const watch = watching({ intervalMs, absorbMs });
    expect(watch.countChanged(21, car)).toBe(21);
    expect(watch.countChanged(20, car)).toBe(0);
  });

  it('somebody who works in one place stays a change for ten frames, and is seen the next time', () => {
    const watch = watching({ intervalMs });
    const random = randomFrom(9);
    const working = () => {
      const [left, top, phase] = [random() * 5 - 2, random() * 3 - 1, 10 * random()];
      return within(
        yard(),
        [30 + Math.floor(left), 20 + Math.floor(top), 6, 12],
        (_, column, row) => 0.7 * textureAt(column + phase, row + phase),
      );
    };
    expect(watch.countChanged(10, working)).toBe(10);
    watch.countChanged(10, () => yard());
    expect(watch.countChanged(3, working)).toBe(3);
  });

  it('the ghost of a car that was there from the start is tested in two frames, not one', () => {
    const watch = new Watch({ intervalMs });
    watch.countChanged(10, car);
    expect(watch.countChanged(20, () => yard())).toBe(3);
  });

  it('a turned camera is a new scene once it was still in two frames', () => {
    const room = (shift: number) =>
      within(
        yard(),
        [0, 0, 80, 60],
        (_, column, row) => 60 + column + 25 * ((((column + shift) >> 2) + (row >> 2)) % 3),
      );
    const watch = watching({ intervalMs });
    watch.countChanged(30, () => room(0));
    const kinds = Array.from({ length: 6 }, () => watch.detect(room(2)).kind);
    expect(kinds).toEqual(['change', 'change', 'scene', 'quiet', 'quiet', 'quiet']);
  });

  it('a swaying tree is learned, and a visitor in front of it is seen', () => {
    const watch = watching({ intervalMs });
    const random = randomFrom(7);
    const swaying = () => {
      const phase = random() * 6;
      return within(
        yard(),
        [40, 5, 30, 30],
        (luma, column, row) =>
          luma + 25 * Math.sin((column + phase) * 0.5) * Math.cos(0.4 * (row + phase)),
      );
    };
    expect(watch.countChanged(100, swaying)).toBeLessThanOrEqual(15);
    expect(watch.countChanged(50, swaying)).toBe(0);
    const visit = (frame: number) => withVisitor(swaying(), [40 + 2 * frame, 10, 8, 18], 255);
    expect(watch.countChanged(10, visit)).toBe(10);
  });

  it('dawn is no change', () => {
    const watch = watching({ intervalMs });
    const dawn = (frame: number) => within(yard(), [0, 0, 80, 60], (luma) => luma * 1.04 ** frame);
    expect(watch.countChanged(20, dawn)).toBe(0);
  });
});
