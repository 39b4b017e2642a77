/**
 * Which budgets pay for a connection's work. A paired camera pays from its own budget; an anonymous connection pays
 * from three: the connection's, its address's and that of all peers without a key. Useful work is refunded: to a
 * paired camera always, so that only its useless work is limited; to others until a camera is paired. From then on
 * all work of anonymous peers is limited, so that paired cameras are served beside them.
 */
import type { Clock } from '../../../shared/clock.js';
import {
  slowBurstMs,
  maxAddressConnectionsUs,
  maxAddressWorkUs,
  maxCameraWorkUs,
  forgivenWorkUs,
  maxConnectionWorkUs,
  maxConnectionsUs,
  maxCountedApart,
  maxAnonymousSlowUs,
  maxAnonymousWorkUs,
  maxOpenConnectionsUs,
  openBurstMs,
  turnUs,
  turnOfAnonymousUs,
  workBurstMs,
} from '../receiver-limits.js';
import { networkOf } from '../../../shared/protocol/network.js';
import { prices } from './prices.js';
import { TokenBucket, type Share } from './token-bucket.js';
import { TokenBuckets } from './token-buckets.js';
import { type Account, WorkCancelled, WorkQueue } from './work-queue.js';

/** The work budget of one connection. */
export interface ConnectionBudget {
  /**
   * Pays before the work is done.
   * @returns undefined when it is paid at once; else resolves when it is paid
   * @throws {WorkCancelled} synchronously or as a rejection: the connection has ended
   */
  pay(us: number): Promise<void> | undefined;
  /**
   * Pays for work that blocks the event loop, or other cameras' flushes, for some 10 ms: a camera's lock, a gap entry.
   * Peers without a key beside paired cameras get a few of them a second.
   */
  paySlow(us: number): Promise<void> | undefined;
  /** Gives back the price of useful work. */
  refund(us: number): void;
  /** Cancels payments that wait. */
  cancel(): void;
  /** The connection has ended: later payments fail. */
  end(): void;
}

export const shareOf = (usPerSecond: number, burstMs: number): Share => ({
  usPerSecond,
  burstUs: (usPerSecond * burstMs) / 1000,
});

/** Share of a merit bucket: its balance, at most 0, is the work wasted lately. */
export const meritShare = (): Share => ({ usPerSecond: forgivenWorkUs, burstUs: 0 });

export class WorkBudgets {
  /** Also used for TLS handshakes. */
  readonly queue: WorkQueue;
  readonly #clock: Clock;
  readonly #cameras: TokenBuckets;
  readonly #meritsOfCameras: TokenBuckets;
  readonly #addresses: TokenBuckets;
  readonly #anonymous: TokenBucket;
  readonly #anonymousSlow: TokenBucket;
  readonly #addressConnections: TokenBuckets;
  readonly #connections: TokenBucket;
  /** Networks of paired cameras, newest last. */
  readonly #cameraNetworks = new Set<string>();
  #isGuarded = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.queue = new WorkQueue(clock);
    const common = (us: number): Share => shareOf(us, this.#isGuarded ? workBurstMs : openBurstMs);
    this.#cameras = new TokenBuckets(clock, () => shareOf(maxCameraWorkUs, workBurstMs));
    this.#meritsOfCameras = new TokenBuckets(clock, meritShare);
    this.#addresses = new TokenBuckets(clock, () => common(maxAddressWorkUs));
    this.#anonymous = new TokenBucket(clock, () => common(maxAnonymousWorkUs));
    this.#anonymousSlow = new TokenBucket(clock, () => shareOf(maxAnonymousSlowUs, slowBurstMs));
    this.#addressConnections = new TokenBuckets(clock, () =>
      common(this.#isGuarded ? maxAddressConnectionsUs : maxOpenConnectionsUs),
    );
    this.#connections = new TokenBucket(clock, () =>
      common(this.#isGuarded ? maxConnectionsUs : maxOpenConnectionsUs),
    );
  }

  /** A camera is paired: from now on all work of anonymous peers is limited. */
  guard(): void {
    this.#isGuarded = true;
  }

  /**
   * Pays for a connection before anything is read from it.
   * @returns false when the budget of the address, or of all without a key, is spent: the connection is closed without
   *   an answer. An address from which a paired camera came is always accepted.
   */
  acceptConnection(address: string): boolean {
    const network = networkOf(address);
    const own = this.#addressConnections.of(network);
    const isCameras = this.#cameraNetworks.has(network);
    if (!isCameras && (own.waitMs > 0 || this.#connections.waitMs > 0)) return false;
    own.spend(prices.connection);
    // An address in debt takes nothing from the common budget.
    if (own.waitMs === 0) this.#connections.spend(prices.connection);
    return true;
  }

  ofCamera(camera: string, address: string): ConnectionBudget {
    this.#noteCameraAt(networkOf(address));
    const buckets = (): TokenBucket[] => [this.#cameras.of(camera)];
    const merit = (): TokenBucket => this.#meritsOfCameras.of(camera);
    const account: Account = { rank: 0, turnUs, buckets, merit };
    return new Budget(this.queue, account, account, buckets);
  }

  ofAnonymous(address: string): ConnectionBudget {
    const network = networkOf(address);
    const connection = new TokenBucket(this.#clock, () =>
      shareOf(maxConnectionWorkUs, workBurstMs),
    );
    const merit = new TokenBucket(this.#clock, meritShare);
    // The one that is empty in a flood comes first.
    const all = (): TokenBucket[] => [this.#anonymous, this.#addresses.of(network), connection];
    const isGuarded = (): boolean => this.#isGuarded;
    const account: Account = {
      rank: 2,
      get turnUs() {
        return isGuarded() ? turnOfAnonymousUs : turnUs;
      },
      buckets: all,
      merit: () => merit,
    };
    const refundable = (): TokenBucket[] => (isGuarded() ? [connection] : all());
    const ofSlow = (): TokenBucket[] => (isGuarded() ? [...all(), this.#anonymousSlow] : all());
    const slowAccount: Account = {
      rank: 2,
      turnUs: turnOfAnonymousUs,
      buckets: ofSlow,
      merit: () => merit,
    };
    return new Budget(this.queue, account, slowAccount, refundable);
  }

  #noteCameraAt(network: string): void {
    this.#cameraNetworks.delete(network);
    this.#cameraNetworks.add(network);
    const [oldest] = this.#cameraNetworks;
    if (this.#cameraNetworks.size > maxCountedApart && oldest !== undefined) {
      this.#cameraNetworks.delete(oldest);
    }
  }
}

class Budget implements ConnectionBudget {
  readonly #queue: WorkQueue;
  readonly #account: Account;
  readonly #slowAccount: Account;
  readonly #refundable: () => readonly TokenBucket[];
  #hasEnded = false;

  constructor(
    queue: WorkQueue,
    account: Account,
    slowAccount: Account,
    refundable: () => readonly TokenBucket[],
  ) {
    this.#queue = queue;
    this.#account = account;
    this.#slowAccount = slowAccount;
    this.#refundable = refundable;
  }

  pay(us: number): Promise<void> | undefined {
    if (this.#hasEnded) throw new WorkCancelled();
    return this.#queue.pay(this.#account, us);
  }

  paySlow(us: number): Promise<void> | undefined {
    if (this.#hasEnded) throw new WorkCancelled();
    return this.#queue.pay(this.#slowAccount, us);
  }

  refund(us: number): void {
    for (const bucket of [...this.#refundable(), this.#account.merit()]) bucket.refund(us);
    this.#queue.refunded();
  }

  cancel(): void {
    this.#queue.cancel(this.#account);
    this.#queue.cancel(this.#slowAccount);
  }

  end(): void {
    this.#hasEnded = true;
    this.cancel();
  }
}

/** Sums what one message or picture has cost, for a refund. */
export class Tab {
  readonly #budget: ConnectionBudget;
  #us = 0;

  constructor(budget: ConnectionBudget) {
    this.#budget = budget;
  }

  pay(us: number): Promise<void> | undefined {
    this.#us += us;
    return this.#budget.pay(us);
  }

  paySlow(us: number): Promise<void> | undefined {
    this.#us += us;
    return this.#budget.paySlow(us);
  }

  /** It was of use. */
  refund(): void {
    this.#budget.refund(this.#us);
    this.#us = 0;
  }
}
