/** Guesses from one network get slower and slower; others do not notice. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GuessLimiter } from '../../../../receiver/web/access/guess-limiter.js';

/** Attempts that are made in a time, when each is tried at once. */
function attempts(limiter: GuessLimiter, addressOf: (index: number) => string, forMs: number) {
  let count = 0;
  let nowMs = 0;
  while (nowMs < forMs) {
    const waitMs = limiter.begin(addressOf(count), nowMs);
    if (waitMs === 0) count += 1;
    nowMs += Math.max(1, waitMs);
  }
  return count;
}

describe('the guess limiter', () => {
  it('lets some typing errors pass, then pauses longer each time', () => {
    const limiter = new GuessLimiter();
    const pauses = Array.from({ length: 8 }, (_, index) => limiter.begin('192.0.2.1', index));
    expect(pauses.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(pauses[4]).toBe(999);
    expect(limiter.begin('192.0.2.1', 1003)).toBe(0);
    expect(limiter.begin('192.0.2.1', 1004)).toBe(1999);
    expect(limiter.begin('192.0.2.2', 1004)).toBe(0);
  });

  it('leaves fewer than 120 guesses in a day, from any address of one /64', () => {
    const dayMs = 86_400_000;
    expect(attempts(new GuessLimiter(), () => '192.0.2.1', dayMs)).toBeLessThan(120);
    const rotated = (index: number) => `2001:db8::${index.toString(16)}`;
    expect(attempts(new GuessLimiter(), rotated, dayMs)).toBeLessThan(120);
    const local = (index: number) => `fd00::${index.toString(16)}`;
    expect(attempts(new GuessLimiter(), local, dayMs)).toBeLessThan(120);
  });

  it('does not count attempts that were right, and counts those before', () => {
    const limiter = new GuessLimiter();
    for (let nowMs = 0; nowMs < 100; nowMs += 1) {
      expect(limiter.begin('192.0.2.1', nowMs)).toBe(0);
      limiter.withdrawn('192.0.2.1');
    }
    expect(limiter.size).toBe(0);
    // A right one in between does not start the others anew.
    for (let at = 0; at < 3; at += 1) limiter.begin('192.0.2.1', 100);
    limiter.begin('192.0.2.1', 100);
    limiter.withdrawn('192.0.2.1');
    expect(limiter.begin('192.0.2.1', 100)).toBe(0);
    expect(limiter.begin('192.0.2.1', 100)).toBeGreaterThan(0);
  });

  it('forgets after an hour, and has bounded memory', () => {
    const limiter = new GuessLimiter();
    for (let at = 0; at < 4; at += 1) limiter.begin('192.0.2.1', 0);
    expect(limiter.begin('192.0.2.1', 0)).toBeGreaterThan(0);
    expect(limiter.begin('192.0.2.1', 3_600_000)).toBe(0);
    for (let index = 0; index < 20_000; index += 1) {
      limiter.begin(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, 0);
    }
    expect(limiter.size).toBe(10_000);
  });

  it('never lets two attempts pass in less than the pause, in any order of attempts', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5000), { maxLength: 60 }), (steps) => {
        const limiter = new GuessLimiter();
        let nowMs = 0;
        const passed: number[] = [];
        for (const step of steps) {
          nowMs += step;
          if (limiter.begin('192.0.2.9', nowMs) === 0) passed.push(nowMs);
        }
        for (let at = 4; at < passed.length; at += 1) {
          const pause = Math.min(900_000, 1000 * 2 ** (at - 4));
          expect((passed[at] ?? 0) - (passed[at - 1] ?? 0)).toBeGreaterThanOrEqual(pause);
        }
      }),
    );
  });
});
