/** Logs a repeating failure once, then every `remindEveryMs` with its count, and logs the recovery. */
import type { Clock } from '../clock.js';
import type { Log } from './log.js';

const remindEveryMs = 5 * 60_000;

export class RepeatingErrorLog {
  readonly #log: Log;
  readonly #clock: Clock;
  #failures = 0;
  #text = '';
  #loggedAtMs = 0;

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
    this.#failures += 1;
    const now = this.#clock.monotonicMs();
    const text = `${event} ${error instanceof Error ? error.message : String(error)}`;
    if (text === this.#text && now - this.#loggedAtMs < remindEveryMs) return;
    this.#text = text;
    this.#loggedAtMs = now;
    const times = this.#failures > 1 ? this.#failures : undefined;
    this.#log.warn(event, { error, times });
  }

  /** Logs the recovery when there were failures. */
  worked(event: string): void {
    if (this.#failures > 0) this.#log.info(event, { failures: this.#failures });
    this.#failures = 0;
    this.#text = '';
  }
}
