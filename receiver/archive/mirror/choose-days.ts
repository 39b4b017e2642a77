/** Which days of a camera a report needs. Pure. */
import type { ChooseDays } from './record-mirror.js';

/** Days before the range in which the gap of a missing number may be. */
const earlierDays = 32;
/** What arrived last may be in any of the newest days. */
const newestDays = 3;

/** @param from first day of the range, `2026_11_22` @param to its last day */
export function daysForReport(from: string, to: string): ChooseDays {
  return (days) => {
    const dateOf = (day: string): string => day.slice(day.lastIndexOf('/') + 1);
    const before = days.filter((day) => dateOf(day) < from);
    const after = days.filter((day) => dateOf(day) > to);
    const inRange = days.filter((day) => from <= dateOf(day) && dateOf(day) <= to);
    return [
      ...before.slice(-earlierDays),
      ...inRange,
      ...after.slice(0, 1),
      ...after.slice(1).slice(-newestDays),
    ];
  };
}
