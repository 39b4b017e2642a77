import { describe, expect, it } from 'vitest';
import { planWatchdog } from '../../../agent/service/watchdog-plan.js';

describe('watchdog plan', () => {
  it('does not shorten the pauses without a watchdog', () => {
    expect(planWatchdog(undefined, 20_000)).toEqual({
      neededWatchdogMs: undefined,
      intervalMs: 5000,
      pauseCapMs: 60_000,
    });
  });

  it('requests nothing where WatchdogSec= is enough', () => {
    expect(planWatchdog(120_000, 22_000)).toMatchObject({
      neededWatchdogMs: undefined,
      pauseCapMs: 60_000,
    });
    expect(planWatchdog(60_000, 22_000)).toMatchObject({
      neededWatchdogMs: undefined,
      pauseCapMs: 23_000,
    });
  });

  it('requests more where a slow camera needs it', () => {
    expect(planWatchdog(60_000, 300_000)).toMatchObject({ neededWatchdogMs: 600_000 });
  });

  it('keeps a healthy agent within the watchdog time', () => {
    for (const watchdogMs of [100, 1000, 60_000, 120_000, 3_600_000]) {
      for (const attemptMs of [1, 500, 22_000, 60_000, 3_600_000]) {
        const { neededWatchdogMs, intervalMs, pauseCapMs } = planWatchdog(watchdogMs, attemptMs);
        expect(pauseCapMs).toBeGreaterThan(0);
        expect(intervalMs + pauseCapMs + attemptMs).toBeLessThan(neededWatchdogMs ?? watchdogMs);
      }
    }
  });
});
