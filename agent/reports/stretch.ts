/**
 * A stretch of time in which a camera was in one state: what a report states, before it has a sequence. A stretch lies
 * in one day of the camera, and has one offset from UTC. Pure.
 */
import * as v from 'valibot';
import { count } from '../../shared/protocol/fields.js';
import { maxEndedEvents } from '../../shared/protocol/protocol-limits.js';
import { cameraStates, reportHeader } from '../../shared/protocol/report-header.js';

const { fromMs, toMs, utcOffsetMinutes, why, compared, changed, skipped } = reportHeader.entries;
const { longestPauseMs, waiting, oldestWaitingMs, dropped } = reportHeader.entries;
const { steppedMs, ended } = reportHeader.entries;

/** The schema in the state file. Times are those of the agent's wall clock. */
export const stretch = v.object({
  /** Increases from stretch to stretch; a joined stretch has that of its newest part. */
  number: count,
  ...{ fromMs, toMs, utcOffsetMinutes, state: v.picklist(cameraStates), why },
  ...{ compared, changed, skipped, longestPauseMs, steppedMs, ended },
  /** Of the spool of one receiver, at the end of the stretch. */
  ...{ waiting, oldestWaitingMs, dropped },
});
export type Stretch = v.InferOutput<typeof stretch>;

/** This machine's offset from UTC at a wall time, in minutes, east positive. */
export type OffsetAt = (atMs: number) => number;

const dayMs = 86_400_000;
const minuteMs = 60_000;
/** A report's longest pause: `durationMs` of the protocol. */
const maxPauseMs = dayMs;
/** No zone changes its offset twice in this time, and each day is longer. */
const searchStepMs = dayMs / 4;

/** More stretches than these between two reports are turns of a failing camera. */
const maxBetweenReports = 4;
/** Of a report's reason, in characters: `why` of the protocol. */
const maxWhyLength = 200;
const joinedWhy = 'joined with times in another state, since too many reports waited';

/** The number of the local day. */
function dayOf(atMs: number, offsetMinutes: number): number {
  return Math.floor((atMs + offsetMinutes * minuteMs) / dayMs);
}

/** The first moment after `fromMs`, up to `toMs`, of another day or another offset; undefined: there is none. */
export function nextBoundary(fromMs: number, toMs: number, offsetAt: OffsetAt): number | undefined {
  const offsetMinutes = offsetAt(fromMs);
  const day = dayOf(fromMs, offsetMinutes);
  const isSame = (atMs: number): boolean =>
    offsetAt(atMs) === offsetMinutes && dayOf(atMs, offsetMinutes) === day;
  let same = fromMs;
  for (let other = fromMs; other < toMs; same = other) {
    other = Math.min(toMs, same + searchStepMs);
    if (isSame(other)) continue;
    while (other - same > 1) {
      const middle = Math.floor((same + other) / 2);
      if (isSame(middle)) same = middle;
      else other = middle;
    }
    return other;
  }
  return undefined;
}

/** @returns a stretch of no length and without counts */
export function emptyStretch(
  at: Pick<Stretch, 'number' | 'state' | 'why' | 'utcOffsetMinutes'> & { readonly atMs: number },
): Stretch {
  const { atMs, ...rest } = at;
  const counts = { compared: 0, changed: 0, skipped: 0, waiting: 0, dropped: 0 };
  return { ...rest, fromMs: atMs, toMs: atMs, ...counts };
}

/** A pause as a report states it. */
export function pauseMs(ms: number): number {
  return Math.min(maxPauseMs, Math.max(0, Math.round(ms)));
}

/** Whether one stretch can state both without a loss: `next` follows `stretch` without a break. */
export function mayJoin(stretch: Stretch, next: Stretch): boolean {
  return stretch.state === next.state && stretch.why === next.why && isAdjacent(stretch, next);
}

/** Whether one stretch can state the time of both: without a clock step, a midnight or a hole between them. */
export function isAdjacent(stretch: Stretch, next: Stretch): boolean {
  const { utcOffsetMinutes } = stretch;
  return (
    next.steppedMs === undefined &&
    stretch.toMs === next.fromMs &&
    utcOffsetMinutes === next.utcOffsetMinutes &&
    dayOf(stretch.fromMs, utcOffsetMinutes) === dayOf(next.fromMs, utcOffsetMinutes) &&
    hasRoomForEnded(stretch, next)
  );
}

export function hasRoomForEnded({ ended = [] }: Stretch, next: Stretch): boolean {
  return ended.length + (next.ended?.length ?? 0) <= maxEndedEvents;
}

/**
 * One stretch of two adjacent ones. For different states it does not state that the camera was watched.
 * @param why of different states
 */
export function joined(stretch: Stretch, next: Stretch, why = joinedWhy): Stretch {
  const { fromMs, steppedMs } = stretch;
  const all = { ...next, ...summed(stretch, next), fromMs, steppedMs };
  const isSame = stretch.state === next.state && stretch.why === next.why;
  return isSame ? all : { ...all, state: 'failing', why };
}

/**
 * The stretches between two reports, in order. When the camera fails and delivers in turns, as one with a loose plug
 * does each second, they become one that does not state that it was watched: records stay small.
 */
export function withoutTurns(stretches: readonly Stretch[]): readonly Stretch[] {
  const reason = stretches.findLast(({ state }) => state === 'failing')?.why;
  if (stretches.length <= maxBetweenReports || reason === undefined) return stretches;
  const why = `fails and delivers in turns: ${reason}`.slice(0, maxWhyLength);
  const result: Stretch[] = [];
  for (const next of stretches) {
    const last = result.at(-1);
    if (last === undefined || !isAdjacent(last, next)) result.push(next);
    else result[result.length - 1] = joined(last, next, why);
  }
  return result;
}

/** `next` with the counts and events of `stretch`, whose time becomes unknown. */
export function absorbed(stretch: Stretch, next: Stretch): Stretch {
  const jumpMs = (stretch.steppedMs ?? 0) + (next.steppedMs ?? 0);
  const steppedMs = jumpMs === 0 ? undefined : jumpMs;
  return { ...next, ...summed(stretch, next), steppedMs };
}

function summed(stretch: Stretch, next: Stretch) {
  const ended = [...(stretch.ended ?? []), ...(next.ended ?? [])];
  const pauses = [stretch.longestPauseMs, next.longestPauseMs].filter((ms) => ms !== undefined);
  return {
    compared: stretch.compared + next.compared,
    changed: stretch.changed + next.changed,
    skipped: stretch.skipped + next.skipped,
    longestPauseMs: pauses.length === 0 ? undefined : Math.max(...pauses),
    ended: ended.length === 0 ? undefined : ended,
  };
}
