import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../shared/backoff.js';

const settings = { firstMs: 1000, capMs: 60_000 };

describe('backoffMs', () => {
  it('doubles with each failure up to the cap', () => {
    const pauses = [1, 2, 3, 6, 7, 8, 1_000_000].map((failures) =>
      backoffMs(failures, 0.999_999_9, settings),
    );
    expect(pauses).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('is spread over its upper half', () => {
    expect(backoffMs(3, 0, settings)).toBe(2000);
    expect(backoffMs(3, 0.5, settings)).toBe(3000);
  });
});
