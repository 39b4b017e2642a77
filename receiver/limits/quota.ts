/**
 * What each camera has stored in the running minute, against `--quota`; who has no key is counted by address,
 * whatever names it uses. Pure.
 */
import type { Clock } from '../../shared/clock.js';
import { formatSize } from '../../shared/cli/units.js';
import { maxCountedApart, minStoredBytes } from './receiver-limits.js';
import { networkOf } from './network.js';

const minuteMs = 60_000;
const others = 'others';

/** @param camera whose key it has proven @returns whose quota a connection spends */
export function spenderOf(camera: string | undefined, address: string): string {
  return camera === undefined ? `address ${networkOf(address)}` : `camera ${camera}`;
}

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
   * What does not fit any more is taken if anything was left, so that no frame is too large for every minute.
   * @returns 0: something is left; else in how many milliseconds it may be tried again
   */
  waitMs(spender: string): number {
    if (this.#maxBytesPerMinute === 0) return 0;
    const now = this.#clock.monotonicMs();
    if (now - this.#minuteAtMs >= minuteMs) {
      this.#minuteAtMs = now;
      this.#spentBytes.clear();
    }
    const spent = this.#spentBytes.get(this.#keyOf(spender)) ?? 0;
    if (spent < this.#maxBytesPerMinute) return 0;
    return Math.ceil(this.#minuteAtMs + minuteMs - now);
  }

  /** Counts what is to be stored. @returns as `waitMs`; nothing is counted when it is not 0 */
  spend(spender: string, byteCount: number): number {
    const waitMs = this.waitMs(spender);
    if (waitMs > 0 || this.#maxBytesPerMinute === 0) return waitMs;
    const key = this.#keyOf(spender);
    const spent = this.#spentBytes.get(key) ?? 0;
    this.#spentBytes.set(key, spent + Math.max(byteCount, minStoredBytes));
    return 0;
  }

  #keyOf(spender: string): string {
    const isRoom = this.#spentBytes.has(spender) || this.#spentBytes.size < maxCountedApart;
    return isRoom ? spender : others;
  }
}
