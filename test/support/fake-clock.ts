/** A clock that a test advances by hand. */
import type { Clock } from '../../shared/clock.js';

export class FakeClock implements Clock {
  #nowMs: number;
  /** Offset of the wall clock from the monotonic clock. */
  #wallOffsetMs = 0;
  #sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  /** All requested pauses, in order. */
  readonly pauses: number[] = [];

  constructor(nowMs = Date.UTC(2026, 10, 22)) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  /** Sets the wall clock. */
  setWall(nowMs: number): void {
    this.#wallOffsetMs = nowMs - this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  utcOffsetMinutes(): number {
    return 60;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.pauses.push(ms);
    if (signal?.aborted || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#sleepers.push({ atMs: this.#nowMs + ms, wake });
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  /** Advances the clock; sleepers that are due wake in order. */
  async advance(ms: number): Promise<void> {
    this.#nowMs += ms;
    const due = this.#sleepers.filter((sleeper) => sleeper.atMs <= this.#nowMs);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.atMs > this.#nowMs);
    for (const { wake } of due.sort((a, b) => a.atMs - b.atMs)) wake();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
