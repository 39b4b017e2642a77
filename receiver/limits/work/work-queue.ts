/**
 * Who may work next on the event loop. Work is paid before it is done, out of the buckets of the account that
 * asks for it; an account with nothing left waits, and its connection is not read meanwhile. Between turns the
 * loop looks at all connections: no rank does more in one turn than its accounts allow.
 */
import type { Clock } from '../../../shared/clock.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import type { TokenBucket } from './token-bucket.js';

/** The lowest goes first. */
export type Rank = 0 | 1 | 2;

export interface Account {
  readonly rank: Rank;
  /** After so much work of this rank, microseconds, the rest waits for the next turn of the loop. */
  readonly turnUs: number;
  /** Each must have something left. */
  buckets(): readonly TokenBucket[];
  /** Among accounts of a rank the one with the highest balance here goes first. It is never waited for. */
  merit(): TokenBucket;
}

interface Waiter {
  readonly account: Account;
  readonly us: number;
  readonly grant: () => void;
  readonly cancel: (error: WorkCancelled) => void;
}

/** The connection for which the work was to be done has ended, or is ending. */
export class WorkCancelled extends OperationalError {
  override readonly name = 'WorkCancelled';

  constructor() {
    super('LINK', 'it left');
  }
}

export class WorkQueue {
  readonly #clock: Clock;
  /** In order of arrival. */
  #waiters: Waiter[] = [];
  /** In this turn of the loop, by rank. */
  readonly #spentUs = [0, 0, 0];
  #isTurnEndPlanned = false;
  #timer: { readonly atMs: number; readonly abort: AbortController } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait. */
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
      this.#plan();
    });
  }

  /** Something was given back: who waits may not have to wait any longer. */
  refunded(): void {
    if (this.#waiters.length > 0) this.#planTurnEnd();
  }

  /** The work that an account waits for is not wanted any more. */
  cancel(account: Account): void {
    const leaving = this.#waiters.filter((waiter) => waiter.account === account);
    if (leaving.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.account !== account);
    for (const { cancel } of leaving) cancel(new WorkCancelled());
    this.#plan();
  }

  #isReady(account: Account): boolean {
    return !this.#isTurnOver(account) && waitMsOf(account) === 0;
  }

  #isTurnOver({ rank, turnUs }: Account): boolean {
    return (this.#spentUs[rank] ?? 0) >= turnUs;
  }

  /** A bucket may have filled before its timer fires: who waited for it must not be overtaken. */
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

  /** Sees to it that somebody looks again when the first of those who wait has something left. */
  #plan(): void {
    const waits = this.#waiters.map(({ account }) => waitMsOf(account));
    const waitMs = Math.min(...waits);
    if (waitMs === 0) this.#planTurnEnd();
    const atMs = this.#clock.monotonicMs() + waitMs;
    const isLooking = this.#timer !== undefined && this.#timer.atMs <= atMs;
    if (this.#waiters.length > 0 && (isLooking || waitMs === 0)) return;
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
