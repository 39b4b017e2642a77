/** Keeps an interval on the monotonic clock. */
import type { Clock } from '../../shared/clock.js';

export class Ticker {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #dueAtMs: number;

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#dueAtMs = clock.monotonicMs();
  }

  /**
   * Waits until the next tick is due, or `signal` aborts; the first is due at once. Ticks missed because a shot
   * took longer are skipped.
   */
  async tick(signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonicMs();
    if (now < this.#dueAtMs) await this.#clock.sleep(this.#dueAtMs - now, signal);
    this.#dueAtMs = Math.max(this.#dueAtMs, now) + this.#intervalMs;
  }
}
