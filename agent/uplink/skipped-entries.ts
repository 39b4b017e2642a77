/**
 * Waiting entries that are not sent on this connection, or not now, so that they do not block the others: frames
 * larger than the receiver's limit, entries that it refused for now, and reports that it does not take. The next
 * connection tries them again.
 */
import type { Clock } from '../../shared/clock.js';
import type { Log } from '../../shared/cli/log.js';
import { maxHeaderBytes } from '../../shared/protocol/protocol-limits.js';
import type { WaitingEntry } from '../spool/spool.js';

const repeatIntervalMs = 5 * 60_000;

/** Logs too large frames: the first ones, each new limit, a new count every five minutes, and the end. */
export class OversizeLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #onLimit: (limit: number | undefined) => void;
  #logged: { readonly limit: number; readonly frames: number; readonly atMs: number } | undefined;

  /** @param onLimit called with the limit that waiting frames exceed, bytes; undefined: none exceeds it */
  constructor(log: Log, clock: Clock, onLimit: (limit: number | undefined) => void) {
    this.#log = log;
    this.#clock = clock;
    this.#onLimit = onLimit;
  }

  /** @param frames number of frames larger than `limit`, bytes @param largest size of the largest, bytes */
  update(frames: number, largest: number, limit: number): void {
    this.#onLimit(frames === 0 ? undefined : limit);
    const nowMs = this.#clock.monotonicMs();
    const logged = this.#logged;
    if (frames === 0) {
      if (logged !== undefined) this.#log.info('no frame exceeds the receiver limit any more');
      this.#logged = undefined;
      return;
    }
    const isDue = logged === undefined || nowMs - logged.atMs >= repeatIntervalMs;
    if (logged?.limit === limit && (logged.frames === frames || !isDue)) return;
    this.#logged = { limit, frames, atMs: nowMs };
    this.#log.warn('frames exceed the receiver limit: they wait', {
      frames,
      largest,
      limit,
      hint: 'start the receiver with a larger --max-frame',
    });
  }
}

export class SkippedEntries {
  readonly #oversize: OversizeLog;
  #maxFrameBytes = Infinity;
  /** Sizes of too large frames, bytes, by sequence. */
  readonly #tooLarge = new Map<number, number>();
  /** Monotonic time until which a frame is postponed, by sequence. */
  readonly #postponed = new Map<number, number>();
  /**
   * Monotonic time until which all entries of a kind are postponed: otherwise each dropped frame would send a new gap
   * entry. A receiver of 0.1 does not answer a report.
   */
  readonly #untilMs = { dropped: Number.NEGATIVE_INFINITY, report: Infinity };

  constructor(oversize: OversizeLog) {
    this.#oversize = oversize;
  }

  /** Sets the receiver's limit of the frame size. */
  limit(maxFrameBytes: number): void {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** The receiver takes reports. */
  takeReports(): void {
    this.#untilMs.report = Number.NEGATIVE_INFINITY;
  }

  /** False: the receiver takes no reports, or refused one for good. */
  get areReportsSent(): boolean {
    return this.#untilMs.report !== Infinity;
  }

  /** @returns true: the frame is too large and is skipped from now on */
  isTooLarge(sequence: number, bodyBytes: number): boolean {
    if (bodyBytes <= this.#maxFrameBytes) return false;
    this.#tooLarge.set(sequence, bodyBytes);
    return true;
  }

  /** Skips the entry until this monotonic time. Infinity: until the end of this connection. */
  postpone(sequence: number, kind: WaitingEntry['kind'] | undefined, untilMs: number): void {
    if (kind === 'dropped' || kind === 'report') this.#untilMs[kind] = untilMs;
    else this.#postponed.set(sequence, untilMs);
  }

  /** Whether the entry is not sent now. */
  isSkippedNow({ sequence, kind, byteCount }: WaitingEntry, nowMs: number): boolean {
    if (kind !== 'frame') return nowMs < this.#untilMs[kind];
    // The file is a body plus a header: without reading it, the body is too large when the file exceeds both limits.
    if (byteCount - maxHeaderBytes > this.#maxFrameBytes) this.#tooLarge.set(sequence, byteCount);
    const untilMs = this.#postponed.get(sequence);
    if (untilMs !== undefined && untilMs <= nowMs) this.#postponed.delete(sequence);
    return this.#tooLarge.has(sequence) || this.#postponed.has(sequence);
  }

  /** Whether the entry is not sent on this connection. */
  isSkipped({ sequence, kind }: WaitingEntry): boolean {
    return kind === 'frame' ? this.#tooLarge.has(sequence) : this.#untilMs[kind] === Infinity;
  }

  /** Logs the too large frames. @param isWaiting whether an entry still waits */
  logTooLarge(isWaiting: (sequence: number) => boolean): void {
    for (const sequence of this.#tooLarge.keys()) {
      if (!isWaiting(sequence)) this.#tooLarge.delete(sequence);
    }
    const { size } = this.#tooLarge;
    if (this.#maxFrameBytes === Infinity) return;
    const largest = Math.max(0, ...[...this.#tooLarge.values()].slice(-1000));
    this.#oversize.update(size, largest, this.#maxFrameBytes);
  }
}
