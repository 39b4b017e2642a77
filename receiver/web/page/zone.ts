/** Local times of a camera, or of the reader. Days are texts such as `2026-11-26`. Pure. */
import type { TimelineAnswer } from '../api-types.js';

/** Minutes east of UTC at a moment. */
export type Zone = (at: number) => number;
export type Offsets = TimelineAnswer['offsets'];

const [minuteMs, dayMs] = [60_000, 86_400_000];
const dayNames = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const monthNames = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
];

/** @param otherwise where no offset is known */
export function zoneOfOffsets(offsets: Offsets, otherwise: number): Zone {
  const sorted = [...offsets].sort((a, b) => a.from - b.from);
  return (at) => {
    const entry = sorted.findLast(({ from }) => from <= at) ?? sorted[0];
    return entry?.offset ?? otherwise;
  };
}

/** Adds offsets that are known of another stretch; each change is kept once. */
export function joinOffsets(known: Offsets, more: Offsets): Offsets {
  const byFrom = new Map([...known, ...more].map((entry) => [entry.from, entry]));
  const sorted = [...byFrom.values()].sort((a, b) => a.from - b.from);
  return sorted.filter((entry, index) => entry.offset !== sorted[index - 1]?.offset);
}

/** Of the machine that runs the page. */
export const readerZone: Zone = (at) => -new Date(at).getTimezoneOffset();

const wall = (at: number, zone: Zone): Date => new Date(at + zone(at) * minuteMs);
const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0');

export function timeText(at: number, zone: Zone, precision: 'min' | 's' | 'ms' = 's'): string {
  const date = wall(at, zone);
  const minutes = `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}`;
  if (precision === 'min') return minutes;
  const seconds = `${minutes}:${pad(date.getUTCSeconds())}`;
  return precision === 's' ? seconds : `${seconds}.${pad(date.getUTCMilliseconds(), 3)}`;
}

export const dayOf = (at: number, zone: Zone): string => wall(at, zone).toISOString().slice(0, 10);

/** `Thu 26 November 2026`; without the year for `short`, and with a short month. */
export function dayText(day: string, form: 'long' | 'short' = 'long'): string {
  const date = new Date(`${day}T00:00:00Z`);
  const month = monthNames[date.getUTCMonth()] ?? '';
  const start = `${dayNames[date.getUTCDay()] ?? ''} ${date.getUTCDate()}`;
  return form === 'short'
    ? `${start} ${month.slice(0, 3)}`
    : `${start} ${month} ${date.getUTCFullYear()}`;
}

export const monthText = (day: string): string =>
  `${monthNames[Number(day.slice(5, 7)) - 1] ?? ''} ${day.slice(0, 4)}`;

export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * dayMs).toISOString().slice(0, 10);
}

/** First day of the month that is `count` months after that of a day. */
export function addMonths(day: string, count: number): string {
  const [year = 1970, month = 1] = day.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1 + count, 1)).toISOString().slice(0, 10);
}

/** The moment of a local time; where the clock leaps over it, that much after the leap. */
export function momentOf(day: string, time: string, zone: Zone): number | undefined {
  const local = Date.parse(`${day}T${time.length === 5 ? `${time}:00` : time}Z`);
  // A day such as 31 February is taken as one of March: it is none.
  const isDay = Number.isFinite(local) && new Date(local).toISOString().startsWith(day);
  if (!isDay) return undefined;
  // The offset before the moment, and that after it: one of them holds, or none in the leap.
  const [early, late] = [local - 86_400_000, local + 86_400_000].map((at) => zone(at)) as [
    number,
    number,
  ];
  const first = local - early * minuteMs;
  if (zone(first) === early) return first;
  const second = local - late * minuteMs;
  return zone(second) === late ? second : first;
}

export const dayStart = (day: string, zone: Zone): number => momentOf(day, '00:00:00', zone) ?? 0;

/** The same local time some days away. */
export function shiftDays(at: number, count: number, zone: Zone): number {
  const date = wall(at, zone).toISOString();
  return momentOf(addDays(date.slice(0, 10), count), date.slice(11, 23), zone) ?? at;
}

/** `UTC+2`, `UTC−3:30`. */
export function offsetText(offset: number): string {
  if (offset === 0) return 'UTC';
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  return `UTC${offset < 0 ? '−' : '+'}${hours}${minutes === 0 ? '' : `:${pad(minutes)}`}`;
}

/** The days of the weeks that show a month, Monday first; null: another month's. */
export function monthGrid(day: string): (string | null)[][] {
  const first = `${day.slice(0, 7)}-01`;
  const lead = (new Date(`${first}T00:00:00Z`).getUTCDay() + 6) % 7;
  const count = Math.round((Date.parse(addMonths(first, 1)) - Date.parse(first)) / dayMs);
  const cells = Array.from({ length: Math.ceil((lead + count) / 7) * 7 }, (_, index) => {
    const number = index - lead;
    return number < 0 || number >= count ? null : addDays(first, number);
  });
  return Array.from({ length: cells.length / 7 }, (_, week) => cells.slice(week * 7, week * 7 + 7));
}
