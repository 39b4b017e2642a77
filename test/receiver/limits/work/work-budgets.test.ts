/** Work budgets: which budgets pay for a connection's work. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  maxAddressConnectionsUs,
  maxAddressWorkUs,
  maxAnonymousWorkUs,
  maxCameraWorkUs,
  maxConnectionWorkUs,
  maxConnectionsUs,
} from '../../../../receiver/limits/receiver-limits.js';
import { prices } from '../../../../receiver/limits/work/prices.js';
import {
  type ConnectionBudget,
  Tab,
  WorkBudgets,
} from '../../../../receiver/limits/work/work-budgets.js';
import { FakeClock } from '../../../support/fake-clock.js';

/** Requests work for one peer without end, a piece at a time, and sums what was done. */
function ask(budget: ConnectionBudget, us: number, isUseful = false) {
  const asked = { doneUs: 0 };
  void (async () => {
    for (;;) {
      const tab = new Tab(budget);
      await tab.pay(us);
      asked.doneUs += us;
      if (isUseful) tab.refund();
      // A payment that succeeds at once does not let the event loop turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  })().catch(() => undefined);
  return asked;
}

function setUp(isGuarded: boolean) {
  const clock = new FakeClock();
  const budgets = new WorkBudgets(clock);
  if (isGuarded) budgets.guard();
  const ends: (() => void)[] = [];
  const connect = (budget: ConnectionBudget): ConnectionBudget => {
    ends.push(() => budget.end());
    return budget;
  };
  return {
    budgets,
    anonymous: (address: string) => connect(budgets.ofAnonymous(address)),
    camera: (name: string) => connect(budgets.ofCamera(name, '10.0.0.2')),
    /** Advances the clock in steps of 1 ms, shorter than any wait. */
    pass: async (ms: number): Promise<void> => {
      for (let at = 0; at < ms; at += 1) await clock.advance(1);
    },
    end: () => ends.forEach((end) => end()),
  };
}

/** The burst, and one piece that overdraws it. */
const first = (perSecond: number, us: number): number => perSecond + us;

describe('work budgets beside paired cameras', () => {
  it.each([
    ['one connection', 1, () => '10.0.0.9', maxConnectionWorkUs],
    ['sixteen connections of one address', 16, () => '10.0.0.9', maxAddressWorkUs],
    ['forty-eight of as many addresses', 48, (at: number) => `10.0.1.${at}`, maxAnonymousWorkUs],
  ])('the work of %s without a key is limited', async (_, count, addressOf, perSecond) => {
    const { anonymous, pass, end } = setUp(true);
    const asked = Array.from({ length: count }, (_each, at) => ask(anonymous(addressOf(at)), 500));
    await pass(1000);
    const done = (): number => asked.reduce((sum, { doneUs }) => sum + doneUs, 0);
    const before = done();
    expect(before).toBeLessThanOrEqual(perSecond + first(perSecond, 500 * count));
    await pass(1000);
    end();
    expect(done() - before).toBeLessThanOrEqual(perSecond + 500 * count);
    expect(done() - before).toBeGreaterThan(perSecond * 0.9);
  });

  it('charge anonymous peers for useful work too, and those that wasted nothing go first', async () => {
    const { anonymous, pass, end } = setUp(true);
    const flood = Array.from({ length: 16 }, () => ask(anonymous('10.0.0.9'), 500));
    await pass(2000);
    const before = flood.reduce((sum, { doneUs }) => sum + doneUs, 0);
    const honest = ask(anonymous('10.0.0.9'), 2000, true);
    await pass(1000);
    end();
    const flooded = flood.reduce((sum, { doneUs }) => sum + doneUs, 0) - before;
    expect(honest.doneUs).toBeGreaterThan(maxAddressWorkUs * 0.8);
    expect(honest.doneUs + flooded).toBeLessThanOrEqual(first(maxAddressWorkUs, 2000 + 16 * 500));
  });

  it('limit the useless work of a camera, independent of others', async () => {
    const { anonymous, camera, pass, end } = setUp(true);
    for (let at = 0; at < 48; at += 1) ask(anonymous(`10.0.1.${at}`), 500);
    const bad = ask(camera('bad'), 500);
    await pass(1000);
    const before = bad.doneUs;
    const good = ask(camera('good'), 1000, true);
    await pass(1000);
    end();
    expect(bad.doneUs - before).toBeLessThanOrEqual(maxCameraWorkUs + 500);
    // Once per turn of the loop: it never waits for time to pass.
    expect(good.doneUs).toBeGreaterThan(900_000);
  });

  it('give a camera one budget for any number of connections', async () => {
    const { camera, pass, end } = setUp(true);
    const asked = Array.from({ length: 10 }, () => ask(camera('bad'), 500));
    await pass(2000);
    end();
    const done = asked.reduce((sum, { doneUs }) => sum + doneUs, 0);
    expect(done).toBeLessThanOrEqual(first(maxCameraWorkUs, 500) + 2 * maxCameraWorkUs);
  });
});

describe('work budgets while no camera is paired', () => {
  it('do not limit useful work, and limit a flood beside it', async () => {
    const { anonymous, pass, end } = setUp(false);
    const alone = ask(anonymous('10.0.0.3'), 2000, true);
    await pass(500);
    expect(alone.doneUs).toBeGreaterThan(900_000);
    const flood = Array.from({ length: 15 }, () => ask(anonymous('10.0.0.9'), 500));
    await pass(15_000);
    const before = flood.reduce((sum, { doneUs }) => sum + doneUs, 0);
    const honest = ask(anonymous('10.0.0.9'), 2000, true);
    await pass(1000);
    end();
    const flooded = flood.reduce((sum, { doneUs }) => sum + doneUs, 0) - before;
    expect(flooded).toBeLessThanOrEqual(maxAddressWorkUs + 16 * 500 + 2000);
    expect(honest.doneUs).toBeGreaterThan(80_000);
  });

  it('cut the bursts of anonymous peers at the first pairing', async () => {
    const { anonymous, budgets, pass, end } = setUp(false);
    const asked = Array.from({ length: 48 }, (_, at) => anonymous(`10.0.1.${at}`));
    budgets.guard();
    const done = asked.map((budget) => ask(budget, 500));
    await pass(1000);
    end();
    const sum = done.reduce((all, { doneUs }) => all + doneUs, 0);
    expect(sum).toBeLessThanOrEqual(first(maxAnonymousWorkUs, 48 * 500) + maxAnonymousWorkUs);
  });
});

describe('connections', () => {
  /** @returns how many of 1,000 are accepted */
  const flood = (budgets: WorkBudgets, addressOf: (at: number) => string): number =>
    Array.from({ length: 1000 }, (_, at) => budgets.acceptConnection(addressOf(at))).filter(Boolean)
      .length;
  const most = (perSecondUs: number): number => perSecondUs / prices.connection;

  it('of one address are limited, and others are accepted beside it', async () => {
    const { budgets, camera, pass, end } = setUp(true);
    expect(flood(budgets, () => '10.0.0.9')).toBe(most(maxAddressConnectionsUs));
    expect(budgets.acceptConnection('10.0.0.10')).toBe(true);
    expect(flood(budgets, () => '10.0.0.2')).toBeLessThan(1000);
    camera('front');
    // The camera's address.
    expect(budgets.acceptConnection('10.0.0.2')).toBe(true);
    await pass(100);
    expect(budgets.acceptConnection('10.0.0.9')).toBe(true);
    end();
  });

  it('of many addresses are limited in all, but not those of an address of a camera', () => {
    const { budgets, camera, end } = setUp(true);
    camera('front');
    expect(flood(budgets, (at) => `10.0.1.${at % 250}`)).toBe(most(maxConnectionsUs));
    expect(budgets.acceptConnection('10.0.0.10')).toBe(false);
    expect(budgets.acceptConnection('10.0.0.2')).toBe(true);
    end();
  });

  it('may be many more while no camera is paired: each may bring a picture', () => {
    const { budgets, end } = setUp(false);
    expect(flood(budgets, () => '10.0.0.9')).toBe(1000);
    end();
  });
});

describe('the work budget of a connection that has ended', () => {
  it('pays for no more work, and cancels what waits', async () => {
    const { camera } = setUp(true);
    const budget = camera('front');
    await budget.pay(1_000_000);
    const waiting = budget.pay(1);
    budget.end();
    await expect(waiting).rejects.toMatchObject({ code: 'LINK' });
    expect(() => budget.pay(1)).toThrow('connection closed');
  });
});

it('work budgets of anonymous peers never make a camera wait', async () => {
  const piece = fc.record({
    address: fc.integer({ min: 1, max: 5 }),
    us: fc.integer({ min: 1, max: 50_000 }),
    isUseful: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { minLength: 1, maxLength: 30 }),
      fc.boolean(),
      async (pieces, isGuarded) => {
        const { anonymous, camera, pass, end } = setUp(isGuarded);
        for (const { address, us, isUseful } of pieces)
          ask(anonymous(`10.0.0.${address}`), us, isUseful);
        await pass(50);
        const good = ask(camera('good'), 1000, true);
        await pass(20);
        end();
        expect(good.doneUs).toBeGreaterThanOrEqual(19_000);
      },
    ),
    { numRuns: 20 },
  );
});
