/** Work queue: order and budget of paid work. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../../../receiver/limits/work/token-bucket.js';
import { type Account, type Rank, WorkQueue } from '../../../../receiver/limits/work/work-queue.js';
import { FakeClock } from '../../../support/fake-clock.js';

const share = () => ({ usPerSecond: 50_000, burstUs: 20_000 });

function setUp() {
  const clock = new FakeClock();
  const queue = new WorkQueue(clock);
  const done: string[] = [];
  const open = (rank: Rank, ...shared: TokenBucket[]): Account => {
    const buckets = [new TokenBucket(clock, share), ...shared];
    const merit = new TokenBucket(clock, () => ({ usPerSecond: 1000, burstUs: 0 }));
    return { rank, turnUs: 5000, buckets: () => buckets, merit: () => merit };
  };
  const pay = (name: string, account: Account, us: number): void => {
    const paying = queue.pay(account, us);
    if (paying === undefined) done.push(name);
    else paying.then(() => done.push(name)).catch(() => done.push(`${name} cancelled`));
  };
  /** Lets the event loop turn until all work that is ready is done. */
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await clock.advance(0);
  };
  return { clock, queue, done, open, pay, settle };
}

describe('work in the queue', () => {
  it('is paid at once while the balance is positive', () => {
    const { done, open, pay, queue } = setUp();
    pay('a', open(0), 4000);
    expect({ done, waiting: queue.length }).toEqual({ done: ['a'], waiting: 0 });
  });

  it('beyond the budget waits for the refill, in order', async () => {
    const { clock, done, open, pay, settle } = setUp();
    const account = open(0);
    for (const name of ['a', 'b', 'c', 'd']) pay(name, account, 20_000);
    await settle();
    expect(done).toEqual(['a']);
    await clock.advance(4);
    expect(done).toEqual(['a']);
    await clock.advance(1);
    expect(done).toEqual(['a', 'b']);
    await clock.advance(395);
    await settle();
    expect(done).toEqual(['a', 'b']);
    await clock.advance(1);
    expect(done).toEqual(['a', 'b', 'c']);
    await clock.advance(400);
    await settle();
    expect(done).toEqual(['a', 'b', 'c', 'd']);
  });

  it('that is refunded is available to the next', async () => {
    const { done, open, pay, settle, queue } = setUp();
    const account = open(0);
    pay('a', account, 50_000);
    pay('b', account, 1000);
    await settle();
    expect(done).toEqual(['a']);
    account.buckets()[0]?.refund(50_000);
    queue.refunded();
    await settle();
    expect(done).toEqual(['a', 'b']);
  });

  it('of one account does not wait for another account', () => {
    const { done, open, pay } = setUp();
    const [one, other] = [open(0), open(0)];
    pay('a', one, 3000);
    pay('b', one, 1_000_000);
    pay('c', one, 1);
    pay('d', open(1), 1);
    pay('e', other, 1);
    expect(done).toEqual(['a', 'b', 'd']);
  });

  it('beyond one turn waits for the next turn, the lower rank first', async () => {
    const { done, open, pay, settle } = setUp();
    for (const name of ['a', 'b', 'c']) pay(`stranger ${name}`, open(2), 5000);
    for (const name of ['a', 'b', 'c']) pay(`camera ${name}`, open(0), 5000);
    expect(done).toEqual(['stranger a', 'camera a']);
    await settle();
    const rest = ['camera b', 'stranger b', 'camera c', 'stranger c'];
    expect(done).toEqual(['stranger a', 'camera a', ...rest]);
  });

  it('of the account that wasted least goes first in a shared budget', async () => {
    const { clock, done, open, pay } = setUp();
    const shared = new TokenBucket(clock, share);
    const [flooder, honest] = [open(2, shared), open(2, shared)];
    pay('flood 1', flooder, 21_000);
    for (let at = 2; at <= 9; at += 1) pay(`flood ${at}`, flooder, 5000);
    pay('honest', honest, 1000);
    await clock.advance(21);
    expect(done).toEqual(['flood 1', 'honest']);
  });

  it('of a connection that has ended is cancelled', async () => {
    const { done, open, pay, settle, queue, clock } = setUp();
    const [gone, other] = [open(0), open(0)];
    pay('a', gone, 50_000);
    pay('b', gone, 1000);
    pay('c', other, 50_000);
    pay('d', other, 1000);
    queue.cancel(gone);
    await settle();
    expect(done).toEqual(['a', 'b cancelled', 'c']);
    await clock.advance(601);
    await settle();
    expect(done).toEqual(['a', 'b cancelled', 'c', 'd']);
    expect(queue.length).toBe(0);
  });

  it('is always done in the end, and never beyond the budget', async () => {
    const ask = fc.record({
      account: fc.integer({ min: 0, max: 5 }),
      us: fc.integer({ min: 1, max: 30_000 }),
      afterMs: fc.integer({ min: 0, max: 50 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(ask, { maxLength: 40 }), async (asks) => {
        const { clock, done, open, pay, settle } = setUp();
        const shared = new TokenBucket(clock, share);
        const accounts = [
          open(0),
          open(0),
          open(1, shared),
          ...[1, 2, 3].map(() => open(2, shared)),
        ];
        for (const [at, { account, us, afterMs }] of asks.entries()) {
          await clock.advance(afterMs);
          const one = accounts[account];
          if (one !== undefined) pay(`${account} ${at}`, one, us);
          expect(shared.balanceUs).toBeGreaterThan(-30_000);
        }
        for (let ms = 0; ms < 40 * 600; ms += 600) {
          await clock.advance(600);
          await settle();
        }
        expect(done).toHaveLength(asks.length);
        for (const account of accounts.keys()) {
          const order = done.filter((name) => name.startsWith(`${account} `));
          const numbers = order.map((name) => Number(name.split(' ')[1]));
          expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        }
      }),
      { numRuns: 15 },
    );
  });
});
