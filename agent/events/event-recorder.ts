/**
 * Event recorder: groups detections into events and decides which frames are sent. A frame that is undecided until
 * a later one comes is buffered; decisions are returned in the order of capture. Times are differences between
 * neighbouring frames, so that a clock that jumps affects one step only. Pure.
 */
import type { Reason } from '../../shared/protocol/messages.js';
import type { Detection, Verdict } from './verdict.js';

export interface RecorderSettings {
  /** Changes less than this apart are one event, milliseconds; at least three intervals of the camera. */
  readonly eventGapMs: number;
  /** Changes that have not lasted so long begin no event, milliseconds; 0: the first one does. */
  readonly minDurationMs: number;
  /** Frames before an event's first change that are sent with it. */
  readonly before: number;
  /** Quiet frames that are sent after an event's last change so far. */
  readonly after: number;
  /** A quiet frame is sent when the last one that was sent is at least so old, milliseconds; 0: never. */
  readonly keepEveryMs: number;
}

/** What the next process needs to continue. */
export interface RecorderState {
  /** Of the last frame, wall time. */
  readonly capturedAtMs: number;
  /** The latest event, over or not. */
  readonly event?: ChangeRun | undefined;
  /** Changes that have not lasted long enough yet. */
  readonly pending?: PendingRun | undefined;
  /** Quiet frames that are still to be sent after the event's last change. */
  readonly afterLeft: number;
  /** Since the last frame that was sent, or is held to be. */
  readonly sinceKeptMs: number;
}

interface ChangeRun {
  /** Wall milliseconds of its first change. */
  readonly id: string;
  readonly sinceChangeMs: number;
}

interface PendingRun extends ChangeRun {
  /** From its first change to its last. */
  readonly durationMs: number;
}

/** A frame that is not decided yet. */
export interface Buffered<F> {
  readonly frame: F;
  readonly capturedAtMs: number;
  readonly detection: Detection;
  readonly byteCount: number;
  /** It was captured after the pending changes began. */
  readonly isPending: boolean;
  /** It is sent in any case, for `--keep-every`. */
  readonly isDue: boolean;
}

export interface Decided<F> {
  readonly frame: F;
  /** Wall time. */
  readonly capturedAtMs: number;
  readonly verdict: Verdict;
}

/** Upper limit for the JPEGs in the buffer, bytes; beyond it frames are decided early. */
export const maxBufferedBytes = 16 * 1024 * 1024;
/** Upper limit for frames that wait for `--min-duration`: 40 s at 25 frames a second. */
export const maxPendingFrames = 1000;
/** Changes may pause for this share of `--min-duration` without beginning anew. */
const maxPauseShare = 1 / 2;

export class EventRecorder<F> {
  readonly #settings: RecorderSettings;
  #state: RecorderState | undefined;
  /** In the order of capture; those that are pending are the last. */
  #buffered: Buffered<F>[];

  /**
   * @param state of an earlier recorder, which this one takes over
   * @param held what that one held; frames of it may be missing
   */
  constructor(
    settings: RecorderSettings,
    state?: RecorderState,
    buffered: readonly Buffered<F>[] = [],
  ) {
    this.#settings = settings;
    this.#state = state;
    this.#buffered = [...buffered];
    if (state?.pending === undefined) this.#clearPending();
  }

  /** Undefined before the first frame. */
  get state(): RecorderState | undefined {
    return this.#state;
  }

  /** Frames that are not decided yet, in the order of capture. */
  get buffered(): readonly Buffered<F>[] {
    return this.#buffered;
  }

  /**
   * Takes the next frame.
   * @param capturedAtMs wall time; a clock that jumps does no lasting harm
   * @param byteCount what buffering the frame costs, see `maxBufferedBytes`
   * @returns the frames that are decided by it, in the order of capture; each frame comes once
   */
  push(frame: F, capturedAtMs: number, detection: Detection, byteCount = 0): readonly Decided<F>[] {
    const elapsedMs = Math.max(0, capturedAtMs - (this.#state?.capturedAtMs ?? capturedAtMs));
    const state = advance(this.#state ?? atStart, capturedAtMs, elapsedMs);
    const taken = { frame, capturedAtMs, detection, byteCount, isPending: false, isDue: false };
    switch (detection.kind) {
      case 'first': {
        this.#state = { ...atStart, capturedAtMs };
        return [...this.finish(), decide(taken, 'first')];
      }
      case 'quiet':
        return this.#takeQuiet(taken, state, elapsedMs);
      case 'change':
      case 'scene':
        return this.#takeChange(taken, detection.kind, state);
    }
  }

  /** Decides on the buffered frames at the end. */
  finish(): readonly Decided<F>[] {
    return this.#buffered.splice(0).map(emitUnwanted);
  }

  #takeQuiet(taken: Buffered<F>, state: RecorderState, elapsedMs: number): readonly Decided<F>[] {
    const { eventGapMs, minDurationMs, after, keepEveryMs } = this.#settings;
    const afterLeft = Math.min(state.afterLeft, after);
    // Where frames were missing for long, the next one is no sequel.
    if (state.event !== undefined && afterLeft > 0 && elapsedMs < eventGapMs) {
      this.#state = { ...state, afterLeft: afterLeft - 1, sinceKeptMs: 0 };
      return [decide(taken, 'after', state.event.id)];
    }
    const isDue = keepEveryMs > 0 && state.sinceKeptMs >= keepEveryMs;
    const { pending } = state;
    const isPending =
      pending !== undefined &&
      pending.sinceChangeMs < eventGapMs &&
      pending.sinceChangeMs <= maxPauseShare * minDurationMs;
    this.#state = {
      ...state,
      pending: isPending ? pending : undefined,
      afterLeft: 0,
      sinceKeptMs: isDue ? 0 : state.sinceKeptMs,
    };
    if (!isPending) this.#clearPending();
    this.#buffered.push({ ...taken, isPending, isDue });
    return [...this.#emitOld(), ...(this.#isFull() ? this.#begin() : [])];
  }

  #takeChange(
    taken: Buffered<F>,
    kind: 'change' | 'scene',
    state: RecorderState,
  ): readonly Decided<F>[] {
    const { eventGapMs, minDurationMs, after } = this.#settings;
    const { event, pending } = state;
    if (event !== undefined && event.sinceChangeMs < eventGapMs) {
      const goesOn = { ...event, sinceChangeMs: 0 };
      this.#state = { ...state, event: goesOn, afterLeft: after, sinceKeptMs: 0 };
      return [...this.finish(), decide(taken, kind, event.id)];
    }
    const isSequel = pending !== undefined && pending.sinceChangeMs < eventGapMs;
    if (!isSequel) this.#clearPending();
    const run: PendingRun = isSequel
      ? { ...pending, durationMs: pending.durationMs + pending.sinceChangeMs, sinceChangeMs: 0 }
      : // No two events of a camera begin in the same millisecond, and the next process makes no other id.
        { id: String(Math.trunc(taken.capturedAtMs)), durationMs: 0, sinceChangeMs: 0 };
    this.#state = { ...state, pending: run, afterLeft: 0 };
    this.#buffered.push({ ...taken, isPending: true });
    // Light that is switched lasts for one frame, and nobody takes it for an insect.
    const isLongEnough = kind === 'scene' || run.durationMs >= minDurationMs;
    const old = this.#emitOld();
    return isLongEnough || this.#isFull() ? [...old, ...this.#begin()] : old;
  }

  /** The pending changes are an event. */
  #begin(): readonly Decided<F>[] {
    const state = this.#state;
    if (state?.pending === undefined) return [];
    const { id, sinceChangeMs } = state.pending;
    const { after } = this.#settings;
    let afterLeft = 0;
    const decided = this.#buffered.splice(0).map((each) => {
      if (!each.isPending) return decide(each, 'before', id);
      if (each.detection.kind !== 'quiet') {
        afterLeft = after;
        return decide(each, each.detection.kind === 'scene' ? 'scene' : 'change', id);
      }
      afterLeft -= 1;
      return afterLeft >= 0 ? decide(each, 'after', id) : emitUnwanted(each);
    });
    const event = { id, sinceChangeMs };
    afterLeft = Math.max(0, afterLeft);
    this.#state = { ...state, event, pending: undefined, afterLeft, sinceKeptMs: 0 };
    return decided;
  }

  /** Frames that are too old for `--before`, or beyond the buffer's limit. */
  #emitOld(): readonly Decided<F>[] {
    let beforeCount = this.#buffered.filter(({ isPending }) => !isPending).length;
    let byteCount = this.#bufferedBytes();
    let oldCount = 0;
    while (
      beforeCount > 0 &&
      (beforeCount > this.#settings.before || byteCount > maxBufferedBytes)
    ) {
      byteCount -= this.#buffered[oldCount]?.byteCount ?? 0;
      beforeCount -= 1;
      oldCount += 1;
    }
    return this.#buffered.splice(0, oldCount).map(emitUnwanted);
  }

  /** The pending event begins early rather than lose frames. */
  #isFull(): boolean {
    const pendingCount = this.#buffered.filter(({ isPending }) => isPending).length;
    return pendingCount > maxPendingFrames || this.#bufferedBytes() > maxBufferedBytes;
  }

  #bufferedBytes(): number {
    return this.#buffered.reduce((sum, { byteCount }) => sum + byteCount, 0);
  }

  #clearPending(): void {
    this.#buffered = this.#buffered.map((each) => ({ ...each, isPending: false }));
  }
}

const atStart: RecorderState = {
  capturedAtMs: 0,
  afterLeft: 0,
  sinceKeptMs: 0,
};

function advance(state: RecorderState, capturedAtMs: number, elapsedMs: number): RecorderState {
  const { event, pending } = state;
  const later = <Run extends ChangeRun>(run: Run): Run => ({
    ...run,
    sinceChangeMs: run.sinceChangeMs + elapsedMs,
  });
  return {
    ...state,
    capturedAtMs,
    event: event && later(event),
    pending: pending && later(pending),
    sinceKeptMs: state.sinceKeptMs + elapsedMs,
  };
}

/** A frame that belongs to no event. */
function emitUnwanted<F>(each: Buffered<F>): Decided<F> {
  return decide(each, each.isDue ? 'keep-every' : undefined);
}

function decide<F>(
  { frame, capturedAtMs, detection }: Buffered<F>,
  reason: Reason | undefined,
  event?: string,
): Decided<F> {
  const { kind, ratio, boxes, strength } = detection;
  const changed = kind === 'change' || kind === 'scene';
  const sent = reason !== undefined;
  const verdict: Verdict = { changed, event, sent, reason, ratio, boxes, strength };
  return { frame, capturedAtMs, verdict };
}
