/**
 * Event recorder: groups detections into events and decides which frames are sent. A frame that depends on later
 * frames is buffered; decisions are returned in the order of capture. Times are differences between neighbouring
 * frames, so that a jump of the clock affects one step only. Pure.
 */
import type { Reason } from '../../shared/protocol/messages.js';
import type { Detection, Verdict } from './verdict.js';

export interface RecorderSettings {
  /** Changes less than this apart are one event, milliseconds; at least three intervals of the camera. */
  readonly eventGapMs: number;
  /** Shortest duration of changes that begin an event, milliseconds; 0: a single change begins one. */
  readonly minDurationMs: number;
  /** Number of frames before an event's first change that are sent with it. */
  readonly before: number;
  /** Number of quiet frames that are sent each time the changes of an event stop. */
  readonly after: number;
  /** A quiet frame is sent when no frame was sent for this time, milliseconds; 0: never. */
  readonly keepEveryMs: number;
}

/** What the next process needs to continue. */
export interface RecorderState {
  /** Of the last frame, wall time. */
  readonly capturedAtMs: number;
  /** The latest event, also after its end. */
  readonly event?: ChangeRun | undefined;
  /** Changes that have not lasted for `minDurationMs` yet. */
  readonly pending?: PendingRun | undefined;
  /** Number of quiet frames that are still sent after the event's last change. */
  readonly afterLeft: number;
  /** Time since the last frame that was sent, or is buffered and will be sent. */
  readonly sinceKeptMs: number;
}

interface ChangeRun {
  /** Wall time of its first change, milliseconds. */
  readonly id: string;
  readonly sinceChangeMs: number;
}

interface PendingRun extends ChangeRun {
  /** Time from its first to its last change. */
  readonly durationMs: number;
}

/** An undecided frame. */
export interface Buffered<F> {
  readonly frame: F;
  readonly capturedAtMs: number;
  readonly detection: Detection;
  readonly byteCount: number;
  /** True: captured at or after the first pending change. */
  readonly isPending: boolean;
  /** True: sent in any case, by `--keep-every`. */
  readonly isDue: boolean;
}

export interface Decided<F> {
  readonly frame: F;
  readonly verdict: Verdict;
}

/** Upper limit for the JPEGs in the buffer, bytes; above it frames are decided early. */
export const maxBufferedBytes = 16 * 1024 * 1024;
/** Upper limit for frames that wait for `--min-duration`: 40 s at 25 frames a second. */
export const maxPendingFrames = 1000;
/** Longest pause of pending changes, as a share of `--min-duration`; a longer pause ends them. */
const maxPauseShare = 1 / 2;

export class EventRecorder<F> {
  readonly #settings: RecorderSettings;
  #state: RecorderState | undefined;
  /** In the order of capture; pending frames are at the end. */
  #buffered: Buffered<F>[];

  /**
   * @param state of an earlier recorder, which this one continues
   * @param buffered the frames that the earlier recorder had buffered; some may be missing
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

  /** Undecided frames, in the order of capture. */
  get buffered(): readonly Buffered<F>[] {
    return this.#buffered;
  }

  /**
   * Takes the next frame.
   * @param capturedAtMs wall time; a jump of the clock affects this step only
   * @param byteCount memory that buffering the frame needs, see `maxBufferedBytes`
   * @returns the frames that are decided now, in the order of capture; each frame is returned once
   */
  push(frame: F, capturedAtMs: number, detection: Detection, byteCount = 0): readonly Decided<F>[] {
    const elapsedMs = Math.max(0, capturedAtMs - (this.#state?.capturedAtMs ?? capturedAtMs));
    const state = advance(this.#state ?? atStart, capturedAtMs, elapsedMs);
    const current = { frame, capturedAtMs, detection, byteCount, isPending: false, isDue: false };
    switch (detection.kind) {
      case 'first': {
        this.#state = { ...atStart, capturedAtMs };
        return [...this.finish(), decide(current, 'first')];
      }
      case 'quiet':
        return this.#takeQuiet(current, state, elapsedMs);
      case 'change':
      case 'scene':
        return this.#takeChange(current, detection.kind, state);
    }
  }

  /** Decides on the remaining buffered frames, after the last frame. */
  finish(): readonly Decided<F>[] {
    return this.#buffered.splice(0).map(decideQuiet);
  }

  #takeQuiet(current: Buffered<F>, state: RecorderState, elapsedMs: number): readonly Decided<F>[] {
    const { eventGapMs, minDurationMs, after, keepEveryMs } = this.#settings;
    const afterLeft = Math.min(state.afterLeft, after);
    // After a long gap between frames this frame does not continue the event.
    if (state.event !== undefined && afterLeft > 0 && elapsedMs < eventGapMs) {
      this.#state = { ...state, afterLeft: afterLeft - 1, sinceKeptMs: 0 };
      return [decide(current, 'after', state.event.id)];
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
    this.#buffered.push({ ...current, isPending, isDue });
    return [...this.#emitOld(), ...(this.#isFull() ? this.#beginEvent() : [])];
  }

  #takeChange(
    current: Buffered<F>,
    kind: 'change' | 'scene',
    state: RecorderState,
  ): readonly Decided<F>[] {
    const { eventGapMs, minDurationMs, after } = this.#settings;
    const { event, pending } = state;
    if (event !== undefined && event.sinceChangeMs < eventGapMs) {
      const continued = { ...event, sinceChangeMs: 0 };
      this.#state = { ...state, event: continued, afterLeft: after, sinceKeptMs: 0 };
      return [...this.finish(), decide(current, kind, event.id)];
    }
    const continuesPending = pending !== undefined && pending.sinceChangeMs < eventGapMs;
    if (!continuesPending) this.#clearPending();
    const run: PendingRun = continuesPending
      ? { ...pending, durationMs: pending.durationMs + pending.sinceChangeMs, sinceChangeMs: 0 }
      : // Unique per camera: two events do not begin in the same millisecond. The next process makes the same id.
        { id: String(Math.trunc(current.capturedAtMs)), durationMs: 0, sinceChangeMs: 0 };
    this.#state = { ...state, pending: run, afterLeft: 0 };
    this.#buffered.push({ ...current, isPending: true });
    // A switched light lasts for one frame only, and is never an insect.
    const isLongEnough = kind === 'scene' || run.durationMs >= minDurationMs;
    const old = this.#emitOld();
    return isLongEnough || this.#isFull() ? [...old, ...this.#beginEvent()] : old;
  }

  /** Turns the pending changes into an event. */
  #beginEvent(): readonly Decided<F>[] {
    const state = this.#state;
    if (state?.pending === undefined) return [];
    const { id, sinceChangeMs } = state.pending;
    const { after } = this.#settings;
    let afterLeft = 0;
    const decided = this.#buffered.splice(0).map((entry) => {
      if (!entry.isPending) return decide(entry, 'before', id);
      if (entry.detection.kind !== 'quiet') {
        afterLeft = after;
        return decide(entry, entry.detection.kind === 'scene' ? 'scene' : 'change', id);
      }
      afterLeft -= 1;
      return afterLeft >= 0 ? decide(entry, 'after', id) : decideQuiet(entry);
    });
    const event = { id, sinceChangeMs };
    afterLeft = Math.max(0, afterLeft);
    this.#state = { ...state, event, pending: undefined, afterLeft, sinceKeptMs: 0 };
    return decided;
  }

  /** Decides on frames that are too old for `--before` or exceed `maxBufferedBytes`. */
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
    return this.#buffered.splice(0, oldCount).map(decideQuiet);
  }

  /** True: the buffer is full, and the pending event must begin early, so that no changed frame is lost. */
  #isFull(): boolean {
    const pendingCount = this.#buffered.filter(({ isPending }) => isPending).length;
    return pendingCount > maxPendingFrames || this.#bufferedBytes() > maxBufferedBytes;
  }

  #bufferedBytes(): number {
    return this.#buffered.reduce((sum, { byteCount }) => sum + byteCount, 0);
  }

  #clearPending(): void {
    this.#buffered = this.#buffered.map((entry) => ({ ...entry, isPending: false }));
  }
}

const atStart: RecorderState = {
  capturedAtMs: 0,
  afterLeft: 0,
  sinceKeptMs: 0,
};

function advance(state: RecorderState, capturedAtMs: number, elapsedMs: number): RecorderState {
  const { event, pending } = state;
  const aged = <Run extends ChangeRun>(run: Run): Run => ({
    ...run,
    sinceChangeMs: run.sinceChangeMs + elapsedMs,
  });
  return {
    ...state,
    capturedAtMs,
    event: event && aged(event),
    pending: pending && aged(pending),
    sinceKeptMs: state.sinceKeptMs + elapsedMs,
  };
}

/** Decides on a frame outside of every event. */
function decideQuiet<F>(entry: Buffered<F>): Decided<F> {
  return decide(entry, entry.isDue ? 'keep-every' : undefined);
}

function decide<F>(
  { frame, detection }: Buffered<F>,
  reason: Reason | undefined,
  event?: string,
): Decided<F> {
  const { kind, ratio, boxes, strength } = detection;
  const changed = kind === 'change' || kind === 'scene';
  return { frame, verdict: { reason, ratio, boxes, changed, strength, event } };
}
