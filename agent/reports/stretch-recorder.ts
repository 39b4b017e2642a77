/**
 * Makes stretches of what the watch loop does. A time counts as watched only between two moments at which the camera
 * delivered; a failure reaches back to the last such moment. Pure.
 */
import { maxEndedEvents } from '../../shared/protocol/protocol-limits.js';
import type { CameraState, EndedEvent } from '../../shared/protocol/report-header.js';
import { type OffsetAt, type Stretch, emptyStretch, nextBoundary, pauseMs } from './stretch.js';

/** One moment on both clocks, milliseconds. */
export interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** What the recorder of the next process needs. */
export interface RecorderState {
  readonly current: Stretch;
  /** From the last comparison to the end of `current`. */
  readonly sinceComparedMs: number;
}

/** A larger difference of both clocks is a step of the wall clock; a smaller one is a correction. */
const maxCorrectionMs = 2000;
/** How far ahead the next boundary is looked for: a frame then needs no look at the time zone. */
const aheadMs = 60_000;
/** A longer time without an agent is stated in its last part only: it may come from a wrong clock. */
const longestOffMs = 366 * 86_400_000;

export class StretchRecorder {
  readonly #offsetAt: OffsetAt;
  readonly #startedAt: Moment;
  readonly #closed: Stretch[] = [];
  /** Undefined before the first outcome of a first process. */
  #current: Stretch | undefined;
  #number: number;
  /** The last known moment, on both clocks; its wall time is the end of `#current`, or a correction before it. */
  #last: Moment;
  /** Monotonic time of the last comparison. */
  #comparedAtMs: number;
  /** Monotonic time of the end of `#current`. */
  #endMs: number;
  /** The first boundary after `fromMs`, up to `toMs`. */
  #nextBoundary: { fromMs: number; toMs: number; atMs: number | undefined } | undefined;

  /** @param number of the next stretch */
  constructor(offsetAt: OffsetAt, at: Moment, number = 1) {
    this.#offsetAt = offsetAt;
    this.#startedAt = this.#last = at;
    this.#comparedAtMs = this.#endMs = at.monotonicMs;
    this.#number = number;
  }

  /** Undefined: nothing is known yet. */
  get state(): RecorderState | undefined {
    if (this.#current === undefined) return undefined;
    return {
      current: this.#withPause(this.#current),
      sinceComparedMs: Math.max(0, Math.round(this.#endMs - this.#comparedAtMs)),
    };
  }

  /** The state and its reason; undefined: nothing is known yet. */
  get stateName(): string | undefined {
    return this.#current && `${this.#current.state} ${this.#current.why ?? ''}`;
  }

  /** The number of the next stretch. */
  get nextNumber(): number {
    return this.#number;
  }

  /** The earlier process has ended long ago, or was killed: from the end of its last stretch until now is `off`. */
  resumeAfterEnd({ current }: RecorderState, ended: readonly EndedEvent[]): void {
    const { wallMs } = this.#last;
    this.#current = current;
    this.#close();
    const { toMs } = current;
    this.#begin('off', Math.min(wallMs, Math.max(toMs, wallMs - longestOffMs)));
    if (wallMs < toMs) this.#change(() => ({ steppedMs: wallMs - toMs }));
    this.#extend(wallMs);
    for (const event of ended) this.ended(event);
  }

  /** The earlier process ended as it had to, as between two runs of a timer: its last stretch continues. */
  resume({ current, sinceComparedMs }: RecorderState): void {
    const { wallMs, monotonicMs } = this.#last;
    this.#current = current;
    this.#endMs = monotonicMs - Math.max(0, wallMs - current.toMs);
    this.#comparedAtMs = this.#endMs - sinceComparedMs;
    this.#last = { wallMs: current.toMs, monotonicMs: this.#endMs };
  }

  /** A frame was compared. @param skipped number of frames that the source discarded before it */
  compared(at: Moment, isChanged: boolean, skipped = 0): void {
    const isContinued = this.#delivered(at);
    if (isContinued) this.#notePause(at.monotonicMs);
    this.#comparedAtMs = at.monotonicMs;
    this.#change((current) => ({
      compared: current.compared + 1,
      changed: current.changed + (isChanged ? 1 : 0),
      skipped: current.skipped + skipped,
    }));
  }

  /** The source works and has no new frame. */
  idle(at: Moment): void {
    if (!this.#delivered(at)) this.#comparedAtMs = at.monotonicMs;
  }

  /** The camera did not deliver. */
  failed(at: Moment, why: string): void {
    this.#sync(at);
    const sinceStartMs = at.monotonicMs - this.#startedAt.monotonicMs;
    if (this.#current === undefined)
      this.#begin('failing', Math.round(at.wallMs - sinceStartMs), why);
    else if (this.#current.state !== 'failing') {
      this.#close();
      this.#begin('failing', this.#current.toMs, why);
    } else if (this.#current.why !== why) {
      this.#extend(at.wallMs);
      this.#close();
      this.#begin('failing', this.#current.toMs, why);
    }
    this.#extend(at.wallMs);
    this.#mark(at);
  }

  /** A frame was not compared. */
  skipped(): void {
    this.#change(({ skipped }) => ({ skipped: skipped + 1 }));
  }

  ended(event: EndedEvent): void {
    if ((this.#current?.ended?.length ?? 0) >= maxEndedEvents) this.#close();
    this.#change(({ ended = [] }) => ({ ended: [...ended, event] }));
  }

  /** Closes the current stretch, and takes the closed ones. @returns them, oldest first */
  take(at: Moment): Stretch[] {
    this.#sync(at);
    // Whatever comes next, until now the camera has not delivered.
    if (this.#current?.state === 'failing') {
      this.#extend(at.wallMs);
      this.#mark(at);
    }
    this.#close();
    return this.#closed.splice(0);
  }

  /** @returns false: the camera was not watched until now */
  #delivered(at: Moment): boolean {
    this.#sync(at);
    const isContinued = this.#current?.state === 'watching';
    if (this.#current !== undefined) this.#extend(at.wallMs);
    if (!isContinued) {
      this.#close();
      this.#begin('watching', this.#current?.toMs ?? at.wallMs);
    }
    this.#mark(at);
    return isContinued;
  }

  /** Ends the stretch when the wall clock has stepped: the next one begins at the same moment on the new clock. */
  #sync({ wallMs, monotonicMs }: Moment): void {
    const last = this.#last;
    const steppedMs = Math.round(wallMs - last.wallMs - (monotonicMs - last.monotonicMs));
    this.#last = { wallMs, monotonicMs };
    const current = this.#current;
    if (Math.abs(steppedMs) <= maxCorrectionMs || current === undefined) return;
    this.#close();
    const { state, why, toMs } = this.#current ?? current;
    this.#begin(state, toMs + steppedMs, why);
    this.#change(() => ({ steppedMs }));
  }

  #mark({ monotonicMs }: Moment): void {
    this.#endMs = monotonicMs;
  }

  #notePause(monotonicMs: number): void {
    const pause = pauseMs(monotonicMs - this.#comparedAtMs);
    this.#change(({ longestPauseMs = 0 }) => ({ longestPauseMs: Math.max(pause, longestPauseMs) }));
  }

  /** Moves the end of the current stretch; at midnight, or at a new offset from UTC, the next stretch begins. */
  #extend(toMs: number): void {
    for (;;) {
      const current = this.#current;
      if (current === undefined || toMs <= current.toMs) return;
      const boundaryMs = this.#boundaryAfter(current.fromMs, toMs);
      const endMs = Math.max(current.toMs, boundaryMs ?? toMs);
      this.#endMs += endMs - current.toMs;
      this.#current = { ...current, toMs: endMs };
      if (boundaryMs === undefined) return;
      this.#close();
    }
  }

  /** As `nextBoundary`. */
  #boundaryAfter(fromMs: number, toMs: number): number | undefined {
    let known = this.#nextBoundary;
    if (known?.fromMs !== fromMs || known.toMs < toMs) {
      const untilMs = toMs + aheadMs;
      const atMs = nextBoundary(fromMs, untilMs, this.#offsetAt);
      known = this.#nextBoundary = { fromMs, toMs: untilMs, atMs };
    }
    return known.atMs !== undefined && known.atMs <= toMs ? known.atMs : undefined;
  }

  #begin(state: CameraState, atMs: number, why?: string): void {
    const number = this.#number;
    this.#number += 1;
    const utcOffsetMinutes = this.#offsetAt(atMs);
    this.#current = emptyStretch({ number, state, why, utcOffsetMinutes, atMs });
  }

  /** Ends the current stretch; a new one in the same state follows. */
  #close(): void {
    const current = this.#current;
    if (current === undefined) return;
    const { fromMs, toMs, compared, skipped, steppedMs, ended, state, why } = current;
    const isEmpty = fromMs === toMs && compared === 0 && skipped === 0 && ended === undefined;
    if (isEmpty && steppedMs === undefined) return;
    this.#closed.push(this.#withPause(current));
    this.#begin(state, toMs, why);
  }

  /** The pause that has not ended counts too. */
  #withPause(current: Stretch): Stretch {
    if (current.state !== 'watching') return current;
    const running = pauseMs(this.#endMs - this.#comparedAtMs);
    return { ...current, longestPauseMs: Math.max(running, current.longestPauseMs ?? 0) };
  }

  #change(changes: (current: Stretch) => Partial<Stretch>): void {
    if (this.#current === undefined) return;
    this.#current = { ...this.#current, ...changes(this.#current) };
  }
}
