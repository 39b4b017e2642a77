/** What a spool folder has after the end of a process, also after a kill or a power cut. */
import { mkdirSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DiskStore } from '../../../agent/spool/disk-store.js';
import { writeEntry } from '../../../agent/spool/part-file.js';
import { QueueSpool } from '../../../agent/spool/queue-spool.js';
import type { SpoolReport } from '../../../agent/spool/spool-report.js';
import { frameEntry, reportEntry } from '../../support/entries.js';
import { noReport, spoolSettings } from '../../support/spool-settings.js';
import { temporaryDirectory } from '../../support/temporary.js';

async function open(folder: string) {
  const foreign: string[] = [];
  const errors: string[] = [];
  const report: SpoolReport = {
    ...noReport,
    failed: (event) => errors.push(event),
    foreign: (path) => foreign.push(path),
  };
  const { store, life } = await DiskStore.open(folder, report);
  const spool = new QueueSpool(store, life, { ...spoolSettings, report });
  const add = (number: number) => spool.add({ entry: frameEntry(number), path: undefined }, 0);
  return { spool, life, add, foreign, errors };
}

/** The names without temporary files and the reserve. */
const namesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => !name.endsWith('.part') || name === '.hidden.part')
    .sort();

const folderIn = (directory: string): string => join(directory, 'laptop_4444');

describe('a spool folder, opened again', () => {
  it('has the waiting entries, in order, under the same epoch', async () => {
    const folder = folderIn(temporaryDirectory());
    const first = await open(folder);
    for (const number of [1, 2, 3]) await first.add(number);
    await first.spool.acknowledge(1);
    const again = await open(folder);
    expect(again.life.epoch).toBe(first.life.epoch);
    expect(again.life.entries.map(({ sequence }) => sequence)).toEqual([2, 3]);
    expect(await again.spool.load(2)).toEqual(frameEntry(2));
    await again.add(4);
    expect(namesIn(folder)).toEqual([
      '000000000002.jpg',
      '000000000003.jpg',
      '000000000004.jpg',
      'epoch',
    ]);
  });

  it('continues the sequence after everything was delivered', async () => {
    const folder = folderIn(temporaryDirectory());
    const first = await open(folder);
    for (const number of [1, 2, 3]) await first.add(number);
    for (const sequence of [1, 2, 3]) await first.spool.acknowledge(sequence);
    expect(namesIn(folder)).toEqual(['000000000003.sent', 'epoch']);
    const again = await open(folder);
    expect(again.life).toMatchObject({ entries: [], lastSequence: 3 });
    await again.add(4);
    await again.spool.acknowledge(4);
    expect(namesIn(folder)).toEqual(['000000000004.sent', 'epoch']);
  });

  it('removes temporary files, and does not touch foreign files', async () => {
    const folder = folderIn(temporaryDirectory());
    await (await open(folder)).add(1);
    writeFileSync(join(folder, '.0123456789abcdef.part'), 'half');
    const mine = ['.hidden.part', 'IMG_1234.jpg', '0001.jpg', 'notes.txt'];
    for (const name of mine) writeFileSync(join(folder, name), 'mine');
    const { foreign, life } = await open(folder);
    expect(foreign.sort()).toEqual(mine.map((name) => join(folder, name)).sort());
    expect(life.entries).toHaveLength(1);
    expect(namesIn(folder)).toEqual([...mine, '000000000001.jpg', 'epoch'].sort());
  });

  it('has no second name of an entry that is linked again, as after a failed flush', async () => {
    const directory = temporaryDirectory();
    const [folder, path] = [folderIn(directory), join(directory, 'prepared')];
    await writeEntry(path, frameEntry(1));
    const { store } = await DiskStore.open(folder, noReport);
    for (let turn = 0; turn < 2; turn += 1) await store.put(1, { entry: frameEntry(1), path });
    await store.close();
    expect(readdirSync(folder).sort()).toEqual(['000000000001.jpg', 'epoch']);
  });

  it('sets aside a damaged entry, with the reason', async () => {
    const folder = folderIn(temporaryDirectory());
    await (await open(folder)).add(1);
    truncateSync(join(folder, '000000000001.jpg'), 100);
    const { spool, errors } = await open(folder);
    expect(await spool.load(1)).toBeUndefined();
    expect(errors).toEqual(['damaged frame in the spool']);
    const rejected = join(folder, 'rejected');
    expect(readFileSync(join(rejected, '000000000001.damaged'))).toHaveLength(100);
    expect(readFileSync(join(rejected, '000000000001.damaged.txt'), 'utf8')).toContain('damaged');
    const { header } = (await spool.load(2)) ?? expect.unreachable();
    expect(header).toMatchObject({ why: 'damaged', count: 1, sequences: [[1, 1]] });
  });

  it('keeps one tombstone of several that a power cut left', async () => {
    const folder = folderIn(temporaryDirectory());
    const { add } = await open(folder);
    for (const number of [1, 2]) await add(number);
    // The disk was full: the entry itself remains, and the older tombstone was not removed.
    await writeEntry(join(folder, '000000000003.sent'), frameEntry(3));
    writeFileSync(join(folder, '000000000001.sent'), '');
    const { life } = await open(folder);
    expect(life).toMatchObject({ lastSequence: 3 });
    expect(readdirSync(folder).filter((name) => name.endsWith('.sent'))).toEqual([
      '000000000003.sent',
    ]);
  });

  it('has the waiting reports, each with a sequence that 0.1 does not assign again', async () => {
    const folder = folderIn(temporaryDirectory());
    const first = await open(folder);
    await first.add(1);
    expect(await first.spool.reports.add(reportEntry(7).header)).toBe(true);
    await first.add(3);
    expect(namesIn(folder)).toEqual([
      '000000000001.jpg',
      '000000000002.report',
      '000000000002.sent',
      '000000000003.jpg',
      'epoch',
    ]);
    await first.spool.acknowledge(3);
    const again = await open(folder);
    expect(again.life).toMatchObject({ lastSequence: 3, hasTombstone: true });
    expect(again.spool.waitingCount).toBe(1);
    expect(again.spool.reports.count).toBe(1);
    expect(await again.spool.reports.waiting()).toEqual([reportEntry(7).header]);
    expect(await again.spool.load(2)).toEqual(reportEntry(7));
    await again.spool.acknowledge(2);
    expect(namesIn(folder)).toEqual(['000000000001.jpg', '000000000003.sent', 'epoch']);
  });

  it('counts a damaged report as a gap, so that its sequence is not missing', async () => {
    const folder = folderIn(temporaryDirectory());
    await (await open(folder)).spool.reports.add(reportEntry(7).header);
    truncateSync(join(folder, '000000000001.report'), 5);
    const { spool, errors } = await open(folder);
    expect(await spool.load(1)).toBeUndefined();
    expect(errors).toEqual(['damaged frame in the spool']);
    const { header } = (await spool.load(2)) ?? expect.unreachable();
    expect(header).toMatchObject({ why: 'damaged', sequences: [[1, 1]] });
    expect(spool.reports.count).toBe(0);
    expect(namesIn(join(folder, 'rejected'))).toContain('000000000001.damaged');
  });

  it('rejects an invalid epoch', async () => {
    const folder = folderIn(temporaryDirectory());
    mkdirSync(folder);
    writeFileSync(join(folder, 'epoch'), '');
    await expect(open(folder)).rejects.toMatchObject({
      code: 'STATE',
      hint: expect.stringContaining('remove this file') as string,
    });
  });
});
