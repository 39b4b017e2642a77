/**
 * Which TLS handshakes are served next, and how many. An identity is sent in the clear, so it proves nothing
 * before its handshake has succeeded; and who repeats a camera's identity from elsewhere must not shut that
 * camera out. Three lanes, each with a budget of its own:
 *
 *   1. identities whose last handshake from the same network succeeded
 *   2. identities that are known, from other networks
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
import { networkOf } from '../network.js';
import { TokenBucket } from './token-bucket.js';
import { TokenBuckets } from './token-buckets.js';
import { prices } from './prices.js';
import { meritShare, shareOf } from './work-budgets.js';
import type { Account, Rank, WorkQueue } from './work-queue.js';

/** To be told once how the handshake ended. */
export type Outcome = (hasSucceeded: boolean) => void;

export interface HandshakeAdmissionParts {
  readonly queue: WorkQueue;
  readonly clock: Clock;
  /** Whether there is a key of this identity. Never throws. */
  readonly hasKey: (identity: string) => boolean;
}

export class HandshakeAdmission {
  readonly #parts: HandshakeAdmissionParts;
  /** By identity and network; the one that succeeded last is the newest. */
  readonly #proven = new Set<string>();
  readonly #ofProven: TokenBuckets;
  readonly #ofKnown: TokenBuckets;
  readonly #ofIdentity: TokenBuckets;
  readonly #allKnown: TokenBucket;
  readonly #lookUps: TokenBuckets;
  /** By identity and network where it is known, else by network. */
  readonly #merits: TokenBuckets;
  readonly #ofUnknown: TokenBuckets;
  readonly #allUnknown: TokenBucket;
  /** Those of the third lane that wait. */
  #unknownCount = 0;

  constructor(parts: HandshakeAdmissionParts) {
    this.#parts = parts;
    const { clock } = parts;
    const share = (us: number) => () => shareOf(us, workBurstMs);
    this.#ofProven = new TokenBuckets(clock, share(maxProvenHandshakeUs));
    this.#ofKnown = new TokenBuckets(clock, share(maxIdentityHandshakeUs));
    this.#ofIdentity = new TokenBuckets(clock, share(maxIdentityHandshakeUs));
    this.#allKnown = new TokenBucket(clock, share(maxKnownHandshakesUs));
    this.#merits = new TokenBuckets(clock, meritShare);
    this.#lookUps = new TokenBuckets(clock, share(maxKeyLookUpUs));
    this.#ofUnknown = new TokenBuckets(clock, share(maxUnknownHandshakeUs));
    this.#allUnknown = new TokenBucket(clock, share(maxUnknownHandshakesUs));
  }

  /**
   * Waits until a handshake may be done.
   * @param identity undefined: it names none, or nothing that can be one
   * @param signal ends the waiting: the connection is gone, or was not quick enough
   * @throws {OperationalError} LINK: too many wait, or `signal` aborts
   */
  async admit(
    address: string,
    identity: string | undefined,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const network = networkOf(address);
    const pair = JSON.stringify([identity, network]);
    if (this.#proven.has(pair)) {
      const ofProven = (): TokenBucket[] => [this.#ofProven.of(pair)];
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
    if (identity !== undefined && (await this.#lookUp(network, identity, signal))) {
      const ofKnown = (): TokenBucket[] => [
        this.#ofKnown.of(pair),
        this.#ofIdentity.of(identity),
        this.#allKnown,
      ];
      await this.#pay({ rank: 1, of: pair, us: prices.handshake }, ofKnown, signal);
      return;
    }
    // The other lanes are bounded by the places for connections, of which each waits in one.
    if (this.#unknownCount >= maxHandshakesWaiting) {
      throw new OperationalError('LINK', 'too many handshakes wait');
    }
    this.#unknownCount += 1;
    try {
      const ofUnknown = (): TokenBucket[] => [this.#ofUnknown.of(network), this.#allUnknown];
      await this.#pay({ rank: 2, of: network, us: prices.handshake }, ofUnknown, signal);
    } finally {
      this.#unknownCount -= 1;
    }
  }

  /** Looking is work too, and paid by who asks. */
  async #lookUp(network: string, identity: string, signal: AbortSignal): Promise<boolean> {
    const lookUps = (): TokenBucket[] => [this.#lookUps.of(network)];
    await this.#pay({ rank: 1, of: network, us: prices.keyLookUp }, lookUps, signal);
    return this.#parts.hasKey(identity);
  }

  async #pay(
    { rank, of, us }: { readonly rank: Rank; readonly of: string; readonly us: number },
    buckets: () => TokenBucket[],
    signal: AbortSignal,
  ): Promise<void> {
    const gone = new OperationalError('LINK', 'it left before its handshake began');
    if (signal.aborted) throw gone;
    const { queue } = this.#parts;
    const account: Account = {
      rank,
      turnUs: rank === 0 ? turnUs : turnOfAnonymousUs,
      buckets,
      merit: () => this.#merits.of(of),
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
