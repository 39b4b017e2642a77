import { describe, expect, it } from 'vitest';
import { nextCaptureMs } from '../../../agent/spool/capture-time.js';

describe('a capture time', () => {
  it.each([
    ['is the clock of the first frame', 1000, undefined, 1000],
    ['is the clock when it has moved on', 1001, 1000, 1001],
    ['is a millisecond on when the clock stands still', 1000, 1000, 1001],
    ['is a millisecond on when the clock is corrected by a little', 9000, 10_000, 10_001],
    ['is the clock when that is set back far', 10_000, 1_000_000, 10_000],
    ['is the clock when that leaps ahead', 1_000_000, 10, 1_000_000],
  ])('%s', (_, clockMs, lastMs, expected) => {
    expect(nextCaptureMs(clockMs, lastMs)).toBe(expected);
  });
});
