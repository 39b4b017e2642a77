/**
 * Which frames are sent, and to which event they belong: memory over findings. A frame whose fate hangs on
 * what comes next is held, and everything is told in the order of capture. It counts the time between
 * frames, never from a moment long ago, so that a clock which jumps spoils one step and no more. Pure.
 */
import type { Reason } from '../../shared/protocol/messages.js';
import type { Finding, Verdict } from './verdict.js';

export interface SelectionSettings {
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

/** What has to outlive a process for the next one to go on as if it were the same. */
export interface SelectionMemory {
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

/** A frame whose fate is open. */
export interface Held<F> {
  readonly frame: F;
  readonly capturedAtMs: number;
  readonly finding: Finding;
  readonly byteCount: number;
  /** Since the pending changes began. */
  readonly isPending: boolean;
  /** Sent in any case: the last one that was sent is old. */
  readonly isDue: boolean;
}

export interface Decided<F> {
  readonly frame: F;
  /** Wall time. */
  readonly capturedAtMs: number;
  readonly verdict: Verdict;
}

/** Together, the frames that are held take at most so much; the fate of more is decided early. */
export const maxHeldBytes = 16 * 1024 * 1024;
/** So many frames may wait for changes to have lasted long enough: 40 s at 25 a second. */
export const maxPendingFrames = 1000;
/** Somebody who is lost from view for no longer than this share of the minimum duration has stayed. */
const toleratedLull = 1 / 2;

export class Selection<F> {
  readonly #settings: SelectionSettings;
  #memory: SelectionMemory | undefined;
  /** In the order of capture; those that are pending are the last. */
  #held: Held<F>[];

  /**
   * @param memory of an earlier selection, which this one takes over
   * @param held what that one held; frames of it may be missing
   */
  constructor(
    settings: SelectionSettings,
    memory?: SelectionMemory,
    held: readonly Held<F>[] = [],
  ) {
    this.#settings = settings;
    this.#memory = memory;
    this.#held = [...held];
    if (memory?.pending === undefined) this.#notPending();
  }

  /** Undefined before the first frame. */
  get memory(): SelectionMemory | undefined {
    return this.#memory;
  }

  /** Frames whose fate is open, in the order of capture. */
  get held(): readonly Held<F>[] {
    return this.#held;
  }

  /**
   * Takes the next frame.
   * @param capturedAtMs wall time; a clock that jumps does no lasting harm
   * @param byteCount what holding the frame costs: at `maxHeldBytes` no more are held
   * @returns the frames whose fate is decided by it, in the order of capture; each frame comes once
   */
  take(frame: F, capturedAtMs: number, finding: Finding, byteCount = 0): readonly Decided<F>[] {
    const elapsedMs = Math.max(0, capturedAtMs - (this.#memory?.capturedAtMs ?? capturedAtMs));
    const memory = advance(this.#memory ?? atStart, capturedAtMs, elapsedMs);
    const taken = { frame, capturedAtMs, finding, byteCount, isPending: false, isDue: false };
    switch (finding.kind) {
      case 'first': {
        this.#memory = { ...atStart, capturedAtMs };
        return [...this.finish(), decide(taken, 'first')];
      }
      case 'quiet':
        return this.#takeQuiet(taken, memory, elapsedMs);
      case 'change':
      case 'scene':
        return this.#takeChange(taken, finding.kind, memory);
    }
  }

  /** Decides on what is held, when no frame comes any more. */
  finish(): readonly Decided<F>[] {
    return this.#held.splice(0).map(letGo);
  }

  #takeQuiet(taken: Held<F>, memory: SelectionMemory, elapsedMs: number): readonly Decided<F>[] {
    const { eventGapMs, minDurationMs, after, keepEveryMs } = this.#settings;
    const afterLeft = Math.min(memory.afterLeft, after);
    // Where frames were missing for long, the next one is no sequel.
    if (memory.event !== undefined && afterLeft > 0 && elapsedMs < eventGapMs) {
      this.#memory = { ...memory, afterLeft: afterLeft - 1, sinceKeptMs: 0 };
      return [decide(taken, 'after', memory.event.id)];
    }
    const isDue = keepEveryMs > 0 && memory.sinceKeptMs >= keepEveryMs;
    const { pending } = memory;
    const isPending =
      pending !== undefined &&
      pending.sinceChangeMs < eventGapMs &&
      pending.sinceChangeMs <= toleratedLull * minDurationMs;
    this.#memory = {
      ...memory,
      pending: isPending ? pending : undefined,
      afterLeft: 0,
      sinceKeptMs: isDue ? 0 : memory.sinceKeptMs,
    };
    if (!isPending) this.#notPending();
    this.#held.push({ ...taken, isPending, isDue });
    return [...this.#letOldGo(), ...(this.#isFull() ? this.#begin() : [])];
  }

  #takeChange(
    taken: Held<F>,
    kind: 'change' | 'scene',
    memory: SelectionMemory,
  ): readonly Decided<F>[] {
    const { eventGapMs, minDurationMs, after } = this.#settings;
    const { event, pending } = memory;
    if (event !== undefined && event.sinceChangeMs < eventGapMs) {
      const goesOn = { ...event, sinceChangeMs: 0 };
      this.#memory = { ...memory, event: goesOn, afterLeft: after, sinceKeptMs: 0 };
      return [...this.finish(), decide(taken, kind, event.id)];
    }
    const isSequel = pending !== undefined && pending.sinceChangeMs < eventGapMs;
    if (!isSequel) this.#notPending();
    const run: PendingRun = isSequel
      ? { ...pending, durationMs: pending.durationMs + pending.sinceChangeMs, sinceChangeMs: 0 }
      : // No two events of a camera begin in the same millisecond, and the next process makes no other id.
        { id: String(Math.trunc(taken.capturedAtMs)), durationMs: 0, sinceChangeMs: 0 };
    this.#memory = { ...memory, pending: run, afterLeft: 0 };
    this.#held.push({ ...taken, isPending: true });
    // Light that is switched lasts for one frame, and nobody takes it for an insect.
    const isLongEnough = kind === 'scene' || run.durationMs >= minDurationMs;
    const old = this.#letOldGo();
    return isLongEnough || this.#isFull() ? [...old, ...this.#begin()] : old;
  }

  /** The pending changes are an event. */
  #begin(): readonly Decided<F>[] {
    const memory = this.#memory;
    if (memory?.pending === undefined) return [];
    const { id, sinceChangeMs } = memory.pending;
    const { after } = this.#settings;
    let afterLeft = 0;
    const decided = this.#held.splice(0).map((held) => {
      if (!held.isPending) return decide(held, 'before', id);
      if (held.finding.kind !== 'quiet') {
        afterLeft = after;
        return decide(held, held.finding.kind === 'scene' ? 'scene' : 'change', id);
      }
      afterLeft -= 1;
      return afterLeft >= 0 ? decide(held, 'after', id) : letGo(held);
    });
    const event = { id, sinceChangeMs };
    afterLeft = Math.max(0, afterLeft);
    this.#memory = { ...memory, event, pending: undefined, afterLeft, sinceKeptMs: 0 };
    return decided;
  }

  /** Those that are too old to be sent before an event, or for which there is no room. */
  #letOldGo(): readonly Decided<F>[] {
    let beforeCount = this.#held.filter(({ isPending }) => !isPending).length;
    let byteCount = this.#heldBytes();
    let oldCount = 0;
    while (beforeCount > 0 && (beforeCount > this.#settings.before || byteCount > maxHeldBytes)) {
      byteCount -= this.#held[oldCount]?.byteCount ?? 0;
      beforeCount -= 1;
      oldCount += 1;
    }
    return this.#held.splice(0, oldCount).map(letGo);
  }

  /** What changed is sent rather than lost for want of room: the pending event begins early. */
  #isFull(): boolean {
    const pendingCount = this.#held.filter(({ isPending }) => isPending).length;
    return pendingCount > maxPendingFrames || this.#heldBytes() > maxHeldBytes;
  }

  #heldBytes(): number {
    return this.#held.reduce((sum, { byteCount }) => sum + byteCount, 0);
  }

  #notPending(): void {
    this.#held = this.#held.map((held) => ({ ...held, isPending: false }));
  }
}

const atStart: SelectionMemory = {
  capturedAtMs: 0,
  afterLeft: 0,
  sinceKeptMs: 0,
};

function advance(
  memory: SelectionMemory,
  capturedAtMs: number,
  elapsedMs: number,
): SelectionMemory {
  const { event, pending } = memory;
  const later = <Run extends ChangeRun>(run: Run): Run => ({
    ...run,
    sinceChangeMs: run.sinceChangeMs + elapsedMs,
  });
  return {
    ...memory,
    capturedAtMs,
    event: event && later(event),
    pending: pending && later(pending),
    sinceKeptMs: memory.sinceKeptMs + elapsedMs,
  };
}

/** A frame that no event wants. */
function letGo<F>(held: Held<F>): Decided<F> {
  return decide(held, held.isDue ? 'keep-every' : undefined);
}

function decide<F>(
  { frame, capturedAtMs, finding }: Held<F>,
  reason: Reason | undefined,
  event?: string,
): Decided<F> {
  const { kind, ratio, boxes, strength } = finding;
  const changed = kind === 'change' || kind === 'scene';
  const sent = reason !== undefined;
  const verdict: Verdict = { changed, event, sent, reason, ratio, boxes, strength };
  return { frame, capturedAtMs, verdict };
}
