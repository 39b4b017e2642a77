import { describe, expect, it } from 'vitest';
import { Settling, settleMs } from '../../../agent/source/settling.js';

/** Looks whenever it is due at what `versionAt` says, until a look finds the same; the time of that look. */
function settledAtMs(settling: Settling, versionAt: (ms: number) => string | undefined): number {
  for (let looks = 0; looks < 1000; looks++) {
    const nowMs = settling.dueAtMs;
    if (settling.looked(versionAt(nowMs), nowMs)) return nowMs;
  }
  throw new Error('never settled');
}

describe('Settling', () => {
  it('needs two looks that are settleMs apart and find the same', () => {
    const settling = new Settling(1000);
    const firstLookMs = settling.dueAtMs;
    expect(settling.looked('a', firstLookMs)).toBe(false);
    expect(settling.dueAtMs).toBe(firstLookMs + settleMs);
    expect(settling.looked('a', settling.dueAtMs)).toBe(true);
  });

  it('takes no file for a version like any other', () => {
    const settling = new Settling(0);
    expect(settling.looked(undefined, 0)).toBe(false);
    expect(settling.looked(undefined, settleMs)).toBe(true);
  });

  it.each([500, 200, 100, 50, 20])('settles a file rewritten every %i ms', (everyMs) => {
    const settling = new Settling(0);
    expect(settledAtMs(settling, (ms) => `v${Math.floor(ms / everyMs)}`)).toBeLessThan(2000);
  });

  it('halves the distance at a change and doubles it at none, within its bounds', () => {
    const settling = new Settling(0);
    settling.looked('a', 0);
    settling.looked('b', 150);
    expect(settling.dueAtMs).toBe(150 + settleMs / 2);
    for (let n = 0; n < 20; n++) settling.looked(`c${n}`, 1000);
    expect(settling.dueAtMs).toBe(1005);
    for (let n = 0; n < 20; n++) settling.looked('d', 2000);
    expect(settling.dueAtMs).toBe(2000 + settleMs);
  });

  it('looks ever more rarely at a file whose writer pauses', () => {
    const settling = new Settling(0);
    settling.looked('half', 0);
    const pausesMs: number[] = [];
    for (let nowMs = settling.dueAtMs; nowMs < 10_000; nowMs = settling.dueAtMs) {
      settling.looked('half', nowMs);
      settling.readInVain(nowMs);
      pausesMs.push(settling.dueAtMs - nowMs);
    }
    expect(pausesMs.length).toBeLessThan(15);
    expect(pausesMs.at(-1)).toBeGreaterThan(2000);
  });

  it('brings the next look forward when it is told of a change', () => {
    const settling = new Settling(0);
    settling.looked('half', 0);
    settling.looked('half', 8000);
    settling.readInVain(8000);
    expect(settling.dueAtMs).toBe(12_000);
    settling.told(9000);
    expect(settling.dueAtMs).toBe(9000 + settleMs);
  });

  it('is quiet only when it was told nothing for settleMs', () => {
    const settling = new Settling(0);
    settling.told(100);
    expect(settling.isQuiet(100 + settleMs - 1)).toBe(false);
    expect(settling.isQuiet(100 + settleMs)).toBe(true);
  });
});
