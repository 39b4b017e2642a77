/** A running receiver's store within limits. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RetentionLimits } from '../../../../receiver/archive/retention/limits.js';
import { cautionMs } from '../../../../receiver/archive/retention/caution.js';
import { RetainingStore } from '../../../../receiver/archive/retention/retaining-store.js';
import { type WaitingSweep } from '../../../../receiver/archive/retention/sweep-report.js';
import { withSweepLock } from '../../../../receiver/archive/retention/sweep-lock.js';
import { keepFrames } from '../../../../receiver/archive/retention/keep.js';
import { keepingDirectory } from '../../../../receiver/archive/retention/keep-in-directory.js';
import { eventually } from '../../../support/eventually.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { dayMs, firstMs, frameAt, isThere, makeStore, plantAll, putAll } from './given-store.js';

const mebi = 2 ** 20;

async function retaining(limits: Partial<RetentionLimits>, free = { bytes: 1e12 }) {
  const given = await makeStore();
  const clock = new FakeClock(firstMs + 10 * dayMs);
  const events = { swept: 0, waiting: [] as WaitingSweep[], failures: [] as unknown[] };
  const store = new RetainingStore({
    ...given.parts(limits, 0),
    ...{ store: given.store, clock, nowMs: () => clock.nowMs() },
    disk: () => ({ totalBytes: 1e12, freeBytes: free.bytes }),
    onSwept: ({ frames }) => {
      events.swept += frames;
    },
    onWaiting: (waiting) => events.waiting.push(waiting),
    onLeft: () => undefined,
    onFailure: (error) => events.failures.push(error),
  });
  await given.totals.refresh(given.root);
  return { ...given, store, clock, events };
}

const maxSize = [{ camera: undefined, amount: mebi }];

describe('a store with a maximum size', () => {
  it('stays below it, keeps the newest and what is kept on purpose', async () => {
    const { directory, root, store, totals, events } = await retaining({ maxSize });
    const frames = Array.from({ length: 60 }, (_, at) =>
      frameAt(firstMs + at * 60_000, { bytes: 60_000, event: `e${Math.floor(at / 3)}` }),
    );
    const names = await putAll(store, frames.slice(0, 10));
    const [first = ''] = names;
    const [camera = '', day = '', name = ''] = first.split('/');
    const target = { kind: 'file', camera, day: `${camera}/${day}`, name } as const;
    await withSweepLock(root, 5, () =>
      keepFrames(keepingDirectory(root), target, { kind: 'kept', note: undefined, atMs: 0 }),
    );
    for (let at = 10; at < frames.length; at += 5) {
      names.push(...(await putAll(store, frames.slice(at, at + 5))));
      await totals.refresh(root);
      expect(totals.totalBytes).toBeLessThanOrEqual(mebi);
    }
    const there = names.map((each) => isThere(directory, each));
    expect([there[0], there[1], there.at(-1), there.at(-8)]).toEqual([true, false, true, true]);
    expect(events.swept).toBeGreaterThan(40);
    expect(events.failures).toEqual([]);
  });

  it('a frame waits for a sweep, or is refused when all is kept', async () => {
    const { directory, root, store } = await retaining({ maxSize });
    await putAll(
      store,
      Array.from({ length: 14 }, (_, at) =>
        frameAt(firstMs + at * 60_000, { bytes: 60_000, event: 'e' }),
      ),
    );
    await withSweepLock(root, 5, () =>
      keepFrames(
        keepingDirectory(root),
        { kind: 'event', camera: 'yard', event: 'e' },
        { kind: 'kept', note: 'x', atMs: 0 },
      ),
    );
    const big = () => frameAt(firstMs + dayMs, { bytes: 300_000 });
    await expect(store.put(big())).rejects.toThrow(
      /no room for a frame of yard .* within max-size 1MiB: nothing is left/,
    );
    // Refused without another sweep; gaps are recorded all the same.
    await expect(store.put(big())).rejects.toThrow(/nothing is left/);
    expect(
      readdirSync(join(directory, 'yard/2026_11_01')).filter((name) => name.endsWith('.jpg')),
    ).toHaveLength(14);
    await withSweepLock(root, 5, () =>
      keepFrames(
        keepingDirectory(root),
        { kind: 'event', camera: 'yard', event: 'e' },
        { kind: 'unkept', note: undefined, atMs: 0 },
      ),
    );
  });

  it('counts what other processes store', async () => {
    const { directory, root, store, totals, clock } = await retaining({ maxSize });
    await putAll(store, [frameAt(firstMs)]);
    for (let round = 1; round < 12; round += 1) {
      plantAll(
        directory,
        Array.from({ length: 3 }, (_, at) =>
          frameAt(firstMs + round * 60_000 + at, { bytes: 60_000 }),
        ),
      );
      await clock.advance(2000);
      await putAll(store, [frameAt(firstMs + round * 60_000 + 10, { bytes: 10_000 })]);
      await totals.refresh(root);
      expect(totals.totalBytes).toBeLessThanOrEqual(mebi);
    }
  });
});

describe('a store with a minimum of free space', () => {
  it('deletes the oldest, and refuses a frame when that does not help', async () => {
    const free = { bytes: 10e6 };
    const { directory, store } = await retaining({ minFree: { bytes: 5e6 } }, free);
    const names = await putAll(
      store,
      Array.from({ length: 10 }, (_, at) => frameAt(firstMs + at * 60_000, { bytes: 100_000 })),
    );
    free.bytes = 4.95e6;
    await expect(store.put(frameAt(firstMs + dayMs))).rejects.toThrow(/no room .* min-free 5MB/);
    expect(isThere(directory, names[0] ?? '')).toBe(false);
    expect(isThere(directory, names[9] ?? '')).toBe(true);
    free.bytes = 6e6;
    await expect(store.put(frameAt(firstMs + dayMs))).resolves.toMatchObject({ duplicate: false });
  });
});

describe('a sweep of more than half of the store', () => {
  it('waits for a day, stores meanwhile, and then goes ahead', async () => {
    const { directory, store, clock, events } = await retaining({ maxSize });
    const frames = Array.from({ length: 50 }, (_, at) =>
      frameAt(firstMs + at * 60_000, { bytes: 60_000 }),
    );
    const names = plantAll(directory, frames);
    await clock.advance(2000);
    const later = await store.put(frameAt(firstMs + dayMs));
    expect(isThere(directory, later.name)).toBe(true);
    expect(names.every((name) => isThere(directory, name))).toBe(true);
    expect(events.waiting[0]).toMatchObject({ storeFrames: 50, limits: 'max-size 1MiB' });
    expect(events.waiting[0]?.endMs).toBe(clock.nowMs() + cautionMs);
    await clock.advance(cautionMs + 1);
    store.start(true);
    await eventually(() => {
      const left = names.filter((name) => isThere(directory, name));
      return left.length < 20;
    }, 'a sweep');
    await store.close();
  });

  it('is what a wrong age would be', async () => {
    const maxAge = [{ camera: undefined, amount: 60_000 }];
    const { directory, store, clock, events } = await retaining({ maxAge });
    const names = plantAll(directory, [frameAt(firstMs)]);
    store.start(true);
    await clock.advance(0);
    await store.close();
    expect(events.waiting).toHaveLength(1);
    expect(names.map((name) => isThere(directory, name))).toEqual([true]);
  });
});
