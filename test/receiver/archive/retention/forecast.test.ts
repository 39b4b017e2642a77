/** How full a store is, and when it will be full. */
import { describe, expect, it } from 'vitest';
import { noTotal } from '../../../../receiver/archive/retention/day-total.js';
import { forecastOf, forecastText } from '../../../../receiver/archive/retention/forecast.js';
import { noLimits } from '../../../../receiver/archive/retention/limits.js';

const nowMs = Date.UTC(2026, 10, 22, 12);
const disk = { totalBytes: 100e9, freeBytes: 10e9 };

/** A gigabyte on each day from the 16th to the 22nd. */
const days = new Map(
  [16, 17, 18, 19, 20, 21, 22].map((day) => [
    `yard/2026_11_${day}`,
    { ...noTotal, frames: 10, diskBytes: 1e9 },
  ]),
);
const facts = { days, totalBytes: 7e9, disk, nowMs };

describe('a forecast', () => {
  it('is from the whole days of the last week', () => {
    const forecast = forecastOf({ ...facts, limits: noLimits });
    expect(forecast).toMatchObject({
      bytesPerDay: 1e9,
      daysLeft: 10,
      isLimited: false,
      frames: 70,
    });
    expect(forecastText(forecast, noLimits)).toBe(
      '7.0 GB used by 70 frames, 10 GB free on the disk; 1.0 GB a day: full in 10 days; ' +
        'nothing is deleted, there is no limit',
    );
  });

  it('is until a limit is reached', () => {
    const maxSize = [{ camera: undefined, amount: 9e9 }];
    expect(forecastOf({ ...facts, limits: { ...noLimits, maxSize } }).daysLeft).toBe(2);
    const limits = { ...noLimits, minFree: { share: 0.095 } };
    const forecast = forecastOf({ ...facts, limits });
    expect(forecast.daysLeft).toBe(0.5);
    expect(forecastText(forecast, limits)).toMatch(
      /the limit is reached within a day, then the old/,
    );
  });

  it('needs a whole day', () => {
    const forecast = forecastOf({ ...facts, days: new Map(), limits: noLimits });
    expect(forecast.daysLeft).toBeUndefined();
    expect(forecastText(forecast, noLimits)).toContain('the rate is known after a whole day');
  });
});
