import { describe, expect, it } from 'vitest';
import { WindowCounter } from '../../shared/window-counter.js';

describe('WindowCounter', () => {
  it('counts from the first call, and anew when the window is over', () => {
    const counter = new WindowCounter(1000);
    expect([5000, 5999].map((nowMs) => counter.add(nowMs))).toEqual([1, 2]);
    expect(counter.remainingMs(5999)).toBe(1);
    expect(counter.total(5999)).toBe(2);
    expect([6000, 6999, 9000].map((nowMs) => counter.add(nowMs))).toEqual([1, 2, 1]);
  });

  it('counts each key separately, and the keys beyond its limit together', () => {
    const counter = new WindowCounter(1000, 2);
    expect(['a', 'b', 'c', 'd', 'a'].map((key) => counter.add(0, 10, key))).toEqual([
      10, 10, 10, 20, 20,
    ]);
    expect(['a', 'b', 'e'].map((key) => counter.total(0, key))).toEqual([20, 10, 20]);
    expect(counter.add(1000, 10, 'e')).toBe(10);
  });
});
