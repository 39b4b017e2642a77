/**
 * Model test of a spool: after any operations and disk failures each sequence is delivered, waiting, set aside or
 * counted in a gap entry, exactly one of these, and always identifies the same frame.
 */
import type * as Files from 'node:fs/promises';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { DiskState } from '../../support/faulty-files.js';
import { type Answer, type Limits, SpoolWorld } from '../../support/spool-world.js';

const { faults } = await vi.hoisted(async () => {
  const { Faults } = await import('../../support/faulty-files.js');
  return { faults: new Faults() };
});
vi.mock('node:fs/promises', async (original) => {
  const { faultyFiles } = await import('../../support/faulty-files.js');
  return faultyFiles(await original<typeof Files>(), faults);
});

type Step = (world: SpoolWorld) => Promise<void> | void;

const codes = ['EIO', 'ENOSPC', 'EMFILE', 'EACCES', 'EROFS', 'ESTALE'];
const states: DiskState[] = ['fine', 'full', 'tight', 'read-only', 'unreadable'];
const answers: Answer[] = ['stored', 'stored', 'lost answer', 'refused', 'not sent'];

/** A step with a description for the report of a failed property. */
function step<T>(
  name: string,
  values: fc.Arbitrary<T>,
  take: (world: SpoolWorld, value: T) => Promise<void> | void,
) {
  return values.map((value): Step => {
    const one: Step = (world) => take(world, value);
    return Object.assign(one, { [fc.toStringMethod]: () => `${name} ${JSON.stringify(value)}` });
  });
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: step('add', fc.integer({ min: 2100, max: 6000 }), (world, bytes) =>
      world.add(bytes),
    ),
  },
  { weight: 4, arbitrary: step('report', fc.constant(0), (world) => world.report()) },
  {
    weight: 6,
    arbitrary: step(
      'send',
      fc.array(fc.constantFrom(...answers), { minLength: 1, maxLength: 4 }),
      (world, each) => world.send(each),
    ),
  },
  {
    weight: 2,
    arbitrary: step('disk', fc.constantFrom(...states), (world, state) => world.disk(state)),
  },
  {
    weight: 3,
    arbitrary: step(
      'fail',
      fc.tuple(fc.nat(12), fc.constantFrom(...codes)),
      (world, [calls, code]) => world.failOnce(calls, code),
    ),
  },
  { weight: 1, arbitrary: step('move away', fc.constant(0), (world) => world.moveAway()) },
  { weight: 1, arbitrary: step('move back', fc.constant(0), (world) => world.moveBack()) },
  {
    weight: 1,
    arbitrary: step('damage', fc.tuple(fc.nat(9), fc.nat(9)), (world, [nth, one]) =>
      world.damage(nth, one === 0),
    ),
  },
  { weight: 2, arbitrary: step('kill in', fc.nat(15), (world, calls) => world.killIn(calls)) },
  {
    weight: 1,
    arbitrary: step(
      'restart',
      fc.tuple(fc.boolean(), fc.boolean()),
      (world, [isEnded, isMovedBack]) => world.restart(isEnded, isMovedBack),
    ),
  },
  {
    weight: 1,
    arbitrary: step('wait', fc.integer({ min: 1000, max: 60_000 }), (world, ms) =>
      world.clock.advance(ms),
    ),
  },
);

const limits: fc.Arbitrary<Limits> = fc.record({
  maxBytes: fc.constantFrom(9000, 20_000, 2 ** 30),
  maxAgeMs: fc.constantFrom(0, 0, 20_000),
  dropsFirst: fc.constantFrom('oldest', 'newest'),
  sendsFirst: fc.constantFrom('oldest', 'newest'),
});

/** `SPOOL_RUNS=5000` runs more. */
const numRuns = Number(process.env.SPOOL_RUNS ?? 150);

describe('a spool', () => {
  it('has each sequence in exactly one state', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(limits, fc.array(steps, { maxLength: 40 }), async (limit, list) => {
        const world = new SpoolWorld(faults, limit);
        try {
          await world.open();
          for (const one of list) await one(world);
          expect(await world.close()).toEqual([]);
        } finally {
          faults.reset();
          world.remove();
        }
      }),
      { numRuns, timeout: 20_000 },
    );
  });
  it('does not assign a sequence again that a gap entry in memory counts', async () => {
    const world = new SpoolWorld(faults, {
      maxBytes: 9000,
      maxAgeMs: 0,
      dropsFirst: 'newest',
      sendsFirst: 'newest',
    });
    try {
      await world.open();
      await world.add(4722);
      await world.add(4279); // dropped: a gap entry on the disk counts it
      world.failOnce(0, 'EIO');
      await world.add(4279); // dropped: the gap entry that counts it too is in memory
      await world.send(['stored']);
      expect(await world.close()).toEqual([]);
    } finally {
      faults.reset();
      world.remove();
    }
  });
});
