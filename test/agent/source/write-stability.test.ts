import { describe, expect, it } from 'vitest';
import { WriteStability, stabilityThresholdMs } from '../../../agent/source/write-stability.js';

/** Checks `versionAt` whenever it is due, until two checks find the same version. @returns the time of the last one */
function stableAtMs(
  stability: WriteStability,
  versionAt: (ms: number) => string | undefined,
): number {
  for (let checks = 0; checks < 1000; checks++) {
    const nowMs = stability.dueAtMs;
    if (stability.checked(versionAt(nowMs), nowMs)) return nowMs;
  }
  throw new Error('never stable');
}

describe('WriteStability', () => {
  it('needs two checks that are stabilityThresholdMs apart and find the same version', () => {
    const stability = new WriteStability(1000);
    const firstCheckMs = stability.dueAtMs;
    expect(stability.checked('a', firstCheckMs)).toBe(false);
    expect(stability.dueAtMs).toBe(firstCheckMs + stabilityThresholdMs);
    expect(stability.checked('a', stability.dueAtMs)).toBe(true);
  });

  it('treats a missing file as a version', () => {
    const stability = new WriteStability(0);
    expect(stability.checked(undefined, 0)).toBe(false);
    expect(stability.checked(undefined, stabilityThresholdMs)).toBe(true);
  });

  it.each([500, 200, 100, 50, 20])(
    'finds a stable moment in a file rewritten every %i ms',
    (everyMs) => {
      const stability = new WriteStability(0);
      expect(stableAtMs(stability, (ms) => `v${Math.floor(ms / everyMs)}`)).toBeLessThan(2000);
    },
  );

  it('halves the interval after a change and doubles it after none, within its bounds', () => {
    const stability = new WriteStability(0);
    stability.checked('a', 0);
    stability.checked('b', 150);
    expect(stability.dueAtMs).toBe(150 + stabilityThresholdMs / 2);
    for (let n = 0; n < 20; n++) stability.checked(`c${n}`, 1000);
    expect(stability.dueAtMs).toBe(1005);
    for (let n = 0; n < 20; n++) stability.checked('d', 2000);
    expect(stability.dueAtMs).toBe(2000 + stabilityThresholdMs);
  });

  it('increases the interval while the writer pauses', () => {
    const stability = new WriteStability(0);
    stability.checked('half', 0);
    const pausesMs: number[] = [];
    for (let nowMs = stability.dueAtMs; nowMs < 10_000; nowMs = stability.dueAtMs) {
      stability.checked('half', nowMs);
      stability.incomplete(nowMs);
      pausesMs.push(stability.dueAtMs - nowMs);
    }
    expect(pausesMs.length).toBeLessThan(15);
    expect(pausesMs.at(-1)).toBeGreaterThan(2000);
  });

  it('checks earlier after a reported change', () => {
    const stability = new WriteStability(0);
    stability.checked('half', 0);
    stability.checked('half', 8000);
    stability.incomplete(8000);
    expect(stability.dueAtMs).toBe(12_000);
    stability.changed(9000);
    expect(stability.dueAtMs).toBe(9000 + stabilityThresholdMs);
  });

  it('is quiet only after stabilityThresholdMs without a reported change', () => {
    const stability = new WriteStability(0);
    stability.changed(100);
    expect(stability.isQuiet(100 + stabilityThresholdMs - 1)).toBe(false);
    expect(stability.isQuiet(100 + stabilityThresholdMs)).toBe(true);
  });
});
