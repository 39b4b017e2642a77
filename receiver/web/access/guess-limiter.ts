/**
 * Slows the guessing of passwords from one network: some attempts at once, then each failure doubles the pause. An
 * attempt counts from its start, so that many at once are not more than one after the other. Pure.
 */
import { prefixOf } from '../../../shared/protocol/network.js';

/** Failures without a pause: typing errors. */
const freeFailures = 4;
const [firstPauseMs, longestPauseMs] = [1000, 15 * 60_000];
/** After so long without a failure they are forgotten. */
const forgetAfterMs = 60 * 60_000;
const maxNetworks = 10_000;

interface Failures {
  readonly count: number;
  readonly lastMs: number;
}

export class GuessLimiter {
  /** By network, the one that failed last at the end. */
  readonly #failures = new Map<string, Failures>();

  get size(): number {
    return this.#failures.size;
  }

  /** Starts an attempt. @returns 0, or how long to wait: then the attempt is not made */
  begin(address: string, nowMs: number): number {
    const network = prefixOf(address);
    const { count, lastMs } = this.#of(network, nowMs);
    const waitMs = lastMs + pauseAfter(count) - nowMs;
    if (waitMs > 0) return waitMs;
    this.#set(network, { count: count + 1, lastMs: nowMs });
    return 0;
  }

  /** The attempt was right, or was not checked: it does not count. */
  withdrawn(address: string): void {
    const network = prefixOf(address);
    const found = this.#failures.get(network);
    if (found === undefined) return;
    if (found.count <= 1) this.#failures.delete(network);
    else this.#failures.set(network, { ...found, count: found.count - 1 });
  }

  #of(network: string, nowMs: number): Failures {
    const found = this.#failures.get(network);
    const isKnown = found !== undefined && nowMs - found.lastMs < forgetAfterMs;
    return isKnown ? found : { count: 0, lastMs: -Infinity };
  }

  #set(network: string, failures: Failures): void {
    this.#failures.delete(network);
    this.#failures.set(network, failures);
    if (this.#failures.size <= maxNetworks) return;
    // The one that failed longest ago has the least of its pause left, or a shorter one.
    const [oldest] = this.#failures.keys();
    if (oldest !== undefined) this.#failures.delete(oldest);
  }
}

function pauseAfter(count: number): number {
  if (count < freeFailures) return 0;
  return Math.min(longestPauseMs, firstPauseMs * 2 ** (count - freeFailures));
}
