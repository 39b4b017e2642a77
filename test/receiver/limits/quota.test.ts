/** Quota: what a camera may store in a minute. */
import { describe, expect, it } from 'vitest';
import { minStoredBytes } from '../../../receiver/limits/receiver-limits.js';
import { Quota } from '../../../receiver/limits/quota.js';
import { FakeClock } from '../../support/fake-clock.js';

describe('the quota', () => {
  it('is counted for each camera, and restarts with the minute', async () => {
    const clock = new FakeClock();
    const quota = new Quota(10_000, clock);
    expect(quota.spend('yard', 10_000)).toBe(0);
    await clock.advance(20_000);
    expect(quota.spend('yard', 1)).toBe(40_000);
    expect(quota.spend('shed', 9_999)).toBe(0);
    await clock.advance(40_000);
    expect(quota.spend('yard', 1)).toBe(0);
  });

  it('accepts a frame that is larger than the quota', () => {
    const quota = new Quota(10_000, new FakeClock());
    expect(quota.spend('yard', 1e9)).toBe(0);
    expect(quota.spend('yard', 1)).toBe(60_000);
  });

  it('counts small frames as one block of the disk', () => {
    const quota = new Quota(2 * minStoredBytes, new FakeClock());
    expect([1, 1, 1].map((byteCount) => quota.spend('yard', byteCount))).toEqual([0, 0, 60_000]);
  });

  it('of 0 is no limit', () => {
    const quota = new Quota(0, new FakeClock());
    expect([quota.spend('yard', 1e15), quota.spend('yard', 1e15)]).toEqual([0, 0]);
  });
});
