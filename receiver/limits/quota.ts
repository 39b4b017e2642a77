/**
 * Bytes that each camera has stored in the current minute, against `--quota`. Peers without a key are counted by
 * address, whatever camera names they use. Pure.
 */
import type { Clock } from '../../shared/clock.js';
import { formatSize } from '../../shared/cli/units.js';
import { WindowCounter } from '../../shared/window-counter.js';
import { maxCountedApart, minStoredBytes } from './receiver-limits.js';
import { networkOf } from '../../shared/protocol/network.js';

const minuteMs = 60_000;

/** @param camera whose key the peer has proven @returns the name of the quota that a connection spends */
export function spenderOf(camera: string | undefined, address: string): string {
  return camera === undefined ? `address ${networkOf(address)}` : `camera ${camera}`;
}

export class Quota {
  readonly #maxBytesPerMinute: number;
  readonly #clock: Clock;
  readonly #spentBytes = new WindowCounter(minuteMs, maxCountedApart);

  /** @param maxBytesPerMinute 0: no limit */
  constructor(maxBytesPerMinute: number, clock: Clock) {
    this.#maxBytesPerMinute = maxBytesPerMinute;
    this.#clock = clock;
  }

  /** The reason for a refusal, as a sentence for the peer. */
  get refusal(): string {
    const limit = formatSize(this.#maxBytesPerMinute);
    return `more than ${limit} in a minute, the limit set by --quota`;
  }

  /**
   * A frame may exceed what is left of the quota, so that a frame larger than the quota can be stored too.
   * @returns 0: something is left; else the milliseconds until the next attempt
   */
  waitMs(spender: string): number {
    if (this.#maxBytesPerMinute === 0) return 0;
    const now = this.#clock.monotonicMs();
    if (this.#spentBytes.total(now, spender) < this.#maxBytesPerMinute) return 0;
    return Math.ceil(this.#spentBytes.remainingMs(now));
  }

  /** Counts bytes that are about to be stored. @returns as `waitMs`; nothing is counted when it is not 0 */
  spend(spender: string, byteCount: number): number {
    const waitMs = this.waitMs(spender);
    if (waitMs > 0 || this.#maxBytesPerMinute === 0) return waitMs;
    const spentBytes = Math.max(byteCount, minStoredBytes);
    this.#spentBytes.add(this.#clock.monotonicMs(), spentBytes, spender);
    return 0;
  }
}
