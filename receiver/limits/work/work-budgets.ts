/**
 * Who pays for the work that a connection makes: a paired camera its own budget, everybody else the
 * connection's, its address's and that of all without a key. Work that was of use is given back: to a paired
 * camera always, so that only its useless work is limited; to others as long as no camera is paired. From then
 * on theirs is limited in all, so that paired cameras are served beside them.
 */
import type { Clock } from '../../../shared/clock.js';
import {
  lockBurstMs,
  maxAddressConnectionsUs,
  maxAddressWorkUs,
  maxCameraWorkUs,
  forgivenWorkUs,
  maxConnectionWorkUs,
  maxConnectionsUs,
  maxCountedApart,
  maxAnonymousLocksUs,
  maxAnonymousWorkUs,
  maxOpenConnectionsUs,
  openBurstMs,
  turnUs,
  turnOfAnonymousUs,
  workBurstMs,
} from '../receiver-limits.js';
import { networkOf } from '../network.js';
import { prices } from './prices.js';
import { TokenBucket, type Share } from './token-bucket.js';
import { TokenBuckets } from './token-buckets.js';
import { type Account, WorkCancelled, WorkQueue } from './work-queue.js';

/** What one connection may make the receiver do. */
export interface ConnectionBudget {
  /**
   * Pays before the work is done.
   * @returns undefined when there is enough; else resolves when there is
   * @throws {WorkCancelled} at once or by rejecting: the connection has ended
   */
  pay(us: number): Promise<void> | undefined;
  /** Pays for a camera's lock: those of peers without a key come one by one, since each holds the event loop. */
  payLock(us: number): Promise<void> | undefined;
  /** The work was of use. */
  refund(us: number): void;
  /** What waits to be paid is not wanted any more. */
  cancel(): void;
  /** The connection has ended: no more work is done for it. */
  end(): void;
}

export const shareOf = (usPerSecond: number, burstMs: number): Share => ({
  usPerSecond,
  burstUs: (usPerSecond * burstMs) / 1000,
});

/** Of a bucket whose balance says, below 0, how much work was wasted lately. */
export const meritShare = (): Share => ({ usPerSecond: forgivenWorkUs, burstUs: 0 });

export class WorkBudgets {
  /** For other work that is limited beside it. */
  readonly queue: WorkQueue;
  readonly #clock: Clock;
  readonly #cameras: TokenBuckets;
  readonly #meritsOfCameras: TokenBuckets;
  readonly #addresses: TokenBuckets;
  readonly #anonymous: TokenBucket;
  readonly #anonymousLocks: TokenBucket;
  readonly #addressConnections: TokenBuckets;
  readonly #connections: TokenBucket;
  /** Networks from which cameras came, the newest last. */
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
    this.#anonymousLocks = new TokenBucket(clock, () => shareOf(maxAnonymousLocksUs, lockBurstMs));
    this.#addressConnections = new TokenBuckets(clock, () =>
      common(this.#isGuarded ? maxAddressConnectionsUs : maxOpenConnectionsUs),
    );
    this.#connections = new TokenBucket(clock, () =>
      common(this.#isGuarded ? maxConnectionsUs : maxOpenConnectionsUs),
    );
  }

  /** A camera is paired: from now on others are limited in all that they do. */
  guard(): void {
    this.#isGuarded = true;
  }

  /**
   * Pays for a connection before anything is read from it.
   * @returns false when the address, or all without a key, connect too often: it is not worth a word. Addresses from
   *   which paired cameras came are accepted always.
   */
  acceptConnection(address: string): boolean {
    const network = networkOf(address);
    const own = this.#addressConnections.of(network);
    const isCameras = this.#cameraNetworks.has(network);
    if (!isCameras && (own.waitMs > 0 || this.#connections.waitMs > 0)) return false;
    own.spend(prices.connection);
    // An address that owes must not make the others wait.
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
    const own = new TokenBucket(this.#clock, () => shareOf(maxConnectionWorkUs, workBurstMs));
    const merit = new TokenBucket(this.#clock, meritShare);
    const all = (): TokenBucket[] => [own, this.#addresses.of(network), this.#anonymous];
    const isGuarded = (): boolean => this.#isGuarded;
    const account: Account = {
      rank: 2,
      get turnUs() {
        return isGuarded() ? turnOfAnonymousUs : turnUs;
      },
      buckets: all,
      merit: () => merit,
    };
    const refundable = (): TokenBucket[] => (isGuarded() ? [own] : all());
    const ofLocks = (): TokenBucket[] => (isGuarded() ? [...all(), this.#anonymousLocks] : all());
    const lockAccount: Account = {
      rank: 2,
      turnUs: turnOfAnonymousUs,
      buckets: ofLocks,
      merit: () => merit,
    };
    return new Budget(this.queue, account, lockAccount, refundable);
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
  readonly #lockAccount: Account;
  readonly #refundable: () => readonly TokenBucket[];
  #hasEnded = false;

  constructor(
    queue: WorkQueue,
    account: Account,
    lockAccount: Account,
    refundable: () => readonly TokenBucket[],
  ) {
    this.#queue = queue;
    this.#account = account;
    this.#lockAccount = lockAccount;
    this.#refundable = refundable;
  }

  pay(us: number): Promise<void> | undefined {
    if (this.#hasEnded) throw new WorkCancelled();
    return this.#queue.pay(this.#account, us);
  }

  payLock(us: number): Promise<void> | undefined {
    if (this.#hasEnded) throw new WorkCancelled();
    return this.#queue.pay(this.#lockAccount, us);
  }

  refund(us: number): void {
    for (const bucket of [...this.#refundable(), this.#account.merit()]) bucket.refund(us);
    this.#queue.refunded();
  }

  cancel(): void {
    this.#queue.cancel(this.#account);
    this.#queue.cancel(this.#lockAccount);
  }

  end(): void {
    this.#hasEnded = true;
    this.cancel();
  }
}

/** What one message, or one picture, has cost so far. */
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

  payLock(us: number): Promise<void> | undefined {
    this.#us += us;
    return this.#budget.payLock(us);
  }

  /** It was of use. */
  refund(): void {
    this.#budget.refund(this.#us);
    this.#us = 0;
  }
}
