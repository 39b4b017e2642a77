/** The header of a report: what a camera did in a stretch of time, and which events ended. Pure. */
import * as v from 'valibot';
import { count, durationMs, epoch, utcOffsetMinutes, wallTimeMs, word } from './fields.js';
import { maxEndedEvents } from './protocol-limits.js';

/** An event that has ended: no further frame belongs to it. */
const endedEvent = v.object({
  /** As in the verdicts of its frames. */
  event: v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/)),
  /** Capture times of its first and last changed frame. */
  firstAtMs: wallTimeMs,
  lastAtMs: wallTimeMs,
  /** Frames that were sent for it. */
  frames: count,
  /** The agent was killed in it, and ends it at its next start: more may have happened. */
  isCut: v.optional(v.literal(true)),
});
export type EndedEvent = v.InferOutput<typeof endedEvent>;
/**
 * What a camera did in a stretch of time: it delivered frames (`watching`), it did not (`failing`), or no agent ran
 * (`off`, stated by the agent that starts after it).
 */
export const cameraStates = ['watching', 'failing', 'off'] as const;
export type CameraState = (typeof cameraStates)[number];

/** A stretch of time in one state: an entry like a frame, sent to a receiver that takes reports. */
export const reportHeader = v.object({
  type: v.literal('report'),
  /** Start and end by the agent's clock. */
  fromMs: wallTimeMs,
  toMs: wallTimeMs,
  /** At its end. */
  utcOffsetMinutes,
  /** A word from `cameraStates`, or one from a newer version. */
  state: word,
  /** Why the camera does not deliver, in printable ASCII. */
  why: v.optional(v.pipe(v.string(), v.regex(/^[ -~]{1,200}$/))),
  /** Frames of the stretch: compared, of these with a change, and not compared: faster than the interval, or damaged. */
  compared: count,
  changed: count,
  skipped: count,
  /** Longest time between two comparisons. */
  longestPauseMs: v.optional(durationMs),
  /** At its end: frames in the spool, and frames dropped since the epoch began. */
  waiting: count,
  /** Capture time of the oldest of them; absent: none waits, or the agent is older than this field. */
  oldestWaitingMs: v.optional(wallTimeMs),
  dropped: count,
  /** Time between two reports of a camera whose state does not change. */
  everyMs: durationMs,
  /** How far the agent's wall clock jumped at `fromMs`. */
  steppedMs: v.optional(v.pipe(v.number(), v.safeInteger())),
  /** The epoch before this one, and its last sequence; in the first report of an epoch. */
  before: v.optional(v.object({ epoch, sequence: count })),
  ended: v.optional(v.pipe(v.array(endedEvent), v.minLength(1), v.maxLength(maxEndedEvents))),
});
export type ReportHeader = v.InferOutput<typeof reportHeader>;
