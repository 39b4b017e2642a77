/** What the time line needs of a day, without its frames one by one: some ten thousand bytes. Pure. */
import { frameFlags } from '../../archive/day-columns.js';
import { CameraReports } from '../../archive/camera-reports.js';
import type { Offset } from '../../archive/camera-zone.js';
import type { Reported } from '../../archive/day-line.js';
import { DayRemovals } from '../../archive/day-removals.js';
import { withoutDisprovedOff } from '../../archive/disproved-off.js';
import type { ReportEntry } from '../../archive/record-entry.js';
import type { EndedEvent } from '../../../shared/protocol/report-header.js';
import { Minutes } from './minutes.js';
import type { DayRows, RowEvent } from './day-rows.js';

/** The latest of what a report says of its camera. */
export type ReportMoment = Pick<
  ReportEntry,
  'fromMs' | 'toMs' | 'state' | 'why' | 'everyMs' | 'receivedAtMs' | 'clockErrorMs' | 'epoch'
>;

export interface DaySummary {
  /** `2026_11_22` */
  readonly day: string;
  /** Captures of its first and last frame; undefined: it has none. */
  readonly span: { readonly fromMs: number; readonly toMs: number } | undefined;
  readonly minutes: Minutes;
  readonly frames: number;
  readonly changed: number;
  /** Events with a change. */
  readonly events: number;
  readonly strongest: number;
  /** In order of time; empty: the record has no entry. */
  readonly offsets: readonly Offset[];
  readonly reports: readonly Reported[];
  /** Captures of changed frames without an event. */
  readonly changes: readonly number[];
  /** The part of each event that is in this day. */
  readonly eventParts: readonly Omit<RowEvent, 'best'>[];
  readonly ended: readonly EndedEvent[];
  readonly removed: readonly { readonly fromMs: number; readonly toMs: number }[];
  readonly firstReport: ReportMoment | undefined;
  readonly lastReport: ReportMoment | undefined;
  readonly lastArrived: ReportMoment | undefined;
  /** The first report is that of a new camera: no number is before it, and it states no earlier epoch. */
  readonly isBeginning: boolean;
}

const maxReports = 100_000;

export function summaryOf(rows: DayRows): DaySummary {
  const { order, index } = rows;
  const { columns } = index.columns;
  const first = order[0];
  const last = order.at(-1);
  const span =
    first === undefined || last === undefined
      ? undefined
      : { fromMs: rows.at(first), toMs: rows.at(last) };
  const minutes = new Minutes(span);
  const changes: number[] = [];
  let [changed, strongest] = [0, 0];
  for (const row of order) {
    const isChanged = ((columns.flags[row] ?? 0) & frameFlags.changed) !== 0;
    const strength = columns.strength[row] ?? 0;
    minutes.add(rows.at(row), isChanged, strength);
    if (strength > strongest) strongest = strength;
    if (!isChanged) continue;
    changed += 1;
    if (columns.event[row] === 0) changes.push(rows.at(row));
  }
  const reports = new CameraReports(maxReports);
  for (const report of index.reports) if (report.camera === rows.camera) reports.add(report, true);
  const ended = reports.listed().flatMap((report) => report.ended);
  const removals = new DayRemovals();
  for (const note of index.notes) removals.add(note, () => true);
  const events = rows.events.filter(({ firstAtMs }) => firstAtMs < Infinity);
  return {
    ...{ day: rows.day, span, minutes, changed, strongest, frames: order.length },
    ...{
      events: events.length,
      offsets: offsetsOf(rows),
      changes,
      ended,
    },
    eventParts: rows.events.map(({ event, firstAtMs, lastAtMs, frames }) => {
      return { event, firstAtMs, lastAtMs, frames };
    }),
    reports: joined(withoutDisprovedOff(reports.listed())),
    removed: removals
      .result(-Infinity, Infinity)
      .summaries.filter((each) => each.reports > 0)
      .map(({ fromMs, toMs }) => ({ fromMs, toMs })),
    firstReport: reports.first,
    lastReport: reports.last,
    lastArrived: reports.lastArrived,
    isBeginning: reports.first !== undefined && isBeginning(rows, reports.first.epoch),
  };
}

/** Reports without a change that say the same one after another, as one: a quiet night has one, not hundreds. */
function joined(reports: readonly ReportEntry[]): Reported[] {
  const found: (Reported & { toMs: number })[] = [];
  for (const { fromMs, toMs, state, why, changed } of reports) {
    const last = found.at(-1);
    const isSame = last?.state === state && last.why === why && last.changed + changed === 0;
    if (isSame && last.fromMs <= fromMs && fromMs <= last.toMs) {
      last.toMs = Math.max(last.toMs, toMs);
    } else found.push({ fromMs, toMs, state, why, changed });
  }
  return found;
}

/** Each change of the offset that frames and reports state. */
function offsetsOf({ index, order }: DayRows): Offset[] {
  const { capturedAtMs, utcOffsetMinutes } = index.columns.columns;
  const found: Offset[] = [];
  const add = (fromMs: number, offset: number): void => {
    if (found.at(-1)?.utcOffsetMinutes !== offset) found.push({ fromMs, utcOffsetMinutes: offset });
  };
  for (const row of order) add(capturedAtMs[row] ?? 0, utcOffsetMinutes[row] ?? 0);
  const reported: Offset[] = [...index.reports, ...index.gaps].map((each) => {
    return { fromMs: each.fromMs, utcOffsetMinutes: each.utcOffsetMinutes };
  });
  const all = [...found, ...reported].sort((a, b) => a.fromMs - b.fromMs);
  return all.filter((each, place) => all[place - 1]?.utcOffsetMinutes !== each.utcOffsetMinutes);
}

/** Whether the first number of an epoch is known, and no earlier epoch. */
function isBeginning({ index }: DayRows, epoch: string): boolean {
  const { columns, tables, length } = index.columns;
  const number = tables.epoch.indexOf(epoch) + 1;
  let least = Infinity;
  for (let row = 0; row < length; row += 1) {
    if (number > 0 && columns.epoch[row] === number) {
      least = Math.min(least, columns.sequence[row] ?? Infinity);
    }
  }
  for (const each of [...index.gaps, ...index.reports]) {
    if (each.epoch === epoch) least = Math.min(least, each.sequence);
  }
  for (const { epoch: id, sequences = [] } of index.gaps) {
    if (id === epoch) for (const [from] of sequences) least = Math.min(least, from);
  }
  const hasBefore = index.reports.some((each) => each.epoch === epoch && each.before !== undefined);
  return !hasBefore && least <= 1;
}
