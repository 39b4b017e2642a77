/** Minimum rate check: when a message arrives too slowly. */
import { describe, expect, it } from 'vitest';
import { MinRateCheck } from '../../../receiver/limits/min-rate-check.js';

describe('the minimum rate check', () => {
  it('accepts the required rate, and nothing below it', () => {
    const check = new MinRateCheck(60_000);
    expect(check.isTooSlow(60_000, 60_000, 1000)).toBe(false);
    expect(check.isTooSlow(59_999, 60_000, 1000)).toBe(true);
  });

  it('tolerates a pause that is shorter than its window', () => {
    const check = new MinRateCheck(60_000);
    expect(check.isTooSlow(1, 59_999, 1000)).toBe(false);
    expect(check.isTooSlow(61_000, 1, 1000)).toBe(false);
  });

  it('measures each window separately: fast bytes before do not count', () => {
    const check = new MinRateCheck(60_000);
    expect(check.isTooSlow(1e9, 60_000, 1000)).toBe(false);
    expect(check.isTooSlow(10, 60_000, 1000)).toBe(true);
  });

  it('does not count the pause before a message', () => {
    const check = new MinRateCheck(60_000);
    expect(check.isTooSlow(1, 59_999, 1000)).toBe(false);
    check.reset();
    expect(check.isTooSlow(1, 59_999, 1000)).toBe(false);
  });
});
