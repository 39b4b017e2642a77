/** The contract of a spool, with each kind of store. */
import { describe, expect, it } from 'vitest';
import { DiskStore } from '../../../agent/spool/disk-store.js';
import { MemoryStore } from '../../../agent/spool/memory-store.js';
import type { QueueSettings } from '../../../agent/spool/queue-settings.js';
import { QueueSpool } from '../../../agent/spool/queue-spool.js';
import type { EntryStore } from '../../../agent/spool/entry-store.js';
import { type Clock, systemClock } from '../../../shared/clock.js';
import { frameEntry, reportEntry } from '../../support/entries.js';
import { noReport, spoolSettings } from '../../support/spool-settings.js';
import { temporaryDirectory } from '../../support/temporary.js';

const size = frameEntry(1).body.length;
const nowMs = Date.UTC(2026, 10, 22, 1);
const nothingBusy = (): boolean => false;
const clock: Clock = { ...systemClock, utcOffsetMinutes: () => 60 };

async function openStore(kind: string) {
  if (kind === 'memory') return { store: new MemoryStore(), life: MemoryStore.newLife() };
  return DiskStore.open(`${temporaryDirectory()}/laptop_4444`, noReport);
}

async function makeSpool(
  kind: string,
  changes: Partial<QueueSettings> = {},
  wrap = (store: EntryStore) => store,
) {
  const dropped: string[] = [];
  const errors: string[] = [];
  const { store, life } = await openStore(kind);
  const spool = new QueueSpool(wrap(store), life, {
    ...spoolSettings,
    clock,
    report: {
      ...noReport,
      dropped: (count, why) => dropped.push(`${count} ${why}`),
      failed: (event) => errors.push(event),
    },
    ...changes,
  });
  const add = (number: number) => spool.add({ entry: frameEntry(number), path: undefined }, nowMs);
  /** The numbers of the waiting frames, in the order of sending; gap entries as `dropped 3 size`. */
  const waiting = async (): Promise<(number | string)[]> => {
    const seen = new Set<number>();
    const result: (number | string)[] = [];
    for (;;) {
      const next = spool.next(({ sequence }) => seen.has(sequence));
      if (next === undefined) break;
      seen.add(next.sequence);
      const header = (await spool.load(next.sequence))?.header;
      if (header?.type === 'dropped') result.push(`dropped ${header.count} ${header.why}`);
      else if (header?.type === 'report') result.push(`report ${header.number}`);
      else result.push(((header?.capturedAtMs ?? 0) - Date.UTC(2026, 10, 22)) / 1000);
    }
    spool.release();
    return result;
  };
  return { spool, add, waiting, dropped, errors };
}

/** A store whose disk is full while `disk.isFull`. */
function fullAtTimes(store: EntryStore): { store: EntryStore; disk: { isFull: boolean } } {
  const disk = { isFull: false };
  const full = (): Promise<never> =>
    Promise.reject(Object.assign(new Error('no space left'), { code: 'ENOSPC' }));
  return {
    disk,
    store: {
      put: (sequence, prepared) => (disk.isFull ? full() : store.put(sequence, prepared)),
      replace: (sequence, entry) => (disk.isFull ? full() : store.replace(sequence, entry)),
      get: (sequence, kind) => store.get(sequence, kind),
      remove: (...args) => store.remove(...args),
      writeTombstone: (sequence) => store.writeTombstone(sequence),
      setAside: (...args) => store.setAside(...args),
      removeAside: (...args) => store.removeAside(...args),
      close: () => store.close(),
    },
  };
}

describe.each(['memory', 'folder'])('a spool over a %s', (kind) => {
  it('numbers entries from 1 and sends the oldest first', async () => {
    const { spool, add, waiting } = await makeSpool(kind);
    for (const number of [1, 2, 3]) await add(number);
    expect(spool.next(nothingBusy)).toMatchObject({ sequence: 1 });
    expect(spool.next(({ sequence }) => sequence === 1)).toMatchObject({ sequence: 2 });
    expect(spool.next(() => true)).toBeUndefined();
    expect(await waiting()).toEqual([1, 2, 3]);
  });

  it('sends the newest first with sendsFirst newest', async () => {
    const { add, waiting } = await makeSpool(kind, { sendsFirst: 'newest' });
    for (const number of [1, 2, 3]) await add(number);
    expect(await waiting()).toEqual([3, 2, 1]);
  });

  it('loads a complete entry', async () => {
    const { spool, add } = await makeSpool(kind);
    await add(7);
    expect(await spool.load(1)).toEqual(frameEntry(7));
    expect(await spool.load(2)).toBeUndefined();
  });

  it('removes acknowledged entries, in any order and more than once', async () => {
    const { spool, add, waiting } = await makeSpool(kind);
    for (const number of [1, 2, 3]) await add(number);
    for (const sequence of [3, 1, 3, 77]) await spool.acknowledge(sequence);
    expect(await waiting()).toEqual([2]);
    await add(4);
    expect(spool.next(({ sequence }) => sequence === 2)).toMatchObject({ sequence: 4 });
  });

  it('drops the oldest frames at its size limit, and a gap entry waits', async () => {
    const { add, waiting, dropped } = await makeSpool(kind, { maxBytes: 3.5 * size });
    for (let number = 1; number <= 5; number += 1) await add(number);
    expect(await waiting()).toEqual([3, 'dropped 2 size', 4, 5]);
    expect(dropped).toEqual(['1 size', '1 size']);
  });

  it('drops the newest frames at its size limit with dropsFirst newest', async () => {
    const { add, waiting } = await makeSpool(kind, { maxBytes: 2.5 * size, dropsFirst: 'newest' });
    for (let number = 1; number <= 5; number += 1) await add(number);
    expect(await waiting()).toEqual([1, 2, 'dropped 3 size']);
  });

  it('does not drop frames in flight', async () => {
    const { spool, add, waiting } = await makeSpool(kind, { maxBytes: 2.5 * size });
    await add(1);
    await spool.load(1);
    for (let number = 2; number <= 4; number += 1) await add(number);
    expect(await waiting()).toEqual([1, 'dropped 2 size', 4]);
  });

  it('does not change a gap entry that was sent, also after the connection is closed', async () => {
    const { spool, add, waiting } = await makeSpool(kind, { maxBytes: 1.5 * size });
    await add(1);
    await add(2);
    await spool.load(2);
    spool.release();
    await add(3);
    expect(await waiting()).toEqual(['dropped 1 size', 'dropped 1 size', 3]);
  });

  it('drops frames older than the age limit', async () => {
    const { spool, add, waiting } = await makeSpool(kind, { maxAgeMs: 3_600_000 });
    await add(1);
    await add(10);
    const later = nowMs + 5000;
    await spool.add({ entry: frameEntry(3000), path: undefined }, later);
    expect(await waiting()).toEqual([10, 'dropped 1 age', 3000]);
  });

  it('sets aside a frame that is refused for good, and reports it', async () => {
    const { spool, add, waiting, errors } = await makeSpool(kind);
    await add(1);
    await add(2);
    await spool.reject(1, 'no JPEG');
    await spool.reject(1, 'no JPEG');
    // A spool in memory drops and counts it at once.
    expect(await waiting()).toEqual(kind === 'memory' ? [2, 'dropped 1 refused'] : [2]);
    expect(errors).toEqual(['frame refused by the receiver']);
  });

  it('keeps a frame in memory while the disk is full, and writes it afterwards', async () => {
    const wrapped: { disk?: { isFull: boolean } } = {};
    const { spool, add, waiting, errors } = await makeSpool(kind, {}, (inner) => {
      const { store, disk } = fullAtTimes(inner);
      wrapped.disk = disk;
      return store;
    });
    const disk = wrapped.disk ?? expect.unreachable();
    await add(1);
    disk.isFull = true;
    await add(2);
    await add(3);
    expect(await waiting()).toEqual([1, 2, 3]);
    await spool.acknowledge(2);
    disk.isFull = false;
    await add(4);
    expect(await waiting()).toEqual([1, 3, 4]);
    expect(new Set(errors)).toEqual(
      new Set(['cannot write a frame to the spool: it waits in memory']),
    );
  });

  it('calls the listener for each added frame', async () => {
    const { spool, add } = await makeSpool(kind);
    const counts: number[] = [];
    spool.onAdded(() => counts.push(spool.waitingCount));
    await add(1);
    await add(2);
    expect(counts).toEqual([1, 2]);
  });

  it('holds reports back until they are released, and counts them apart', async () => {
    const { spool, add, waiting } = await makeSpool(kind);
    const woken: number[] = [];
    await add(1);
    spool.onAdded(() => woken.push(spool.reports.count));
    expect(await spool.reports.add(reportEntry(7).header)).toBe(true);
    await add(3);
    expect(await waiting()).toEqual([1, 3]);
    spool.reports.release();
    expect(await waiting()).toEqual([1, 'report 7', 3]);
    expect(woken).toEqual([1, 1]);
    expect([spool.waitingCount, spool.reports.count, spool.lastSequence]).toEqual([2, 1, 3]);
    await spool.acknowledge(2);
    expect([spool.waitingCount, spool.reports.count]).toEqual([2, 0]);
  });

  it('drops no report, and no frame because of reports', async () => {
    const { spool, add, waiting, dropped } = await makeSpool(kind, { maxBytes: 2.5 * size });
    await add(1);
    for (let number = 1; number <= 100; number += 1) {
      await spool.reports.add(reportEntry(number).header);
    }
    spool.reports.release();
    await add(2);
    expect(dropped).toEqual([]);
    expect(spool.reports.count).toBe(100);
    expect(spool.droppedCount).toBe(0);
    await add(3);
    expect(dropped).toEqual(['1 size']);
    expect([spool.reports.count, spool.droppedCount]).toEqual([100, 1]);
    expect(await waiting()).toContain('dropped 1 size');
  });

  it('writes a report with the same sequence again after the disk has failed', async () => {
    const wrapped: { disk?: { isFull: boolean } } = {};
    const { spool, add, waiting } = await makeSpool(kind, {}, (inner) => {
      const { store, disk } = fullAtTimes(inner);
      wrapped.disk = disk;
      return store;
    });
    const disk = wrapped.disk ?? expect.unreachable();
    disk.isFull = true;
    expect(await spool.reports.add(reportEntry(1).header)).toBe(false);
    expect(await spool.reports.add(reportEntry(1).header)).toBe(false);
    await add(5);
    disk.isFull = false;
    expect(await spool.reports.add(reportEntry(2).header)).toBe(true);
    spool.reports.release();
    expect(spool.lastSequence).toBe(2);
    expect(await spool.load(1)).toEqual(reportEntry(2));
    expect(await waiting()).toEqual([5, 'report 2']);
  });
});
