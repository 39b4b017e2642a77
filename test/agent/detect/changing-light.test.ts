/** Empty scenes with texture under changing light, and a door leaf that is moved and left, from generated frames. */
import { describe, expect, it } from 'vitest';
import { type Cells, randomFrom, within, withVisitor, yard } from './pictures.js';
import { Watch } from './watch.js';

const all: Cells = [0, 0, 80, 60];
const random = randomFrom(5);
const columns = 400;
const values = Array.from({ length: columns * 100 }, () => random());
/** Noise from 0 to 1 that is smooth at the scale of 1. */
const smoothNoise = (x: number, y: number): number => {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [u, v] = [x - left, y - top];
  const at = top * columns + left;
  const upper = (1 - u) * values[at]! + u * values[at + 1]!;
  return (1 - v) * upper + v * ((1 - u) * values[at + columns]! + u * values[at + columns + 1]!);
};
const ramp = (x: number): number => Math.min(1, Math.max(0, x));
const lawn = within(
  yard(),
  all,
  (_, column, row) => 60 + 0.6 * column + 60 * (smoothNoise(column, row) - 0.5),
);

const learned = (intervalMs: number) => {
  const watch = new Watch({ intervalMs });
  watch.countChanged(60, () => lawn);
  return watch;
};

describe('an empty lawn', () => {
  it('over which shadows of clouds pass, is a change in 15 of 100 frames at most', () => {
    const watch = learned(200);
    const clouds = (frame: number) =>
      within(lawn, all, (luma, column, row) => {
        const cloud = smoothNoise(100 + (column - 0.6 * frame) / 20, row / 20);
        return luma * (1 - 0.4 * ramp(4 * (cloud - 0.45)));
      });
    expect(watch.countChanged(500, clouds)).toBeLessThanOrEqual(75);
    const visit = (frame: number) => withVisitor(clouds(500), [20 + frame, 30, 6, 12]);
    expect(watch.countChanged(10, visit)).toBeGreaterThanOrEqual(9);
  });

  it.each([
    [200, 0.2],
    [200, 2],
    [200, 6],
    [1000, 0.2],
    [1000, 2],
    [1000, 6],
  ])(
    'with patches of sun is a change in 15 of 100 frames at most, at an interval of %i ms, when the sun comes and goes in %d s',
    (intervalMs, seconds) => {
      const watch = learned(intervalMs);
      const patches: readonly Cells[] = [
        [1, 9, 18, 12],
        [28, 22, 24, 16],
        [53, 36, 14, 18],
      ];
      const frames = 100_000 / intervalMs;
      const sunny = (frame: number) => {
        const t = ((frame * intervalMs) / 1000) % 20;
        const sun = t < 10 ? ramp(t / seconds) : 1 - ramp((t - 10) / seconds);
        return patches.reduce(
          (picture, patch) => within(picture, patch, (luma) => luma * (1 + 0.7 * sun)),
          lawn,
        );
      };
      expect(watch.countChanged(frames, sunny)).toBeLessThanOrEqual(0.15 * frames);
    },
  );
});

describe('a small place of the lawn', () => {
  const place: Cells = [30, 20, 4, 4];

  it.each([200, 1000])(
    'that the sun reaches through leaves is a change in one frame at most, at an interval of %i ms',
    (intervalMs) => {
      const watch = learned(intervalMs);
      const sunny = within(lawn, place, (luma) => 1.7 * luma);
      expect(watch.countChanged(10, () => sunny)).toBeLessThanOrEqual(1);
      expect(watch.countChanged(10, () => lawn)).toBe(0);
    },
  );

  it('is a change when a thing lies there, plain or with a texture of its own', () => {
    const plain = withVisitor(lawn, place, 150);
    expect(learned(1000).countChanged(10, () => plain)).toBe(10);
    const patterned = within(lawn, place, (_, column, row) => 110 + 60 * smoothNoise(row, column));
    expect(learned(1000).countChanged(10, () => patterned)).toBe(10);
  });
});

describe('a door leaf', () => {
  it.each([200, 1000])(
    'that is opened and left is absorbed after 20 s, and is none when it is closed, at an interval of %i ms',
    (intervalMs) => {
      /** The leaf is as wide as one sees of it; behind it is a bright hall. */
      const door = (open: number) =>
        within(lawn, [30, 10, 16, 36], (_, column, row) =>
          column - 30 < 16 * (1 - 0.75 * open)
            ? 50 - 20 * open + (row % 9 === 0 ? 10 : 0)
            : 170 + 30 * smoothNoise(column, row + 20),
        );
      const watch = new Watch({ intervalMs });
      const perS = 1000 / intervalMs;
      watch.countChanged(60, () => door(0));
      const opening = (frame: number) => door((frame + 1) / (2 * perS));
      expect(watch.countChanged(2 * perS, opening)).toBeGreaterThanOrEqual(2 * perS - 1);
      const seconds = watch.countChanged(40 * perS, () => door(1)) / perS;
      expect(seconds).toBeGreaterThanOrEqual(18);
      expect(seconds).toBeLessThanOrEqual(22);
      watch.countChanged(2 * perS, (frame) => door(1 - (frame + 1) / (2 * perS)));
      expect(watch.countChanged(40 * perS, () => door(0))).toBe(0);
    },
  );
});
