/** Which records are in memory. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DayRecords } from '../../../receiver/store/day-records.js';
import { temporaryDirectory } from '../../support/temporary.js';

const id = { epoch: 'e'.repeat(32), sequence: 1 };
const line = `${JSON.stringify({ ...id, name: 'a.jpg' })}\n`;

async function filled(limits: { maxEntries: number; maxRecords: number }, days: readonly string[]) {
  const directory = temporaryDirectory();
  const records = new DayRecords(directory, limits);
  for (const day of days) {
    mkdirSync(join(directory, day));
    await (await records.of(day)).append(line, { ...id, name: 'a.jpg' });
  }
  return records;
}

describe('the records in memory', () => {
  it.each([
    ['entries', { maxEntries: 2, maxRecords: 100 }],
    ['records', { maxEntries: 100, maxRecords: 2 }],
  ])('are no more than their limit of %s, once flushed, and are read again', async (_, limits) => {
    const records = await filled(limits, ['a', 'b', 'c', 'd']);
    expect(records.count).toBe(4);
    await records.close();
    expect(records.count).toBe(2);
    expect((await records.of('a')).find(id)).toEqual({ name: 'a.jpg' });
    expect(records.count).toBe(2);
  });

  it('keep at least the one in use', async () => {
    const records = await filled({ maxEntries: 0, maxRecords: 0 }, ['a', 'b']);
    await records.close();
    expect(records.count).toBe(1);
  });
});
