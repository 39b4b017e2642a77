/**
 * A token bucket of work time, in microseconds. It may be overdrawn by the piece of work that finds something
 * left, so that no piece is too large for it; the debt is waited for by the next one. Pure.
 */
import type { Clock } from '../../../shared/clock.js';

export interface Share {
  /** What is added in a second. */
  readonly usPerSecond: number;
  /** What is kept at most. */
  readonly burstUs: number;
}

export class TokenBucket {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #share: () => Share;
  #balanceUs: number;
  #atMs: number;

  /** @param share asked each time, since it may change; a new bucket is full */
  constructor(clock: Pick<Clock, 'monotonicMs'>, share: () => Share) {
    this.#clock = clock;
    this.#share = share;
    this.#balanceUs = share().burstUs;
    this.#atMs = clock.monotonicMs();
  }

  get balanceUs(): number {
    const { usPerSecond, burstUs } = this.#share();
    const now = this.#clock.monotonicMs();
    const added = ((now - this.#atMs) * usPerSecond) / 1000;
    this.#atMs = now;
    this.#balanceUs = Math.min(burstUs, this.#balanceUs + added);
    return this.#balanceUs;
  }

  get isFull(): boolean {
    return this.balanceUs >= this.#share().burstUs;
  }

  /** In how many milliseconds there is something left; 0: now. */
  get waitMs(): number {
    const balance = this.balanceUs;
    if (balance > 0) return 0;
    return Math.floor((-balance * 1000) / this.#share().usPerSecond) + 1;
  }

  spend(us: number): void {
    this.#balanceUs = this.balanceUs - us;
  }

  refund(us: number): void {
    this.#balanceUs = Math.min(this.#share().burstUs, this.balanceUs + us);
  }
}
