/** A spool whose disk fails temporarily: no entry is dropped that may exist, and no sequence is used twice. */
import type * as Files from 'node:fs/promises';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DiskStore } from '../../../agent/spool/disk-store.js';
import type { QueueSettings } from '../../../agent/spool/queue-settings.js';
import { QueueSpool } from '../../../agent/spool/queue-spool.js';
import { frameEntry } from '../../support/entries.js';
import { FakeClock } from '../../support/fake-clock.js';
import { noReport, spoolSettings } from '../../support/spool-settings.js';
import { temporaryDirectory } from '../../support/temporary.js';

const { faults } = await vi.hoisted(async () => {
  const { Faults } = await import('../../support/faulty-files.js');
  return { faults: new Faults() };
});
vi.mock('node:fs/promises', async (original) => {
  const { faultyFiles } = await import('../../support/faulty-files.js');
  return faultyFiles(await original<typeof Files>(), faults);
});
afterEach(() => faults.reset());

async function open(folder: string, changes: Partial<QueueSettings> = {}) {
  const clock = new FakeClock();
  const logged: string[] = [];
  const dropped: string[] = [];
  const { store, life } = await DiskStore.open(folder, noReport);
  const spool = new QueueSpool(store, life, {
    ...spoolSettings,
    clock,
    report: {
      ...noReport,
      failed: (event) => logged.push(event),
      worked: (_, message) => logged.push(message),
      dropped: (count, why) => dropped.push(`${count} ${why}`),
    },
    ...changes,
  });
  const add = (number: number) => spool.add({ entry: frameEntry(number), path: undefined }, 0);
  /** Delivers all entries that can be sent. @returns their sequences, for gap entries with reason and ranges */
  const deliver = async (): Promise<string[]> => {
    const sent: string[] = [];
    for (let next = spool.next(() => false); next; next = spool.next(() => false)) {
      const { sequence } = next;
      const header = (await spool.load(sequence))?.header;
      if (header === undefined) continue;
      const gap =
        header.type === 'dropped' ? ` ${header.why} ${JSON.stringify(header.sequences)}` : '';
      sent.push(`${sequence}${gap}`);
      await spool.acknowledge(sequence);
    }
    return sent;
  };
  return { spool, add, deliver, clock, logged, dropped, life };
}

const folderIn = (directory: string): string => join(directory, 'laptop_4444');
const size = frameEntry(1).body.length;

describe('a spool that cannot be read', () => {
  it.each(['EMFILE', 'EACCES', 'EIO', 'ESTALE'])('waits after %s', async (code) => {
    const { add, deliver, clock, logged, dropped } = await open(folderIn(temporaryDirectory()));
    for (const number of [1, 2, 3]) await add(number);
    faults.failOnce(0, code);
    expect(await deliver()).toEqual(['2', '3']);
    await clock.advance(1000);
    expect(await deliver()).toEqual(['1']);
    expect(logged[0]).toBe('cannot read a frame from the spool: it waits');
    expect(logged).toContain('the spool is readable again');
    expect(dropped).toEqual([]);
  });

  it('continues when its folder is moved away and back, with frames captured meanwhile', async () => {
    const folder = folderIn(temporaryDirectory());
    const { add, deliver, clock, spool } = await open(folder);
    for (const number of [1, 2]) await add(number);
    renameSync(folder, `${folder}.away`);
    for (const number of [3, 4]) await add(number);
    expect(await deliver()).toEqual([]);
    renameSync(`${folder}.away`, folder);
    await add(5);
    expect(spool.isSettled).toBe(true);
    await clock.advance(60_000);
    expect(await deliver()).toEqual(['1', '2', '3', '4', '5']);
    expect((await open(folder)).life.lastSequence).toBe(5);
  });

  it('does not use another folder under its name', async () => {
    const folder = folderIn(temporaryDirectory());
    const { add, deliver, clock } = await open(folder);
    await add(1);
    renameSync(folder, `${folder}.away`);
    mkdirSync(folder);
    await add(2);
    expect(await deliver()).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
    renameSync(`${folder}.away`, folder);
    await clock.advance(60_000);
    await add(3);
    expect(await deliver()).toEqual(['1', '2', '3']);
  });

  it('uses no sequence twice that was acknowledged while the folder was missing', async () => {
    const folder = folderIn(temporaryDirectory());
    const first = await open(folder);
    await first.add(1);
    await first.spool.load(1);
    renameSync(folder, `${folder}.away`);
    await first.spool.acknowledge(1);
    renameSync(`${folder}.away`, folder);
    // After a kill here the frame is sent again, and the receiver detects the duplicate.
    expect((await open(folder)).life).toMatchObject({ lastSequence: 1 });
  });

  it('counts a frame whose file is missing from an existing folder', async () => {
    const folder = folderIn(temporaryDirectory());
    const { add, deliver, dropped } = await open(folder);
    for (const number of [1, 2]) await add(number);
    rmSync(join(folder, '000000000001.jpg'));
    expect(await deliver()).toEqual(['2', '3 damaged [[1,1]]']);
    expect(dropped).toEqual(['1 damaged']);
  });
});

describe('a spool on a full disk', () => {
  it('sends frames in memory only after their sequences are on the disk', async () => {
    const folder = folderIn(temporaryDirectory());
    const { add, deliver, spool } = await open(folder);
    await add(1);
    faults.state = 'tight';
    await add(2);
    expect(spool.inMemoryCount).toBe(1);
    expect(await deliver()).toEqual(['1', '2']);
    // After a kill here the tombstone has the sequence.
    faults.reset();
    expect((await open(folder)).life).toMatchObject({ entries: [], lastSequence: 2 });
  });

  it('writes what fits at its end, and counts the other frames', async () => {
    const folder = folderIn(temporaryDirectory());
    const { add, spool, dropped } = await open(folder);
    await add(1);
    faults.state = 'tight';
    for (const number of [2, 3]) await add(number);
    expect(await spool.close()).toEqual({ onDisk: 1, lost: 2, isRecorded: true });
    expect(dropped).toEqual(['2 disk']);
    faults.reset();
    expect(await (await open(folder)).deliver()).toEqual(['1', '4 disk [[2,3]]']);
  });

  it('loses nothing at its end when the disk has space again', async () => {
    const folder = folderIn(temporaryDirectory());
    const { add, spool } = await open(folder);
    faults.state = 'full';
    for (const number of [1, 2]) await add(number);
    faults.reset();
    expect(await spool.close()).toEqual({ onDisk: 2, lost: 0, isRecorded: true });
    expect(await (await open(folder)).deliver()).toEqual(['1', '2']);
  });

  it('reports that not even the gap entry could be written', async () => {
    const { add, spool } = await open(folderIn(temporaryDirectory()));
    faults.state = 'read-only';
    await add(1);
    expect(await spool.close()).toEqual({ onDisk: 0, lost: 1, isRecorded: false });
  });

  it('has reserved space for the gap entry', async () => {
    const folder = folderIn(temporaryDirectory());
    const { add } = await open(folder, { maxBytes: 1.5 * size });
    await add(1);
    // The first write fails; the one after the reserve is freed succeeds.
    faults.failOnce(1, 'ENOSPC');
    await add(2);
    expect(readdirSync(folder)).toContain('000000000002.dropped');
  });
});

describe('a spool after a failed flush', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('at call %d writes the frame again', async (call) => {
    const folder = folderIn(temporaryDirectory());
    const { add, deliver, spool } = await open(folder);
    faults.failOnce(call, 'EIO');
    await add(1);
    await add(2);
    expect(spool.isSettled).toBe(true);
    expect((await deliver()).sort()).toEqual(['1', '2']);
  });
});

describe('a frame that is set aside', () => {
  it('counts against the size limit, and is counted in a gap entry when it is dropped', async () => {
    const folder = folderIn(temporaryDirectory());
    const { add, spool, deliver, dropped } = await open(folder, { maxBytes: 3.5 * size });
    for (const number of [1, 2, 3]) {
      await add(number);
      await spool.reject(number, 'no');
    }
    expect(readdirSync(join(folder, 'rejected'))).toHaveLength(6);
    await add(4);
    expect(dropped).toEqual(['1 refused']);
    expect(readdirSync(join(folder, 'rejected'))).toHaveLength(4);
    expect(await deliver()).toEqual(['4 refused [[1,1]]', '5']);
  });

  it('takes space from new frames when the newest are dropped', async () => {
    const limits = { maxBytes: 1.5 * size, dropsFirst: 'newest' as const };
    const { add, spool, deliver } = await open(folderIn(temporaryDirectory()), limits);
    await add(1);
    await spool.reject(1, 'no');
    for (const number of [2, 3]) await add(number);
    expect(await deliver()).toEqual(['3 size [[2,2],[4,4]]']);
  });

  it('by an earlier version counts against the size limit, too', async () => {
    const folder = folderIn(temporaryDirectory());
    await (await open(folder)).add(1);
    const rejected = join(folder, 'rejected');
    mkdirSync(rejected);
    const bytes = readFileSync(join(folder, '000000000001.jpg'));
    for (const name of ['000000000002.jpg', '000000000003.jpg']) {
      writeFileSync(join(rejected, name), bytes);
      writeFileSync(join(rejected, `${name}.txt`), 'no\n');
    }
    const { add, deliver, life } = await open(folder, { maxBytes: 3.5 * size });
    expect(life.lastSequence).toBe(3);
    await add(4);
    expect(await deliver()).toEqual(['4 size [[1,1]]', '5 refused [[2,2]]', '6']);
    expect((await open(folder)).life.lastSequence).toBe(6);
  });

  it('waits again after it is moved back while no agent runs', async () => {
    const folder = folderIn(temporaryDirectory());
    const { add, spool } = await open(folder);
    for (const number of [1, 2]) await add(number);
    await spool.reject(1, 'no');
    const name = '000000000001.jpg';
    renameSync(join(folder, 'rejected', name), join(folder, name));
    const again = await open(folder);
    expect(again.life.aside).toEqual([]);
    expect(await again.deliver()).toEqual(['1', '2']);
  });

  it('still waits when setting it aside has failed', async () => {
    const folder = folderIn(temporaryDirectory());
    const { add, spool, deliver, clock } = await open(folder);
    await add(1);
    await spool.load(1);
    faults.state = 'full';
    await spool.reject(1, 'no');
    expect(spool.has(1)).toBe(true);
    faults.reset();
    await clock.advance(1000);
    expect(await deliver()).toEqual(['1']);
  });
});
