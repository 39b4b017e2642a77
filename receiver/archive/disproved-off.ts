/**
 * An agent whose state is restored from an older copy does not know what was reported after the copy: at its start it
 * states that no agent ran since then, with a sequence that the receiver knows already. So a report that an agent ran
 * disproves an `off` of the same time when it has the same or a later sequence, and arrived earlier. Where the clock
 * goes back after an `off`, the later report arrives later, or a step is stated between: such an `off` stays. Pure.
 */
import { disjoint, without } from '../store/intervals.js';
import type { ReportEntry } from './record-entry.js';

/** Each is compared with all reports; further ones stay as they are stated. */
const maxDisproved = 100;

/** The reports, where those that are `off` leave out what others disprove. */
export function withoutDisprovedOff(reports: readonly ReportEntry[]): readonly ReportEntry[] {
  if (!reports.some(isOff)) return reports;
  const disproved = new Map<ReportEntry, readonly ReportEntry[]>();
  let later: ReportEntry[] = [];
  let [epoch, stepSequence, firstArrivalMs] = ['', -Infinity, Infinity];
  for (const report of latestFirst(reports)) {
    const { sequence, receivedAtMs, steppedMs = 0 } = report;
    // What follows a step back says nothing of what is before it.
    if (report.epoch !== epoch || sequence < stepSequence) {
      later = [];
      [epoch, stepSequence, firstArrivalMs] = [report.epoch, -Infinity, Infinity];
    }
    if (isLook(report) && receivedAtMs !== undefined) {
      later.push(report);
      firstArrivalMs = Math.min(firstArrivalMs, receivedAtMs);
    } else if (isOff(report) && firstArrivalMs < (receivedAtMs ?? -Infinity)) {
      if (disproved.size < maxDisproved) disproved.set(report, remainder(report, later));
    }
    if (steppedMs < 0) stepSequence = sequence;
  }
  return reports.flatMap((report) => disproved.get(report) ?? [report]);
}

const isOff = ({ state }: ReportEntry): boolean => state === 'off';
const isLook = ({ state }: ReportEntry): boolean => state === 'watching' || state === 'failing';

/** One epoch after the other; of one sequence, `off` last. */
function latestFirst(reports: readonly ReportEntry[]): ReportEntry[] {
  return reports.toSorted((a, b) => {
    if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1;
    return b.sequence - a.sequence || Number(isOff(a)) - Number(isOff(b));
  });
}

/** The parts of an `off` that no look which arrived before it covers. */
function remainder(off: ReportEntry, looks: readonly ReportEntry[]): ReportEntry[] {
  const arrivedAtMs = off.receivedAtMs ?? -Infinity;
  const earlier = looks.filter((look) => (look.receivedAtMs ?? Infinity) < arrivedAtMs);
  const taken = disjoint(earlier.map(({ fromMs: start, toMs: end }) => ({ start, end })));
  return without([{ start: off.fromMs, end: off.toMs }], taken).map(({ start, end }) => {
    return { ...off, fromMs: start, toMs: end };
  });
}
