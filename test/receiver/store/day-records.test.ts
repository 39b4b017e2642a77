/** Which records the cache keeps. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DayRecord } from '../../../receiver/store/day-record.js';
import { CaptureFolders } from '../../../receiver/store/capture-folders.js';
import { DayRecords, type RecordLimits } from '../../../receiver/store/day-records.js';
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

describe('a record whose flush fails', () => {
  it('is flushed again after longer and longer pauses: each flush appends its lines again', async () => {
    const { records } = await filled({ maxEntries: 100, maxRecords: 100 }, ['a']);
    const flush = vi.spyOn(DayRecord.prototype, 'flush').mockRejectedValue(new Error('EIO'));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
      vi.restoreAllMocks();
    });
    records.flushSoon();
    const passSeconds = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second += 1) {
        vi.advanceTimersByTime(1000);
        // The files are real.
        for (let turn = 0; turn < 20; turn += 1) await new Promise((go) => setImmediate(go));
      }
    };
    await passSeconds(80);
    expect(flush).toHaveBeenCalledTimes(4); // after 5, 15, 35 and 75 s
    flush.mockRestore();
    await passSeconds(90);
    const again = vi.spyOn(DayRecord.prototype, 'flush');
    records.flushSoon();
    await passSeconds(7);
    expect(again).toHaveBeenCalledTimes(0); // nothing is left to flush
  });
});
