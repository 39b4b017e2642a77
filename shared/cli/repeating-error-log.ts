/**
 * Logs a repeating failure once, then every `remindEveryMs` with its count, and logs the recovery. What fails and works
 * in turns, or fails for changing reasons, is logged a few times, and then every `remindEveryMs`, until it has
 * worked for so long.
 */
import type { Clock } from '../clock.js';
import type { Log } from './log.js';
import { formatDuration } from './units.js';

const remindEveryMs = 5 * 60_000;
/** Failures that are logged in this time; the last one says that no more are. */
const maxLogged = 5;
const note = `it changes often: no further line for ${formatDuration(remindEveryMs)}`;

export class RepeatingErrorLog {
  readonly #log: Log;
  readonly #clock: Clock;
  #failures = 0;
  /** Failures since the last recovery that was logged. */
  #sinceLogged = 0;
  #text = '';
  /** Monotonic times of the last failure, and of the last one that was logged. */
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #loggedAtMs = Number.NEGATIVE_INFINITY;
  /** Failures that were logged since a moment. */
  #logged = { count: 0, sinceMs: Number.NEGATIVE_INFINITY };
  #changesOften = false;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Consecutive failures. */
  get failures(): number {
    return this.#failures;
  }

  /** Logs a failure when it is the first, differs from the previous one, or a reminder is due. */
  failed(event: string, error: unknown): void {
    const now = this.#clock.monotonicMs();
    if (this.#changesOften && now - this.#failedAtMs >= remindEveryMs) this.#settle();
    this.#failures += 1;
    this.#sinceLogged += 1;
    this.#failedAtMs = now;
    const text = `${event} ${error instanceof Error ? error.message : String(error)}`;
    const isKnown = text === this.#text || this.#changesOften;
    if (isKnown && now - this.#loggedAtMs < remindEveryMs) return;
    this.#text = text;
    this.#loggedAtMs = now;
    this.#count(now);
    const times = this.#sinceLogged > 1 ? this.#sinceLogged : undefined;
    this.#log.warn(event, { error, times, ...(this.#changesOften && { note }) });
  }

  /** Logs the recovery when there were failures. */
  worked(event: string): void {
    this.#failures = 0;
    if (this.#sinceLogged === 0) return;
    const workedMs = this.#clock.monotonicMs() - this.#failedAtMs;
    if (this.#changesOften && workedMs < remindEveryMs) return;
    this.#log.info(event, { failures: this.#sinceLogged });
    this.#settle();
  }

  #settle(): void {
    this.#sinceLogged = 0;
    this.#text = '';
    this.#changesOften = false;
  }

  #count(nowMs: number): void {
    const { count, sinceMs } = this.#logged;
    const isSame = nowMs - sinceMs < remindEveryMs;
    this.#logged = isSame ? { count: count + 1, sinceMs } : { count: 1, sinceMs: nowMs };
    if (this.#logged.count >= maxLogged) this.#changesOften = true;
  }
}
