/**
 * Finds the end of each event from the verdicts on decided frames, with the rule of the event recorder: an event ends
 * when a frame comes at least the event gap after its last change, or when another event begins. Pure.
 */
import * as v from 'valibot';
import type { EndedEvent } from '../../shared/protocol/report-header.js';
import { count, durationMs, wallTimeMs } from '../../shared/protocol/fields.js';
import { type Verdict, isSent } from '../events/verdict.js';

/** An event that has not ended: the schema in the state file. */
export const openEvent = v.object({
  event: v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/)),
  /** Capture times of its first and last changed frame. */
  firstAtMs: wallTimeMs,
  lastAtMs: wallTimeMs,
  /** False: `firstAtMs` is that of a frame before its first change. */
  hasChange: v.boolean(),
  /** Frames that were sent for it. */
  frames: count,
  /** Capture time of the last frame, of this event or not. */
  seenAtMs: wallTimeMs,
  sinceChangeMs: durationMs,
});
export type OpenEvent = v.InferOutput<typeof openEvent>;

const maxSinceMs = 86_400_000;

export class EventTracker {
  readonly #eventGapMs: number;
  #open: OpenEvent | undefined;

  constructor(eventGapMs: number, open?: OpenEvent) {
    this.#eventGapMs = eventGapMs;
    this.#open = open;
  }

  get open(): OpenEvent | undefined {
    return this.#open;
  }

  /** Takes the next frame that is decided, in the order of capture. @returns the event that ended before it */
  judged(capturedAtMs: number, verdict: Verdict): EndedEvent | undefined {
    const atMs = Math.round(capturedAtMs);
    const open = this.#open && aged(this.#open, atMs);
    const isOther = verdict.event !== undefined && verdict.event !== open?.event;
    const isOver = verdict.event === undefined && (open?.sinceChangeMs ?? 0) >= this.#eventGapMs;
    const hasEnded = open !== undefined && (isOther || isOver);
    this.#open = withFrame(hasEnded ? undefined : open, atMs, verdict);
    return hasEnded ? endOf(open) : undefined;
  }

  /** Ends the open event: no further frame belongs to it. @param isCut the agent was killed in it */
  finish(isCut = false): EndedEvent | undefined {
    const open = this.#open;
    this.#open = undefined;
    return open && { ...endOf(open), ...(isCut && { isCut }) };
  }
}

/** A step of the clock counts as no time, as in the event recorder. */
function aged(open: OpenEvent, atMs: number): OpenEvent {
  const elapsedMs = Math.max(0, atMs - open.seenAtMs);
  const sinceChangeMs = Math.min(maxSinceMs, open.sinceChangeMs + elapsedMs);
  return { ...open, seenAtMs: atMs, sinceChangeMs };
}

function withFrame(
  open: OpenEvent | undefined,
  atMs: number,
  verdict: Verdict,
): OpenEvent | undefined {
  const { event, changed } = verdict;
  if (event === undefined) return open;
  const isFirstChange = changed && open?.hasChange !== true;
  return {
    event,
    firstAtMs: isFirstChange ? atMs : (open?.firstAtMs ?? atMs),
    lastAtMs: changed ? atMs : (open?.lastAtMs ?? atMs),
    hasChange: changed || open?.hasChange === true,
    frames: (open?.frames ?? 0) + (isSent(verdict) ? 1 : 0),
    seenAtMs: atMs,
    sinceChangeMs: changed ? 0 : (open?.sinceChangeMs ?? 0),
  };
}

function endOf({ event, firstAtMs, lastAtMs, frames }: OpenEvent): EndedEvent {
  return { event, firstAtMs, lastAtMs, frames };
}
