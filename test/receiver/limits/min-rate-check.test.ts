/** When a message comes too slowly. */
import { expect, it } from 'vitest';
import { MinRateCheck } from '../../../receiver/limits/min-rate-check.js';

it('is content with the rate that is asked, and not with less', () => {
  const pace = new MinRateCheck(60_000);
  expect(pace.isTooSlow(60_000, 60_000, 1000)).toBe(false);
  expect(pace.isTooSlow(59_999, 60_000, 1000)).toBe(true);
});

it('forgives a pause that is shorter than its window', () => {
  const pace = new MinRateCheck(60_000);
  expect(pace.isTooSlow(1, 59_999, 1000)).toBe(false);
  expect(pace.isTooSlow(61_000, 1, 1000)).toBe(false);
});

it('looks at each window anew: what came fast before excuses nothing', () => {
  const pace = new MinRateCheck(60_000);
  expect(pace.isTooSlow(1e9, 60_000, 1000)).toBe(false);
  expect(pace.isTooSlow(10, 60_000, 1000)).toBe(true);
});

it('does not count the pause before a message', () => {
  const pace = new MinRateCheck(60_000);
  expect(pace.isTooSlow(1, 59_999, 1000)).toBe(false);
  pace.reset();
  expect(pace.isTooSlow(1, 59_999, 1000)).toBe(false);
});
