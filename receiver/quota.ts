/** What each camera has stored in the running minute, against `--quota`. Pure. */
import type { Clock } from '../shared/clock.js';
import { formatSize } from '../shared/quantity.js';
import { minStoredBytes } from './limits.js';

const minuteMs = 60_000;

export class Quota {
  readonly #maxBytesPerMinute: number;
  readonly #clock: Clock;
  /** Of this minute only, so that names of yesterday take no memory. */
  readonly #spentBytes = new Map<string, number>();
  #minuteAtMs = Number.NEGATIVE_INFINITY;

  /** @param maxBytesPerMinute 0: as much as comes */
  constructor(maxBytesPerMinute: number, clock: Clock) {
    this.#maxBytesPerMinute = maxBytesPerMinute;
    this.#clock = clock;
  }

  /** Why it is refused, as a sentence. */
  get refusal(): string {
    const limit = formatSize(this.#maxBytesPerMinute);
    return `more than ${limit} in a minute, the limit set by --quota`;
  }

  /**
   * Counts what is to be stored. What does not fit any more is taken if anything was left, so that no frame
   * is too large for every minute.
   * @returns 0: it may be stored; else in how many milliseconds it may be tried again
   */
  spend(camera: string, byteCount: number): number {
    if (this.#maxBytesPerMinute === 0) return 0;
    const now = this.#clock.monotonicMs();
    if (now - this.#minuteAtMs >= minuteMs) {
      this.#minuteAtMs = now;
      this.#spentBytes.clear();
    }
    const spent = this.#spentBytes.get(camera) ?? 0;
    if (spent >= this.#maxBytesPerMinute) return Math.ceil(this.#minuteAtMs + minuteMs - now);
    this.#spentBytes.set(camera, spent + Math.max(byteCount, minStoredBytes));
    return 0;
  }
}
