/** Token buckets of work time, and their names. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxCountedApart } from '../../../../receiver/limits/receiver-limits.js';
import { TokenBucket } from '../../../../receiver/limits/work/token-bucket.js';
import { TokenBuckets } from '../../../../receiver/limits/work/token-buckets.js';
import { FakeClock } from '../../../support/fake-clock.js';

const share = { usPerSecond: 50_000, burstUs: 20_000 };
const full = () => share;

describe('a token bucket', () => {
  it('never allows more work than its burst, what was added since, and one piece beyond', async () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 500 }),
      us: fc.integer({ min: 1, max: 30_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 200 }), async (steps) => {
        const clock = new FakeClock();
        const bucket = new TokenBucket(clock, full);
        let [spentUs, passedMs] = [0, 0];
        for (const { afterMs, us } of steps) {
          await clock.advance(afterMs);
          passedMs += afterMs;
          if (bucket.waitMs > 0) continue;
          bucket.spend(us);
          spentUs += us;
          expect(spentUs - us).toBeLessThan(share.burstUs + passedMs * 50 + 1);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('returns how long to wait, and is positive then, not earlier', async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket(clock, full);
    bucket.spend(70_000);
    expect(bucket.waitMs).toBe(1001);
    await clock.advance(1000);
    expect(bucket.balanceUs).toBe(0);
    await clock.advance(1);
    expect(bucket.waitMs).toBe(0);
  });

  it('holds no more than its burst after any refund', () => {
    const bucket = new TokenBucket(new FakeClock(), full);
    bucket.spend(5000);
    bucket.refund(90_000);
    expect(bucket).toMatchObject({ balanceUs: 20_000, isFull: true });
  });

  it('shrinks when its share does', () => {
    let burstUs = 20_000;
    const bucket = new TokenBucket(new FakeClock(), () => ({ ...share, burstUs }));
    burstUs = 1000;
    expect(bucket.balanceUs).toBe(1000);
  });
});

describe('token buckets by name', () => {
  it('are limited in number: names beyond the limit share one, and full ones are deleted', async () => {
    const clock = new FakeClock();
    const buckets = new TokenBuckets(clock, full);
    for (let at = 0; at < maxCountedApart; at += 1) buckets.of(`a${at}`).spend(10_000);
    expect(buckets.of('late')).toBe(buckets.of('later'));
    expect(buckets.size).toBe(maxCountedApart);
    buckets.of('a0').spend(100_000);
    await clock.advance(1000);
    expect(buckets.of('late')).not.toBe(buckets.of('later'));
    expect(buckets.size).toBe(3);
    expect(buckets.of('a0').isFull).toBe(false);
  });
});
