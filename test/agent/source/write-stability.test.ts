import { describe, expect, it } from 'vitest';
import { WriteStability, stabilityThresholdMs } from '../../../agent/source/write-stability.js';

/** Looks whenever it is due at what `versionAt` says, until a look finds the same; the time of that look. */
function settledAtMs(
  settling: WriteStability,
  versionAt: (ms: number) => string | undefined,
): number {
  for (let looks = 0; looks < 1000; looks++) {
    const nowMs = settling.dueAtMs;
    if (settling.checked(versionAt(nowMs), nowMs)) return nowMs;
  }
  throw new Error('never settled');
}

describe('Settling', () => {
  it('needs two looks that are settleMs apart and find the same', () => {
    const settling = new WriteStability(1000);
    const firstLookMs = settling.dueAtMs;
    expect(settling.checked('a', firstLookMs)).toBe(false);
    expect(settling.dueAtMs).toBe(firstLookMs + stabilityThresholdMs);
    expect(settling.checked('a', settling.dueAtMs)).toBe(true);
  });

  it('takes no file for a version like any other', () => {
    const settling = new WriteStability(0);
    expect(settling.checked(undefined, 0)).toBe(false);
    expect(settling.checked(undefined, stabilityThresholdMs)).toBe(true);
  });

  it.each([500, 200, 100, 50, 20])('settles a file rewritten every %i ms', (everyMs) => {
    const settling = new WriteStability(0);
    expect(settledAtMs(settling, (ms) => `v${Math.floor(ms / everyMs)}`)).toBeLessThan(2000);
  });

  it('halves the distance at a change and doubles it at none, within its bounds', () => {
    const settling = new WriteStability(0);
    settling.checked('a', 0);
    settling.checked('b', 150);
    expect(settling.dueAtMs).toBe(150 + stabilityThresholdMs / 2);
    for (let n = 0; n < 20; n++) settling.checked(`c${n}`, 1000);
    expect(settling.dueAtMs).toBe(1005);
    for (let n = 0; n < 20; n++) settling.checked('d', 2000);
    expect(settling.dueAtMs).toBe(2000 + stabilityThresholdMs);
  });

  it('looks ever more rarely at a file whose writer pauses', () => {
    const settling = new WriteStability(0);
    settling.checked('half', 0);
    const pausesMs: number[] = [];
    for (let nowMs = settling.dueAtMs; nowMs < 10_000; nowMs = settling.dueAtMs) {
      settling.checked('half', nowMs);
      settling.notWhole(nowMs);
      pausesMs.push(settling.dueAtMs - nowMs);
    }
    expect(pausesMs.length).toBeLessThan(15);
    expect(pausesMs.at(-1)).toBeGreaterThan(2000);
  });

  it('brings the next look forward when it is told of a change', () => {
    const settling = new WriteStability(0);
    settling.checked('half', 0);
    settling.checked('half', 8000);
    settling.notWhole(8000);
    expect(settling.dueAtMs).toBe(12_000);
    settling.changed(9000);
    expect(settling.dueAtMs).toBe(9000 + stabilityThresholdMs);
  });

  it('is quiet only when it was told nothing for settleMs', () => {
    const settling = new WriteStability(0);
    settling.changed(100);
    expect(settling.isQuiet(100 + stabilityThresholdMs - 1)).toBe(false);
    expect(settling.isQuiet(100 + stabilityThresholdMs)).toBe(true);
  });
});
