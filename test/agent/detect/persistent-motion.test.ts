/** When persistent motion is reported and with which area; clock overlays that the background learns. */
import { describe, expect, it } from 'vitest';
import { PersistentMotion } from '../../../agent/detect/persistent-motion.js';
import { makeGrid } from '../../../agent/detect/grid.js';
import { MotionDetector } from '../../../agent/detect/motion-detector.js';
import type { Box, Detection } from '../../../agent/events/verdict.js';
import { type Cells, randomFrom, withNoise, within, yard } from './pictures.js';

const grid = makeGrid(640, 480);
const flag: Box = [560, 16, 40, 24];
const changeAt = (...boxes: Box[]): Detection => ({
  kind: 'change',
  ratio: 0.01,
  boxes,
  strength: 2,
});
const quiet: Detection = { kind: 'quiet', ratio: 0, boxes: [], strength: 0 };

/** A frame each `everyS`; @returns the reported areas, with the second */
function watch(seconds: number, everyS: number, scene: (second: number) => Detection) {
  const motion = new PersistentMotion();
  const reported: [second: number, Box][] = [];
  for (let second = 0; second <= seconds; second += everyS) {
    const box = motion.update(scene(second), 1e12 + second * 1000, grid);
    if (box !== undefined) reported.push([second, box]);
  }
  return reported;
}

describe('PersistentMotion', () => {
  it('reports motion in one small area once, after ten minutes', () => {
    expect(watch(3600, 1, () => changeAt(flag))).toEqual([[600, flag]]);
  });

  it('reports the whole area of the motion', () => {
    const waving = (second: number) => changeAt([560 + (second % 9), 16, 40, 24]);
    expect(watch(700, 1, waving)).toEqual([[600, [560, 16, 48, 24]]]);
  });

  it('allows pauses of less than a minute', () => {
    expect(watch(1200, 1, (second) => (second % 30 < 10 ? quiet : changeAt(flag)))).toHaveLength(1);
    expect(watch(1200, 1, (second) => (second % 300 < 90 ? quiet : changeAt(flag)))).toEqual([]);
  });

  it('needs 30 changed frames from a slow camera', () => {
    expect(watch(3600, 50, () => changeAt(flag))).toEqual([[1450, flag]]);
  });

  it('allows three frames between two changes of a camera that looks every two or five minutes', () => {
    const seldom = (second: number) => (second % 360 === 0 ? changeAt(flag) : quiet);
    expect(watch(30 * 360, 120, seldom)).toEqual([[29 * 360, flag]]);
    expect(watch(30 * 300, 300, () => changeAt(flag))).toEqual([[29 * 300, flag]]);
    expect(watch(60 * 480, 120, (second) => (second % 480 === 0 ? changeAt(flag) : quiet))).toEqual(
      [],
    );
  });

  it('ignores motion that is large, in several areas, or moves on', () => {
    expect(watch(3600, 1, () => changeAt([0, 0, 320, 240]))).toEqual([]);
    expect(watch(3600, 1, () => changeAt(flag, [10, 400, 20, 20]))).toEqual([]);
    expect(watch(3600, 1, (second) => changeAt([second % 600, 16, 40, 24]))).toEqual([]);
  });

  it('starts again when the clock is set back', () => {
    const motion = new PersistentMotion();
    for (let second = 0; second < 500; second++) motion.update(changeAt(flag), second * 1000, grid);
    expect(motion.update(changeAt(flag), -1e6, grid)).toBeUndefined();
    let reports = 0;
    for (let second = 0; second < 700; second++) {
      if (motion.update(changeAt(flag), second * 1000, grid)) reports += 1;
    }
    expect(reports).toBe(1);
  });
});

describe('a clock overlay', () => {
  /** White digits in cells of 8 pixels; the last two change each second. */
  const ticking = (second: number, [left, top, width, height]: Cells) => {
    const random = randomFrom(second + 1);
    return within(yard(), [left, top, width, height], (luma) => (random() < 0.5 ? 235 : luma));
  };

  it.each<[string, Cells, number]>([
    ['16 pixels high is no change at all', [70, 2, 4, 2], 0],
    ['32 pixels high is learned within a minute', [64, 2, 8, 4], 60],
  ])('%s', (_, digits, atMost) => {
    const detector = new MotionDetector({ sensitivity: 0.5, minArea: 0.002, absorbMs: 20_000 });
    let changes = 0;
    for (let second = 0; second < 600; second++) {
      const picture = withNoise(ticking(second, digits), second);
      if (detector.detect(picture, 1e12 + second * 1000).kind === 'change') changes += 1;
    }
    expect(changes).toBeLessThanOrEqual(atMost);
  });
});
