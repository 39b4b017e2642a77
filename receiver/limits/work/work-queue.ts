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
  #waiters: Waiter[] = [];
  /** Work done in this turn of the loop, by rank. */
  readonly #spentUs = [0, 0, 0];
  #isTurnEndPlanned = false;
  #timer: { readonly atMs: number; readonly abort: AbortController } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Number of waiting payments. */
  get length(): number {
    return this.#waiters.length;
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
      this.#waiters.push({ account, us, grant, cancel });
      // The end of the turn plans for all: a flood must not have the waiters counted at each of its payments.
      if (!this.#isTurnEndPlanned) this.#plan();
    });
  }

  /** Work was refunded: a waiting account may be ready now. */
  refunded(): void {
    if (this.#waiters.length > 0) this.#planTurnEnd();
  }

  /** Cancels the payments that an account waits for. */
  cancel(account: Account): void {
    const cancelled = this.#waiters.filter((waiter) => waiter.account === account);
    if (cancelled.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.account !== account);
    for (const { cancel } of cancelled) cancel(new WorkCancelled());
    this.#plan();
  }

  #isReady(account: Account): boolean {
    return !this.#isTurnOver(account) && waitMsOf(account) === 0;
  }

  #isTurnOver({ rank, turnUs }: Account): boolean {
    return (this.#spentUs[rank] ?? 0) >= turnUs;
  }

  /** A bucket may refill before its timer fires: an account that waits for it must not be overtaken. */
  #isAnyReadyBefore({ rank }: Account): boolean {
    return this.#waiters.some(({ account }) => account.rank === rank && this.#isReady(account));
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
    for (;;) {
      const next = this.#next();
      if (next === undefined) break;
      this.#waiters = this.#waiters.filter((waiter) => waiter !== next);
      this.#spend(next.account, next.us);
      next.grant();
    }
    this.#plan();
  }

  #next(): Waiter | undefined {
    let best: Waiter | undefined;
    for (const waiter of this.#waiters) {
      if (!this.#isReady(waiter.account)) continue;
      if (best === undefined || goesBefore(waiter.account, best.account)) best = waiter;
    }
    return best;
  }

  /** Plans the next grant for the moment when the first waiting account is ready. */
  #plan(): void {
    const waits = this.#waiters.map(({ account }) => waitMsOf(account));
    const waitMs = Math.min(...waits);
    if (waitMs === 0) this.#planTurnEnd();
    const atMs = this.#clock.monotonicMs() + waitMs;
    const isPlanned = this.#timer !== undefined && this.#timer.atMs <= atMs;
    if (this.#waiters.length > 0 && (isPlanned || waitMs === 0)) return;
    this.#timer?.abort.abort();
    this.#timer = undefined;
    if (this.#waiters.length === 0) return;
    const abort = new AbortController();
    this.#timer = { atMs, abort };
    void this.#clock.sleep(waitMs, abort.signal).then(() => {
      if (abort.signal.aborted) return;
      this.#timer = undefined;
      this.#grant();
    });
  }
}

function waitMsOf(account: Account): number {
  return Math.max(...account.buckets().map((bucket) => bucket.waitMs));
}

function goesBefore(one: Account, other: Account): boolean {
  if (one.rank !== other.rank) return one.rank < other.rank;
  return one.merit().balanceUs > other.merit().balanceUs;
}
