/**
 * The line of a camera's day: what it did in each moment, from its reports, events and changed frames. Pure.
 *
 * Stretches overlap when the camera's clock goes back: one moment by its clock is then two. Such a moment is what
 * comes first of: changed, not watched, watched and quiet. So overlaps hide nothing, and the durations add up to the day.
 */
import { type Interval, disjoint, holesOf, without } from '../store/intervals.js';

/**
 * - `quiet`: watched, nothing changed
 * - `changed`: an event, or a changed frame
 * - `not-watched`: the camera did not deliver (`failing`), or no agent ran (`off`), or a newer word
 * - `unknown`: no report covers it; `not-yet` at the end of what is reported, `removed` where reports were taken out of
 *   the record with deleted frames, else `no-report`
 * - `before`: before the first report of a new camera
 */
export type StretchState = 'quiet' | 'changed' | 'not-watched' | 'unknown' | 'before';

export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: StretchState;
  readonly cause?: string | undefined;
  /** Why the camera did not deliver, as its agent states it. */
  readonly why?: string | undefined;
}

/** What the line takes from a report. */
export interface Reported {
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: string;
  readonly why?: string | undefined;
  /** Frames with a change. */
  readonly changed: number;
}

export interface DayLineParts {
  /** Start and end of the day; for today the end is now. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly reports: readonly Reported[];
  /** Capture times of the first and the last change of an event, or twice that of a changed frame. */
  readonly changes: readonly (readonly [firstAtMs: number, lastAtMs: number])[];
  /** End of the last report, of this day or a later one; undefined: there is none. */
  readonly reportedToMs: number | undefined;
  /** Start of the first report of a new camera; undefined: it is none. */
  readonly newSinceMs: number | undefined;
  /** Stretches whose reports were taken out of the record. */
  readonly removed?: readonly { readonly fromMs: number; readonly toMs: number }[];
}

interface Piece extends Interval {
  readonly state: StretchState;
  readonly cause?: string | undefined;
  readonly why?: string | undefined;
}

/** The stretches of the day in order, without a hole; two neighbours differ. */
export function dayLine(parts: DayLineParts): Stretch[] {
  const day = { start: parts.fromMs, end: parts.toMs };
  const clip = <Item extends Interval>(item: Item): Item => ({
    ...item,
    start: Math.max(day.start, item.start),
    end: Math.min(day.end, item.end),
  });
  const moments = disjoint(
    parts.changes.map(([first, last]) => clip(changedPiece(first, last + 1))),
  );
  const reported = parts.reports.map((report) => clip(pieceOf(report, moments)));
  const layers = [
    disjoint([...moments, ...reported.filter(({ state }) => state === 'changed')]),
    disjoint(
      reported.filter(({ state }) => state === 'not-watched'),
      (a, b) => order(textOf(a), textOf(b)),
    ),
    disjoint(reported.filter(({ state }) => state === 'quiet')),
    disjoint((parts.removed ?? []).map((each) => clip(removedPiece(each.fromMs, each.toMs)))),
  ];
  let line: Piece[] = [];
  for (const layer of layers) {
    line = [...line, ...without(layer, line)].sort((a, b) => a.start - b.start);
  }
  const unknown = holesOf(line, day).flatMap((hole) => unknownOf(hole, parts));
  return joined([...line, ...unknown].sort((a, b) => a.start - b.start));
}

const changedPiece = (start: number, end: number): Piece => ({ start, end, state: 'changed' });

const removedPiece = (start: number, end: number): Piece => ({
  ...{ start, end, state: 'unknown', cause: 'removed' },
});

/** A report with changes that no frame and no event shows is changed as a whole. @param moments of changes */
function pieceOf(report: Reported, moments: readonly Interval[]): Piece {
  const { fromMs: start, toMs: end, state, why } = report;
  if (state !== 'watching') return { start, end, state: 'not-watched', cause: state, why };
  if (report.changed > 0 && !overlaps(moments, start, end)) return changedPiece(start, end);
  return { start, end, state: 'quiet' };
}

function overlaps(sorted: readonly Interval[], start: number, end: number): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle]?.end ?? 0) <= start) low = middle + 1;
    else high = middle;
  }
  return (sorted[low]?.start ?? Infinity) < end;
}

function unknownOf(hole: Interval, { newSinceMs, reportedToMs }: DayLineParts): Piece[] {
  const startMs = Math.min(Math.max(newSinceMs ?? hole.start, hole.start), hole.end);
  const endMs = Math.min(Math.max(reportedToMs ?? hole.start, startMs), hole.end);
  const pieces: Piece[] = [
    { start: hole.start, end: startMs, state: 'before' },
    { start: startMs, end: endMs, state: 'unknown', cause: 'no-report' },
    { start: endMs, end: hole.end, state: 'unknown', cause: 'not-yet' },
  ];
  return pieces.filter(({ start, end }) => start < end);
}

const textOf = ({ cause = '', why = '' }: Piece): string => `${cause} ${why}`;
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function joined(pieces: readonly Piece[]): Stretch[] {
  const result: Stretch[] = [];
  for (const { start, end, state, cause, why } of pieces) {
    const last = result.at(-1);
    const isSame = last?.state === state && last.cause === cause && last.why === why;
    if (isSame && last.toMs === start) result[result.length - 1] = { ...last, toMs: end };
    else result.push({ fromMs: start, toMs: end, state, cause, why });
  }
  return result;
}
