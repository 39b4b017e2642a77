/** Which records the cache keeps. */
import { describe, expect, it, onTestFinished } from 'vitest';
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
