/**
 * Order of work on the event loop. Work is paid before it is done, from the buckets of its account; an account with
 * an empty bucket waits, and its connection is not read meanwhile. The loop polls all connections between turns; the
 * work of a rank in one turn is limited by `turnUs` of its accounts.
 */
import type { Clock } from '../../../shared/clock.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import type { TokenBucket } from './token-bucket.js';

/** Lower ranks go first. */
export type Rank = 0 | 1 | 2;

export interface Account {
  readonly rank: Rank;
  /** Work of this rank in one turn of the loop, microseconds; further work waits for the next turn. */
  readonly turnUs: number;
  /** Each must have a positive balance. */
  buckets(): readonly TokenBucket[];
  /** Within a rank, the account with the highest balance goes first. This bucket never makes an account wait. */
  merit(): TokenBucket;
}

interface Waiter {
  readonly account: Account;
  readonly us: number;
  readonly grant: () => void;
  readonly cancel: (error: WorkCancelled) => void;
}

/** Minimum pause before waiting work is looked at again: a bucket that refills by the microsecond would keep a timer busy. */
const minPauseMs = 5;

/** The connection that needed the work has ended, or is ending. */
export class WorkCancelled extends OperationalError {
  override readonly name = 'WorkCancelled';

  constructor() {
    super('LINK', 'connection closed');
  }
}

export class WorkQueue {
  readonly #clock: Clock;
  /** In order of arrival. */
  readonly #waiters = new Set<Waiter>();
  /** Work done in this turn of the loop, by rank. */
  readonly #spentUs = [0, 0, 0];
  #isTurnEndPlanned = false;
  #timer: { readonly atMs: number; readonly abort: AbortController } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Number of waiting payments. */
  get length(): number {
    return this.#waiters.size;
  }

  /**
   * @returns undefined when it is paid at once; else resolves when it is paid, or rejects with `WorkCancelled`
   */
  pay(account: Account, us: number): Promise<void> | undefined {
    const isReady = this.#isReady(account) && !this.#isAnyReadyBefore(account);
    if (isReady) {
      this.#spend(account, us);
      return undefined;
    }
    return new Promise((grant, cancel) => {
      this.#waiters.add({ account, us, grant, cancel });
      const waitMs = waitMsOf(account);
      if (waitMs === 0) this.#planTurnEnd();
      else this.#wakeIn(waitMs);
    });
  }

  /** Work was refunded: a waiting account may be ready now. */
  refunded(): void {
    if (this.#waiters.size > 0) this.#planTurnEnd();
  }

  /** Cancels the payments that an account waits for. */
  cancel(account: Account): void {
    for (const waiter of this.#waiters) {
      if (waiter.account !== account) continue;
      this.#waiters.delete(waiter);
      waiter.cancel(new WorkCancelled());
    }
    if (this.#waiters.size === 0) this.#stopTimer();
  }

  #isReady(account: Account): boolean {
    if (this.#isTurnOver(account)) return false;
    return account.buckets().every(({ balanceUs }) => balanceUs > 0);
  }

  #isTurnOver({ rank, turnUs }: Account): boolean {
    return (this.#spentUs[rank] ?? 0) >= turnUs;
  }

  /** A bucket may refill before its timer fires: an account that waits for it must not be overtaken. */
  #isAnyReadyBefore({ rank }: Account): boolean {
    for (const { account } of this.#waiters) {
      if (account.rank === rank && this.#isReady(account)) return true;
    }
    return false;
  }

  #spend(account: Account, us: number): void {
    for (const bucket of [...account.buckets(), account.merit()]) bucket.spend(us);
    this.#spentUs[account.rank] = (this.#spentUs[account.rank] ?? 0) + us;
    this.#planTurnEnd();
  }

  #planTurnEnd(): void {
    if (this.#isTurnEndPlanned) return;
    this.#isTurnEndPlanned = true;
    setImmediate(() => {
      this.#isTurnEndPlanned = false;
      this.#spentUs.fill(0);
      this.#grant();
    });
  }

  #grant(): void {
    // Buckets are looked at in turn: when a thousand cameras wait, the turn is over after a few of them.
    for (const waiter of this.#inOrder()) {
      if (!this.#isReady(waiter.account)) continue;
      this.#waiters.delete(waiter);
      this.#spend(waiter.account, waiter.us);
      waiter.grant();
    }
    if (this.#timer !== undefined || this.#waiters.size === 0) return;
    this.#wakeIn(this.#shortestWaitMs());
  }

  #shortestWaitMs(): number {
    let shortestMs = Number.POSITIVE_INFINITY;
    for (const { account } of this.#waiters) {
      shortestMs = Math.min(shortestMs, waitMsOf(account));
      if (shortestMs === 0) break;
    }
    return shortestMs;
  }

  #inOrder(): readonly Waiter[] {
    return [...this.#waiters]
      .map((waiter) => ({ waiter, meritUs: waiter.account.merit().balanceUs }))
      .sort(
        (one, other) =>
          one.waiter.account.rank - other.waiter.account.rank || other.meritUs - one.meritUs,
      )
      .map(({ waiter }) => waiter);
  }

  /** Grants again after this time at the latest. */
  #wakeIn(waitMs: number): void {
    const pauseMs = Math.max(waitMs, minPauseMs);
    const atMs = this.#clock.monotonicMs() + pauseMs;
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    this.#stopTimer();
    const abort = new AbortController();
    this.#timer = { atMs, abort };
    void this.#clock.sleep(pauseMs, abort.signal).then(() => {
      if (abort.signal.aborted) return;
      this.#timer = undefined;
      this.#grant();
    });
  }

  #stopTimer(): void {
    this.#timer?.abort.abort();
    this.#timer = undefined;
  }
}

function waitMsOf(account: Account): number {
  return Math.max(...account.buckets().map((bucket) => bucket.waitMs));
}
