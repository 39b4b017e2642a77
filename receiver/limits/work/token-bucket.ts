/**
 * A token bucket of work time, in microseconds. While its balance is positive, a piece of work of any size may be paid
 * and overdraw it, so that no piece is too large; the next piece waits for the debt. Pure.
 */
import type { Clock } from '../../../shared/clock.js';

export interface Share {
  /** Refill per second. */
  readonly usPerSecond: number;
  /** Maximum balance. */
  readonly burstUs: number;
}

export class TokenBucket {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #share: () => Share;
  #balanceUs: number;
  #atMs: number;

  /** @param share read at each use, since it may change. A new bucket is full. */
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

  /** Milliseconds until the balance is positive; 0: it is now. */
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
