/**
 * What waits and is not to be sent on this connection, or not now, so that it holds up nothing: frames that are larger
 * than the receiver takes, and what it has refused for now. The next connection may take them.
 */
import type { Clock } from '../../shared/clock.js';
import type { Log } from '../../shared/cli/log.js';
import { maxHeaderBytes } from '../../shared/protocol/protocol-limits.js';
import type { WaitingEntry } from '../spool/spool.js';

const remindEveryMs = 5 * 60_000;

/** Says that frames are too large when it begins, when the limit is another, and now and then; and its end. */
export class OversizeReport {
  readonly #log: Log;
  readonly #clock: Clock;
  #said: { readonly limit: number; readonly frames: number; readonly atMs: number } | undefined;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** @param frames how many are larger than `limit`, bytes @param largest bytes of the largest */
  note(frames: number, largest: number, limit: number): void {
    const nowMs = this.#clock.monotonicMs();
    const said = this.#said;
    if (frames === 0) {
      if (said !== undefined) this.#log.info('no frame is too large for the receiver any more');
      this.#said = undefined;
      return;
    }
    const isDue = said === undefined || nowMs - said.atMs >= remindEveryMs;
    if (said?.limit === limit && (said.frames === frames || !isDue)) return;
    this.#said = { limit, frames, atMs: nowMs };
    this.#log.warn('frames are larger than the receiver takes: they wait', {
      frames,
      largest,
      limit,
      hint: 'start the receiver with a larger --max-frame',
    });
  }
}

export class PassedOver {
  readonly #report: OversizeReport;
  #maxFrameBytes = Infinity;
  /** By sequence, the bytes of frames that are too large. */
  readonly #tooLarge = new Map<number, number>();
  /** By sequence, until which monotonic time frames wait. */
  readonly #postponed = new Map<number, number>();
  /** Until when notes wait: one that is refused stands for all, or each dropped frame would make another. */
  #notesAtMs = Number.NEGATIVE_INFINITY;

  constructor(report: OversizeReport) {
    this.#report = report;
  }

  /** The receiver takes no larger frames. */
  limit(maxFrameBytes: number): void {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** @returns true when it is too large; it is passed over from now on */
  isTooLarge(sequence: number, bodyBytes: number): boolean {
    if (bodyBytes <= this.#maxFrameBytes) return false;
    this.#tooLarge.set(sequence, bodyBytes);
    return true;
  }

  /** It is not sent before this monotonic time. Infinity: not on this connection. */
  postpone(sequence: number, kind: WaitingEntry['kind'] | undefined, untilMs: number): void {
    if (kind === 'dropped') this.#notesAtMs = untilMs;
    else this.#postponed.set(sequence, untilMs);
  }

  /** Not to be sent now. */
  isNow({ sequence, kind, byteCount }: WaitingEntry, nowMs: number): boolean {
    if (kind === 'dropped') return nowMs < this.#notesAtMs;
    // Without a look at its bytes, where its header cannot explain the size.
    if (byteCount - maxHeaderBytes > this.#maxFrameBytes) this.#tooLarge.set(sequence, byteCount);
    const untilMs = this.#postponed.get(sequence);
    if (untilMs !== undefined && untilMs <= nowMs) this.#postponed.delete(sequence);
    return this.#tooLarge.has(sequence) || this.#postponed.has(sequence);
  }

  /** Not to be sent on this connection. */
  isForGood({ sequence, kind }: WaitingEntry): boolean {
    return kind === 'dropped' ? this.#notesAtMs === Infinity : this.#tooLarge.has(sequence);
  }

  /** Tells of frames that are too large. @param isWaiting whether the entry of a sequence waits still */
  tell(isWaiting: (sequence: number) => boolean): void {
    for (const sequence of this.#tooLarge.keys()) {
      if (!isWaiting(sequence)) this.#tooLarge.delete(sequence);
    }
    const { size } = this.#tooLarge;
    if (this.#maxFrameBytes === Infinity) return;
    const largest = Math.max(0, ...[...this.#tooLarge.values()].slice(-1000));
    this.#report.note(size, largest, this.#maxFrameBytes);
  }
}
