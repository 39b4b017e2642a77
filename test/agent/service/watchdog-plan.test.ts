import { describe, expect, it } from 'vitest';
import { planWatchdog } from '../../../agent/service/watchdog-plan.js';

describe('the plan for a watchdog', () => {
  it('leaves the pauses as they are where there is none', () => {
    expect(planWatchdog(undefined, 20_000)).toEqual({
      askForMs: undefined,
      everyMs: 5000,
      pauseCapMs: 60_000,
    });
  });

  it('asks for nothing where the unit gives enough', () => {
    expect(planWatchdog(120_000, 22_000)).toMatchObject({
      askForMs: undefined,
      pauseCapMs: 60_000,
    });
    expect(planWatchdog(60_000, 22_000)).toMatchObject({ askForMs: undefined, pauseCapMs: 23_000 });
  });

  it('asks for more where a slow camera needs it', () => {
    expect(planWatchdog(60_000, 300_000)).toMatchObject({ askForMs: 600_000 });
  });

  it('never lets a healthy agent starve it', () => {
    for (const watchdogMs of [100, 1000, 60_000, 120_000, 3_600_000]) {
      for (const attemptMs of [1, 500, 22_000, 60_000, 3_600_000]) {
        const { askForMs, everyMs, pauseCapMs } = planWatchdog(watchdogMs, attemptMs);
        expect(pauseCapMs).toBeGreaterThan(0);
        expect(everyMs + pauseCapMs + attemptMs).toBeLessThan(askForMs ?? watchdogMs);
      }
    }
  });
});
