/** What the background learns, and from which frames. */
import { describe, expect, it } from 'vitest';
import {
  deviations,
  followLight,
  learn,
  startBackground,
} from '../../../agent/judge/background.js';

const cells = 100;
const even = (level: number) => new Float32Array(cells).fill(level);
const all = Uint32Array.from({ length: cells }, (_, i) => i);
const nowhere: never[] = [];
const everywhere = [all];

describe('the background', () => {
  it('starts as the first frame, with nothing off', () => {
    const background = startBackground(even(100));
    expect(background).toMatchObject({ frames: 1, reference: even(100) });
    expect(deviations(background, even(100))).toEqual(even(0));
  });

  it('keeps its own copy of the frame', () => {
    const frame = even(100);
    const background = startBackground(frame);
    frame.fill(0);
    expect(background.reference).toEqual(even(100));
  });

  it('follows where it is quiet, and stays where something is in front', () => {
    const background = startBackground(even(100));
    for (let i = 0; i < 200; i++) learn(background, even(110), [Uint32Array.of(7)], 0.2);
    expect(background.reference[6]).toBeGreaterThan(107);
    expect(background.reference[7]).toBe(100);
  });

  it('follows as far in a minute whatever the rate of frames, once it has started', () => {
    const shares = [0.04, 0.2, 1].map((intervalS) => {
      const background = startBackground(even(100));
      for (let i = 0; i < 30; i++) learn(background, even(100), nowhere, intervalS);
      for (let i = 0; i < 60 / intervalS; i++) learn(background, even(110), nowhere, intervalS);
      return (background.reference[0]! - 100) / 10;
    });
    for (const share of shares) expect(share).toBeCloseTo(1 - Math.exp(-2), 2);
  });

  it('finds less in the same difference where it is restless', () => {
    const background = startBackground(even(100));
    for (let i = 0; i < 100; i++) {
      const frame = even(100);
      frame[7] = 100 + 10 * (i % 2 === 0 ? 1 : -1);
      learn(background, frame, nowhere, 0.2);
    }
    const [still, restless] = [6, 7].map((cell) => deviations(background, even(120))[cell]!);
    expect(restless).toBeLessThan(still! / 4);
  });

  it('learns little noise from somebody who stands in front, much from what sways there', () => {
    const stood = startBackground(even(100));
    const swayed = startBackground(even(100));
    for (let i = 0; i < 100; i++) {
      learn(stood, even(160), everywhere, 0.2);
      learn(swayed, even(i % 2 === 0 ? 160 : 200), everywhere, 0.2);
    }
    expect(stood.noise[0]).toBeLessThan(4);
    expect(swayed.noise[0]).toBeGreaterThan(10);
  });

  it('follows light that changes everywhere, not something that covers less than half', () => {
    const background = startBackground(even(100));
    followLight(background, even(80), all);
    expect(background.reference[0]).toBeCloseTo(80, 3);
    const half = even(80).fill(200, 0, 45);
    followLight(background, half, all);
    expect(background.reference[99]).toBeCloseTo(80, 3);
  });

  it('measures the light only where it is told to', () => {
    const background = startBackground(even(100));
    followLight(background, even(80).fill(100, 0, 30), all.subarray(0, 30));
    expect(background.reference).toEqual(even(100));
  });

  it('does not take a covered lens, or a lamp in the dark, for other light', () => {
    const background = startBackground(even(100));
    followLight(background, even(0), all);
    expect(background.reference[0]).toBeGreaterThan(60);
    const dark = startBackground(even(0));
    followLight(dark, even(200), all);
    expect(dark.reference[0]).toBeLessThan(10);
  });

  it('absorbs a region only when nearly all of it has kept still for a minute', () => {
    const background = startBackground(even(100));
    const region = all.subarray(0, 50);
    const wait = (seconds: number, moving: number) => {
      for (let i = 0; i < seconds; i++) {
        const frame = even(160).fill(i % 2 === 0 ? 190 : 130, 0, moving);
        learn(background, frame, [region], 1);
      }
      return background.reference[49];
    };
    expect(wait(55, 0)).toBe(100);
    expect(wait(2, 5)).toBe(100);
    expect(wait(55, 2)).toBe(100);
    expect(wait(10, 2)).toBe(160);
  });
});
