/** Local times and days: over daylight saving, of cameras in any zone. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Zone,
  addDays,
  addMonths,
  dayOf,
  dayStart,
  dayText,
  joinOffsets,
  momentOf,
  monthGrid,
  monthText,
  offsetText,
  shiftDays,
  timeText,
  zoneOfOffsets,
} from '../../../../receiver/web/page/zone.js';

const hourMs = 3_600_000;
const [spring, autumn] = [Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1)];
/** As in Berlin. */
const berlin: Zone = zoneOfOffsets(
  [
    { from: 0, offset: 60 },
    { from: spring, offset: 120 },
    { from: autumn, offset: 60 },
  ],
  0,
);

describe('local times', () => {
  it('follow the offset of each moment', () => {
    expect(timeText(autumn - 1000, berlin)).toBe('02:59:59');
    expect(timeText(autumn, berlin)).toBe('02:00:00');
    expect(timeText(spring, berlin, 'min')).toBe('03:00');
    expect(timeText(spring - 1, berlin, 'ms')).toBe('01:59:59.999');
  });

  it('have days of 23, 24 and 25 hours', () => {
    const length = (day: string): number =>
      (dayStart(addDays(day, 1), berlin) - dayStart(day, berlin)) / hourMs;
    expect(length('2026-03-29')).toBe(23);
    expect(length('2026-06-01')).toBe(24);
    expect(length('2026-10-25')).toBe(25);
  });

  it('find the moment of a local time again', () => {
    const moments = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2026, 11, 31) });
    fc.assert(
      fc.property(moments, (at) => {
        const [day, time] = [dayOf(at, berlin), timeText(at, berlin, 'ms')];
        const found = momentOf(day, time, berlin) ?? NaN;
        // The hour that comes twice: its first one.
        const isTwice = at >= autumn && at < autumn + hourMs;
        expect(found).toBe(isTwice ? at - hourMs : at);
      }),
    );
  });

  it('leap over the hour that does not exist, and refuse what is no time', () => {
    expect(timeText(momentOf('2026-03-29', '02:30:00', berlin) ?? 0, berlin)).toBe('03:30:00');
    expect(momentOf('2026-02-31', '10:00', berlin)).toBeUndefined();
    expect(momentOf('', '10:00', berlin)).toBeUndefined();
  });

  it('stay the same some days away, over a change of the clock', () => {
    const at = autumn - 12 * hourMs;
    const next = shiftDays(at, 1, berlin);
    expect(timeText(next, berlin)).toBe(timeText(at, berlin));
    expect(next - at).toBe(25 * hourMs);
  });
});

describe('offsets', () => {
  it('hold from their moment on, the first one also before', () => {
    const zone = zoneOfOffsets([{ from: 1000, offset: 60 }], 0);
    expect([zone(0), zone(2000)]).toEqual([60, 60]);
    expect(zoneOfOffsets([], 120)(5)).toBe(120);
  });

  it('of several answers are joined', () => {
    const joined = joinOffsets(
      [{ from: 10, offset: 60 }],
      [
        { from: 5, offset: 60 },
        { from: 20, offset: 120 },
      ],
    );
    expect(joined).toEqual([
      { from: 5, offset: 60 },
      { from: 20, offset: 120 },
    ]);
  });

  it('are written as distances from UTC', () => {
    expect([0, 120, -210].map(offsetText)).toEqual(['UTC', 'UTC+2', 'UTC−3:30']);
  });
});

describe('days and months', () => {
  it('are written in words', () => {
    expect(dayText('2026-11-26')).toBe('Thu 26 November 2026');
    expect(dayText('2026-11-26', 'short')).toBe('Thu 26 Nov');
    expect(monthText('2026-11-26')).toBe('November 2026');
    expect(addMonths('2026-01-31', -1)).toBe('2025-12-01');
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
  });

  it('make weeks that begin on Monday', () => {
    const weeks = monthGrid('2026-11-26');
    expect(weeks[0]?.findIndex((day) => day !== null)).toBe(6);
    expect(weeks.flat().filter((day) => day !== null)).toHaveLength(30);
    expect(
      monthGrid('2024-02-10')
        .flat()
        .findLast((day) => day !== null),
    ).toBe('2024-02-29');
    for (const week of weeks) expect(week).toHaveLength(7);
  });
});
