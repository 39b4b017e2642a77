/** Timeout and ping of a link, from the times of received and sent bytes. Pure. */
import { OperationalError } from '../../shared/cli/errors.js';
import { answerDeadlineMs, pingIntervalMs } from '../../shared/protocol/protocol-limits.js';

export class Liveness {
  readonly #startedAtMs: number;
  #lastSentAtMs: number;
  /** The last sign of life: bytes were received, or a chunk was written to the network. */
  #lastActivityAtMs: number;
  /** Time of the first byte of an incomplete message; undefined between messages. */
  #messageStartedAtMs: number | undefined;
  /** True from a ping until bytes are received. */
  #hasPinged = false;
  #hasWelcome = false;

  constructor(nowMs: number) {
    this.#startedAtMs = this.#lastSentAtMs = this.#lastActivityAtMs = nowMs;
  }

  /** Why a link ends that has timed out. */
  get failure(): OperationalError {
    const hint = 'is this the port of a picchanged receiver?';
    const message = `no answer for ${answerDeadlineMs / 1000} s`;
    return new OperationalError('LINK', message, this.#hasWelcome ? {} : { hint });
  }

  received(nowMs: number): void {
    this.#lastActivityAtMs = nowMs;
    this.#hasPinged = false;
  }

  /** After received bytes are decoded. @param isInside true: the last message is incomplete */
  decoded(isInside: boolean): void {
    this.#messageStartedAtMs = isInside
      ? (this.#messageStartedAtMs ?? this.#lastActivityAtMs)
      : undefined;
  }

  welcomed(): void {
    this.#hasWelcome = true;
  }

  /** @param isAwaited whether an answer was due before this message; if not, the full deadline begins now */
  sent(nowMs: number, isAwaited: boolean): void {
    if (!isAwaited && !this.#hasPinged) this.#lastActivityAtMs = nowMs;
    this.#lastSentAtMs = nowMs;
  }

  /** A chunk of a frame was written: on a slow link that is activity. Not for pings: a dead link buffers them, too. */
  chunkSent(nowMs: number): void {
    this.#lastActivityAtMs = nowMs;
  }

  pinged(): void {
    this.#hasPinged = true;
  }

  isPingDue(nowMs: number): boolean {
    return nowMs - this.#lastSentAtMs > pingIntervalMs;
  }

  /**
   * Until the welcome the deadline runs from connect, inside a message from its first byte: trickled bytes do not
   * extend it.
   */
  isTimedOut(nowMs: number, isAwaiting: boolean): boolean {
    const lastAtMs = this.#messageStartedAtMs ?? this.#lastActivityAtMs;
    const sinceMs = this.#hasWelcome ? lastAtMs : this.#startedAtMs;
    const isWaiting = isAwaiting || this.#hasPinged || this.#messageStartedAtMs !== undefined;
    return isWaiting && nowMs - sinceMs > answerDeadlineMs;
  }
}
