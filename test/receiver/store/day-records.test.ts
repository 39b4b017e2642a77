/** Which records the cache keeps. */
import { readFileSync, renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DayRecord } from '../../../receiver/store/day-record.js';
import { CaptureFolders } from '../../../receiver/store/capture-folders.js';
import { DayRecords, type RecordLimits } from '../../../receiver/store/day-records.js';
import { Folder } from '../../../receiver/store/folder.js';
import { eventually } from '../../support/eventually.js';
import { temporaryDirectory } from '../../support/temporary.js';

const epoch = 'e'.repeat(32);
const captured = '2026-11-22T07:30:15.123Z';
const key = `${epoch} 1 ${captured}`;
const line = `${JSON.stringify({ epoch, sequence: 1, name: 'a.jpg', captured })}\n`;

async function filled(limits: RecordLimits, days: readonly string[]) {
  const folders = new CaptureFolders(temporaryDirectory(), () => Promise.resolve());
  onTestFinished(() => folders.close());
  const records = new DayRecords(folders, limits);
  for (const day of days) {
    await folders.use([day], async (folder) => {
      const record = await records.of(day, folder);
      await record.append(folder, line, { kind: 'frame', key, name: 'a.jpg' });
    });
  }
  return { folders, records };
}

describe('the records in memory', () => {
  it.each([
    ['entries', { maxEntries: 2, maxRecords: 100 }],
    ['records', { maxEntries: 100, maxRecords: 2 }],
  ])('are no more than their limit of %s, once flushed, and are read again', async (_, limits) => {
    const { folders, records } = await filled(limits, ['a', 'b', 'c', 'd']);
    expect(records.count).toBe(4);
    await records.close();
    expect(records.count).toBe(2);
    const name = await folders.use(['a'], async (folder) =>
      (await records.of('a', folder)).nameOf(key, 'a'),
    );
    expect(name).toBe('a.jpg');
    expect(records.count).toBe(2);
  });

  it('include at least the one in use', async () => {
    const { records } = await filled({ maxEntries: 0, maxRecords: 0 }, ['a', 'b']);
    await records.close();
    expect(records.count).toBe(1);
  });
});

describe('the file of a record', () => {
  it('stays open while lines are appended, and is closed soon after', async () => {
    const { folders, records } = await filled({ maxEntries: 100, maxRecords: 100 }, ['a']);
    const record = await folders.use(['a'], (folder) => records.of('a', folder));
    expect(record.isOpen).toBe(true);
    await eventually(() => !record.isOpen, 'the file is closed');
    await folders.use(['a'], async (folder) => {
      await (await records.of('a', folder)).append(folder, line, undefined);
    });
    expect(record.isOpen).toBe(true);
    await records.close();
    expect(record.isOpen).toBe(false);
  });

  it('is closed soon after a line that comes late', async () => {
    const { folders, records } = await filled({ maxEntries: 100, maxRecords: 100 }, ['a']);
    await folders.use(['a'], async (folder) => {
      const record = await records.of('a', folder);
      // As while the frame of the line is written, on a slow disk.
      await eventually(() => !record.isOpen, 'the file is closed');
      await record.append(folder, line, undefined);
      expect(record.isOpen).toBe(true);
      await eventually(() => !record.isOpen, 'the file is closed again');
    });
  });

  it('is opened anew when another file has its name', async () => {
    const directory = temporaryDirectory();
    const folder = await Folder.open(directory);
    onTestFinished(() => folder.close());
    const record = new DayRecord();
    onTestFinished(() => record.rest());
    await record.append(folder, line, undefined);
    const path = join(directory, 'record.jsonl');
    renameSync(path, `${path}.old`);
    await record.append(folder, line, undefined);
    expect(readFileSync(path, 'utf8')).toBe(line);
    unlinkSync(path);
    await record.append(folder, line, undefined);
    expect(readFileSync(path, 'utf8')).toBe(line);
    expect(readFileSync(`${path}.old`, 'utf8')).toBe(line);
  });
});

describe('a record whose flush fails', () => {
  it('is flushed again after longer and longer pauses: each flush appends its lines again', async () => {
    const { records } = await filled({ maxEntries: 100, maxRecords: 100 }, ['a']);
    const flush = vi.spyOn(DayRecord.prototype, 'flush').mockRejectedValue(new Error('EIO'));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
      vi.restoreAllMocks();
    });
    const scheduled = vi.spyOn(records, 'flushSoon');
    records.flushSoon();
    for (const [failedCount, seconds] of [5, 10, 20, 40].entries()) {
      vi.advanceTimersByTime(1000 * seconds - 1);
      expect(flush).toHaveBeenCalledTimes(failedCount);
      vi.advanceTimersByTime(1);
      const isNext = (): boolean => scheduled.mock.calls.length === failedCount + 2;
      await eventually(isNext, 'the failed flush, and a timer for the next');
      expect(flush).toHaveBeenCalledTimes(failedCount + 1);
    }
    flush.mockRestore();
    const again = vi.spyOn(DayRecord.prototype, 'flush');
    vi.advanceTimersByTime(90_000);
    await eventually(() => again.mock.settledResults[0]?.type === 'fulfilled', 'the flush');
    records.flushSoon();
    vi.advanceTimersByTime(7000);
    expect(again).toHaveBeenCalledTimes(1); // nothing is left to flush
  });
});
