/** Tells a failure that repeats once, then only now and then with its count, and its end. */
import type { Clock } from '../clock.js';
import type { Log } from './log.js';

const remindEveryMs = 5 * 60_000;

export class RepeatingErrorLog {
  readonly #log: Log;
  readonly #clock: Clock;
  #failures = 0;
  #text = '';
  #saidAtMs = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** Another failure: said when it is the first, an other one than before, or due for a reminder. */
  failed(event: string, error: unknown): void {
    this.#failures += 1;
    const now = this.#clock.monotonicMs();
    const text = `${event} ${error instanceof Error ? error.message : String(error)}`;
    if (text === this.#text && now - this.#saidAtMs < remindEveryMs) return;
    this.#text = text;
    this.#saidAtMs = now;
    const times = this.#failures > 1 ? this.#failures : undefined;
    this.#log.warn(event, { error, times });
  }

  /** It works: said when it did not before. */
  worked(event: string): void {
    if (this.#failures > 0) this.#log.info(event, { failures: this.#failures });
    this.#failures = 0;
    this.#text = '';
  }
}
