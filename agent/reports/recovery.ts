/** What the last process left, read at the start of the next one. Pure. */
import { cameraStates } from '../../shared/protocol/report-header.js';
import type { SpooledReport } from '../spool/entry.js';
import type { ReceiverState, ReportState } from './report-state.js';
import { type Moment, type RecorderState, StretchRecorder } from './stretch-recorder.js';
import { type OffsetAt, emptyStretch } from './stretch.js';

/**
 * The last stretch, as far as known. A report may be in the spool that the state file does not know, since the process
 * was killed between both writes: its end is then the last known moment.
 */
export function lastKnown(
  saved: ReportState | undefined,
  spooled: readonly SpooledReport[],
): RecorderState | undefined {
  const newest = spooled.reduce<SpooledReport | undefined>(
    (best, report) => (report.number > (best?.number ?? 0) ? report : best),
    undefined,
  );
  const current = saved?.current;
  if (newest === undefined || newest.number < (current?.current.number ?? 0)) return current;
  const { utcOffsetMinutes, why, toMs: atMs } = newest;
  const state = cameraStates.find((each) => each === newest.state) ?? 'off';
  const number = newest.number + 1;
  return {
    current: emptyStretch({ number, state, why, utcOffsetMinutes, atMs }),
    sinceComparedMs: 0,
  };
}

/** The state for each receiver. A new one continues that of one that is not configured any more: it was renamed. */
export function receiverStates(
  saved: ReportState['receivers'],
  names: readonly string[],
): ReadonlyMap<string, ReceiverState> {
  const states = new Map(Object.entries(saved));
  const removed = [...states].filter(([name]) => !names.includes(name));
  const longest = removed.sort(([, a], [, b]) => b.stretches.length - a.stretches.length)[0];
  const isInherited = longest !== undefined && names.some((name) => !states.has(name));
  if (!isInherited) return states;
  const [oldName, state] = longest;
  for (const name of names) if (!states.has(name)) states.set(name, state);
  states.delete(oldName);
  return states;
}

export interface Resumed {
  readonly recorder: StretchRecorder;
  /** One-shot runs: the time since the last run. */
  readonly pauseMs: number | undefined;
  /** False: no agent ran until now. */
  readonly isContinued: boolean;
}

/**
 * @param everyMs one-shot runs: a shorter pause, or one that is not much longer than the one before, is watched;
 *   undefined: this is not a one-shot run
 */
export function resumeRecorder(
  saved: ReportState | undefined,
  last: RecorderState | undefined,
  at: Moment,
  offsetAt: OffsetAt,
  everyMs: number | undefined,
): Resumed {
  const number = Math.max(saved?.nextNumber ?? 1, (last?.current.number ?? 0) + 1);
  const recorder = new StretchRecorder(offsetAt, at, number);
  if (last === undefined) return { recorder, pauseMs: undefined, isContinued: false };
  const pauseMs = at.wallMs - last.current.toMs;
  const longestMs = Math.max(3 * (saved?.pauseMs ?? 0), everyMs ?? 0);
  const isContinued = everyMs !== undefined && pauseMs >= 0 && pauseMs <= longestMs;
  if (isContinued) recorder.resume(last);
  return { recorder, pauseMs: Math.max(0, pauseMs), isContinued };
}
