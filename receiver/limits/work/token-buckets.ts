/**
 * TokenBuckets by name (an address, a camera), of bounded number: one that is full again is forgotten, since a new
 * one is the same. What finds no room shares one bucket. Pure.
 */
import type { Clock } from '../../../shared/clock.js';
import { maxCountedApart } from '../receiver-limits.js';
import { TokenBucket, type Share } from './token-bucket.js';

/** Looking through all of them costs more than one piece of work. */
const sweepEveryMs = 100;

export class TokenBuckets {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #share: () => Share;
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #others: TokenBucket;
  #sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, 'monotonicMs'>, share: () => Share) {
    this.#clock = clock;
    this.#share = share;
    this.#others = new TokenBucket(clock, share);
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Not to be kept: it may be forgotten and made anew. */
  of(name: string): TokenBucket {
    const known = this.#buckets.get(name);
    if (known !== undefined) return known;
    if (this.#buckets.size >= maxCountedApart) this.#sweep();
    if (this.#buckets.size >= maxCountedApart) return this.#others;
    const bucket = new TokenBucket(this.#clock, this.#share);
    this.#buckets.set(name, bucket);
    return bucket;
  }

  #sweep(): void {
    const now = this.#clock.monotonicMs();
    if (now - this.#sweptAtMs < sweepEveryMs) return;
    this.#sweptAtMs = now;
    for (const [name, bucket] of this.#buckets) if (bucket.isFull) this.#buckets.delete(name);
  }
}
