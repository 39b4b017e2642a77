/** Keeps an interval on the monotonic clock. */
import type { Clock } from '../../shared/clock.js';

export class Ticker {
  readonly #clock: Clock;
  #tickedAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Waits until the interval since the last tick is over, or `signal` aborts; the first is due at once. Ticks missed
   * because a shot took longer are skipped.
   */
  async tick(intervalMs: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonicMs();
    const dueAtMs = this.#tickedAtMs + intervalMs;
    if (now < dueAtMs) await this.#clock.sleep(dueAtMs - now, signal);
    this.#tickedAtMs = Math.max(dueAtMs, now);
  }
}
