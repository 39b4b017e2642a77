/** The stretch of frames around the moment. */
import { describe, expect, it } from 'vitest';
import type { FrameAnswer } from '../../../../receiver/web/api-types.js';
import {
  covers,
  emptyWindow,
  extendAfter,
  extendBefore,
  frameAt,
  indexAt,
} from '../../../../receiver/web/page/frame-window.js';
import { makeFrame } from './answers.js';

const framesAt = (...times: number[]): FrameAnswer[] => times.map((at) => makeFrame({ at }));

describe('a window of frames', () => {
  const frames = framesAt(10, 20, 20, 30);

  it('shows the last frame up to a moment, and the first one before all', () => {
    expect([5, 10, 15, 20, 29, 30, 99].map((at) => indexAt(frames, at))).toEqual([
      ...[-1, 0, 0, 2, 2, 3, 3],
    ]);
    const window = { frames, moreBefore: false, moreAfter: false };
    expect(frameAt(window, 5)?.at).toBe(10);
    expect(frameAt(window, 25)?.at).toBe(20);
    expect(frameAt(emptyWindow, 25)).toBeUndefined();
  });

  it('knows for which moments it is complete', () => {
    const middle = { frames, moreBefore: true, moreAfter: true };
    expect([9, 10, 25, 30, 31].map((at) => covers(middle, at))).toEqual([
      ...[false, true, true, true, false],
    ]);
    const all = { frames, moreBefore: false, moreAfter: false };
    expect([9, 31].map((at) => covers(all, at))).toEqual([true, true]);
    expect(covers(emptyWindow, 5)).toBe(true);
  });

  it('is extended on both sides, without repetitions, and bounded', () => {
    const more = extendAfter(
      { frames: framesAt(10), moreBefore: false, moreAfter: true },
      framesAt(10, 20),
      false,
    );
    expect(more.frames.map(({ at }) => at)).toEqual([10, 20]);
    expect(more.moreAfter).toBe(false);
    const earlier = extendBefore(more, framesAt(9, 8), true);
    expect(earlier.frames.map(({ at }) => at)).toEqual([8, 9, 10, 20]);
    const many = framesAt(...Array.from({ length: 5000 }, (_, index) => 100 + index));
    const cut = extendAfter(earlier, many, true);
    expect(cut.frames).toHaveLength(1000);
    expect(cut.frames.at(-1)?.at).toBe(5099);
    expect(cut.moreBefore).toBe(true);
    expect(extendBefore(cut, framesAt(7), false).moreAfter).toBe(true);
  });
});
