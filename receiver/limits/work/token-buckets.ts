/**
 * Token buckets by name (an address, a camera), at most `maxCountedApart`. A full bucket is deleted when space is
 * needed, since a new one is equal. Names beyond the limit share one bucket. Pure.
 */
import type { Clock } from '../../../shared/clock.js';
import { maxCountedApart } from '../receiver-limits.js';
import { TokenBucket, type Share } from './token-bucket.js';

/** A sweep over all buckets costs more than one piece of work. */
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

  /** Do not keep the result: the bucket may be deleted and created anew. */
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
