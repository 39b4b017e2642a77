/** What a camera did in each moment of a stretch of time, from the summaries of its days. Pure. */
import { CameraEvents } from '../../archive/camera-events.js';
import { type Offset, localMsAt } from '../../archive/camera-zone.js';
import { type Stretch, dayLine } from '../../archive/day-line.js';
import type { DaySummary } from './day-summary.js';

const dayMs = 86_400_000;
const minuteMs = 60_000;

export interface CameraFacts {
  /** Of the newest day, by its last report. */
  readonly reportedToMs: number | undefined;
  readonly clockErrorMs: number | undefined;
  /** Start of the first report of a new camera; undefined: it is none, or its first days are gone. */
  readonly newSinceMs: number | undefined;
  readonly doesReport: boolean;
}

/**
 * The stretches between two moments, without a hole until now.
 * @param days that touch the stretch, with one more on each side, in order
 * @returns empty for a camera that does not report
 */
export function statesOf(
  days: readonly DaySummary[],
  camera: CameraFacts,
  { fromMs, toMs, nowMs }: { fromMs: number; toMs: number; nowMs: number },
): Stretch[] {
  const { reportedToMs, newSinceMs, doesReport, clockErrorMs = 0 } = camera;
  if (!doesReport) return [];
  // Now, by the camera's clock.
  const endMs = Math.min(toMs, Math.max(nowMs + clockErrorMs, reportedToMs ?? fromMs));
  if (endMs <= fromMs) return [];
  const isIn = (each: { fromMs: number; toMs: number }): boolean =>
    each.fromMs < endMs && each.toMs > fromMs;
  return dayLine({
    ...{ fromMs, toMs: endMs, reportedToMs, newSinceMs },
    reports: days.flatMap(({ reports }) => reports.filter(isIn)),
    changes: changesOf(days).filter(([first, last]) => first < endMs && last >= fromMs),
    removed: days.flatMap(({ removed }) => removed.filter(isIn)),
  });
}

/** First and last change of each event, which may last over midnight, and of each changed frame without one. */
function changesOf(
  days: readonly DaySummary[],
): (readonly [firstAtMs: number, lastAtMs: number])[] {
  const events = new CameraEvents();
  for (const { eventParts, ended } of days) {
    for (const { event, ...part } of eventParts) events.addFrames(event, part);
    for (const each of ended) events.addEnd(each);
  }
  const single = days.flatMap(({ changes }) => changes.map((atMs) => [atMs, atMs] as const));
  return [...events.spans(), ...single];
}

/** Stretches that a step cannot show are taken by what is before them. */
export function coarse(stretches: readonly Stretch[], stepMs: number): Stretch[] {
  const result: Stretch[] = [];
  for (const stretch of stretches) {
    const { fromMs, toMs, state } = stretch;
    const last = result.at(-1);
    // What changed is drawn by its strength.
    const shown = state === 'changed' && toMs - fromMs < stepMs ? watched(stretch) : stretch;
    const isShort = toMs - fromMs < stepMs / 4 && shown.state !== 'quiet';
    if (last !== undefined && (isShort || isSame(last, shown))) {
      result[result.length - 1] = { ...last, toMs };
    } else result.push(shown);
  }
  return result;
}

const watched = ({ fromMs, toMs }: Stretch): Stretch => ({ fromMs, toMs, state: 'quiet' });
const isSame = (a: Stretch, b: Stretch): boolean =>
  a.state === b.state && a.cause === b.cause && a.why === b.why && a.toMs === b.fromMs;

/** Midnight of a folder's day, as if its zone were UTC. @param day `2026_11_22` */
export function localMidnight(day: string): number {
  return Date.parse(`${day.replaceAll('_', '-')}T00:00:00Z`);
}

/** Names of days have a year of four digits. */
const [leastMs, mostMs] = [Date.UTC(1000, 0, 1), Date.UTC(9999, 11, 31)];

/** `2026_11_22`. @param localMs as if its zone were UTC */
export function dayAt(localMs: number): string {
  const nearMs = Math.min(Math.max(localMs, leastMs), mostMs);
  return new Date(nearMs).toISOString().slice(0, 10).replaceAll('-', '_');
}

/**
 * Start and end of a local day: a midnight has the offset of the nearest entry before it, else that after it.
 * @param offsets in order of time; at least one
 */
export function windowOf(
  day: string,
  offsets: readonly Offset[],
): { fromMs: number; toMs: number } {
  const localMs = localMidnight(day);
  return { fromMs: utcOf(localMs, offsets), toMs: utcOf(localMs + dayMs, offsets) };
}

/** The moment of a local time; of the two in the hour that a clock repeats, the first. */
export function utcOf(localMs: number, offsets: readonly Offset[]): number {
  for (const [place, { utcOffsetMinutes }] of offsets.entries()) {
    const atMs = localMs - utcOffsetMinutes * minuteMs;
    const next = offsets[place + 1];
    if (next === undefined || atMs < next.fromMs) return atMs;
  }
  return localMs;
}

export const localDayAt = (atMs: number, offsets: readonly Offset[]): string =>
  dayAt(localMsAt(atMs, offsets));
