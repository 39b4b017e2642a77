/**
 * Order and rate of TLS handshakes. An identity is sent in the clear, so it proves nothing before its handshake has
 * succeeded; a peer that replays a camera's identity from another network must not lock that camera out. Three lanes,
 * each with its own budget:
 *
 *   1. identities that completed a handshake from the same network
 *   2. known identities, from other networks
 *   3. everything else
 */
import { OperationalError } from '../../../shared/cli/errors.js';
import type { Clock } from '../../../shared/clock.js';
import {
  maxCountedApart,
  maxHandshakesWaiting,
  maxIdentityHandshakeUs,
  maxKeyLookUpUs,
  maxKnownHandshakesUs,
  maxProvenHandshakeUs,
  maxUnknownHandshakesUs,
  maxUnknownHandshakeUs,
  turnOfAnonymousUs,
  turnUs,
  workBurstMs,
} from '../receiver-limits.js';
import { networkOf } from '../../../shared/protocol/network.js';
import { TokenBucket } from './token-bucket.js';
import { TokenBuckets } from './token-buckets.js';
import { prices } from './prices.js';
import { meritShare, shareOf } from './work-budgets.js';
import type { Account, Rank, WorkQueue } from './work-queue.js';

/** Called once with the result of the handshake. */
export type Outcome = (hasSucceeded: boolean) => void;

export interface HandshakeAdmissionParts {
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly keys: KnownKeys;
}

export interface KnownKeys {
  /** Whether this identity has a key. Never throws. */
  hasKey(identity: string): boolean;
}

export class HandshakeAdmission {
  readonly #parts: HandshakeAdmissionParts;
  /** Pairs of identity and network, by the time of their last success, newest last. */
  readonly #proven = new Set<string>();
  readonly #provenBuckets: TokenBuckets;
  readonly #knownBuckets: TokenBuckets;
  readonly #identityBuckets: TokenBuckets;
  readonly #knownTotal: TokenBucket;
  readonly #lookUpBuckets: TokenBuckets;
  /** By identity and network for a known identity, else by network. */
  readonly #meritBuckets: TokenBuckets;
  readonly #unknownBuckets: TokenBuckets;
  readonly #unknownTotal: TokenBucket;
  /** Waiting handshakes of the third lane. */
  #unknownCount = 0;

  constructor(parts: HandshakeAdmissionParts) {
    this.#parts = parts;
    const { clock } = parts;
    const share = (us: number) => () => shareOf(us, workBurstMs);
    this.#provenBuckets = new TokenBuckets(clock, share(maxProvenHandshakeUs));
    this.#knownBuckets = new TokenBuckets(clock, share(maxIdentityHandshakeUs));
    this.#identityBuckets = new TokenBuckets(clock, share(maxIdentityHandshakeUs));
    this.#knownTotal = new TokenBucket(clock, share(maxKnownHandshakesUs));
    this.#meritBuckets = new TokenBuckets(clock, meritShare);
    this.#lookUpBuckets = new TokenBuckets(clock, share(maxKeyLookUpUs));
    this.#unknownBuckets = new TokenBuckets(clock, share(maxUnknownHandshakeUs));
    this.#unknownTotal = new TokenBucket(clock, share(maxUnknownHandshakesUs));
  }

  /**
   * Waits until the handshake may start.
   * @param identity undefined: the peer names none, or a malformed one
   * @param signal ends the wait: the connection has closed, or its deadline has passed
   * @throws {OperationalError} LINK: too many handshakes wait, or `signal` aborts
   */
  async admit(
    address: string,
    identity: string | undefined,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const network = networkOf(address);
    const pair = JSON.stringify([identity, network]);
    if (this.#proven.has(pair)) {
      const ofProven = (): TokenBucket[] => [this.#provenBuckets.of(pair)];
      await this.#pay({ rank: 0, of: pair, us: prices.handshake }, ofProven, signal);
    } else await this.#admitUnproven(network, identity, pair, signal);
    return (hasSucceeded) => {
      if (hasSucceeded) this.#noteProven(pair);
    };
  }

  async #admitUnproven(
    network: string,
    identity: string | undefined,
    pair: string,
    signal: AbortSignal,
  ): Promise<void> {
    if (identity !== undefined && (await this.#hasKey(network, identity, signal))) {
      const ofKnown = (): TokenBucket[] => [
        this.#knownBuckets.of(pair),
        this.#identityBuckets.of(identity),
        this.#knownTotal,
      ];
      await this.#pay({ rank: 1, of: pair, us: prices.handshake }, ofKnown, signal);
      return;
    }
    // The other lanes are bounded by the number of connections, each of which waits in one lane.
    if (this.#unknownCount >= maxHandshakesWaiting) {
      throw new OperationalError(
        'LINK',
        `too many handshakes wait: the limit is ${maxHandshakesWaiting}`,
      );
    }
    this.#unknownCount += 1;
    try {
      const ofUnknown = (): TokenBucket[] => [this.#unknownBuckets.of(network), this.#unknownTotal];
      await this.#pay({ rank: 2, of: network, us: prices.handshake }, ofUnknown, signal);
    } finally {
      this.#unknownCount -= 1;
    }
  }

  /** A key look-up is work too, paid by the network that asks. */
  async #hasKey(network: string, identity: string, signal: AbortSignal): Promise<boolean> {
    const lookUps = (): TokenBucket[] => [this.#lookUpBuckets.of(network)];
    await this.#pay({ rank: 1, of: network, us: prices.keyLookUp }, lookUps, signal);
    return this.#parts.keys.hasKey(identity);
  }

  async #pay(
    { rank, of, us }: { readonly rank: Rank; readonly of: string; readonly us: number },
    buckets: () => TokenBucket[],
    signal: AbortSignal,
  ): Promise<void> {
    if (signal.aborted) {
      throw new OperationalError('LINK', 'connection closed before its handshake began');
    }
    const { queue } = this.#parts;
    const account: Account = {
      rank,
      turnUs: rank === 0 ? turnUs : turnOfAnonymousUs,
      buckets,
      merit: () => this.#meritBuckets.of(of),
    };
    const cancel = (): void => queue.cancel(account);
    signal.addEventListener('abort', cancel, { once: true });
    try {
      await queue.pay(account, us);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  #noteProven(pair: string): void {
    this.#proven.delete(pair);
    this.#proven.add(pair);
    const [oldest] = this.#proven;
    if (this.#proven.size > maxCountedApart && oldest !== undefined) this.#proven.delete(oldest);
  }
}
