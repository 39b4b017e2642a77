/** What is new: of growing, late, replaced and new records, each entry once. */
import { renameSync, writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LiveTail } from '../../../../receiver/web/queries/live-tail.js';
import { type GivenFrame, MadeRecords, startMs } from './made-records.js';

const common = { utcOffsetMinutes: 0, event: 'a', strength: 2, lines: 1, isDeleted: false };
const frame = (minute: number): GivenFrame => {
  return { ...common, atMs: startMs + minute * 60_000, changed: true, isKept: false };
};

async function tailOf(records: MadeRecords): Promise<LiveTail> {
  return new LiveTail((await records.queries()).store);
}
/** Looks until something is found. A new folder is listed at each fourth look. */
async function found(tail: LiveTail) {
  for (let look = 0; look < 5; look += 1) {
    const entries = await tail.look();
    if (entries.length > 0) return entries;
  }
  return [];
}

describe('the live tail', () => {
  it('begins with what comes after its first look', async () => {
    const records = new MadeRecords();
    records.add([frame(0), frame(1)]);
    const tail = await tailOf(records);
    expect(await tail.look()).toEqual([]);
    expect(await found(tail)).toEqual([]);
    records.add([frame(2), frame(3)]);
    expect(await found(tail)).toMatchObject([
      {
        ...{ type: 'entries', camera: 'yard', count: 2, marks: false },
        ...{ from: frame(2).atMs, to: frame(3).atMs },
        frames: [{ at: frame(2).atMs }, { at: frame(3).atMs }],
      },
    ]);
    expect(await found(tail)).toEqual([]);
  });

  it('has a camera that is new, its newest 20 frames, and how many there are', async () => {
    const records = new MadeRecords();
    const tail = await tailOf(records);
    await tail.look();
    records.add(Array.from({ length: 30 }, (_, minute) => frame(minute)));
    const [entries] = await found(tail);
    expect(entries).toMatchObject({ count: 30, from: frame(0).atMs, to: frame(29).atMs });
    expect(entries?.frames.map(({ at }) => at)).toEqual(
      Array.from({ length: 20 }, (_, index) => frame(10 + index).atMs),
    );
  });

  it('has a report, and the stretch that it is about', async () => {
    const records = new MadeRecords();
    records.add([frame(0)]);
    const tail = await tailOf(records);
    await tail.look();
    records.report(startMs + 600_000, 9, 'failing', 120_000);
    expect(await found(tail)).toMatchObject([
      { count: 0, frames: [], from: startMs + 480_000, to: startMs + 600_000 },
    ]);
  });

  it('has a note for the whole day that it may be about', async () => {
    const records = new MadeRecords();
    records.add([frame(0)]);
    const tail = await tailOf(records);
    await tail.look();
    await found(tail);
    records.add([{ ...frame(1), isKept: true }]);
    const [entries] = await found(tail);
    expect(entries?.marks).toBe(true);
    expect(entries?.from).toBeLessThanOrEqual(Date.UTC(2026, 10, 20));
    expect(entries?.to).toBeGreaterThanOrEqual(Date.UTC(2026, 10, 21));
  });

  it('takes the lines of a record that was replaced for known', async () => {
    const records = new MadeRecords();
    records.add([frame(0), frame(1), frame(2)]);
    const tail = await tailOf(records);
    await tail.look();
    records.add([frame(3)]);
    await found(tail);
    const record = join(records.directory, 'yard/2026_11_20/record.jsonl');
    const lines = readFileSync(record, 'utf8').split('\n');
    writeFileSync(`${record}.new`, lines.slice(1).join('\n'));
    renameSync(`${record}.new`, record);
    expect(await found(tail)).toMatchObject([{ count: 0, frames: [] }]);
    records.add([frame(4)]);
    expect(await found(tail)).toMatchObject([{ count: 1, frames: [{ at: frame(4).atMs }] }]);
  });

  it('waits for the end of a line', async () => {
    const records = new MadeRecords();
    records.add([frame(0)]);
    const tail = await tailOf(records);
    await tail.look();
    const other = new MadeRecords(2);
    other.add([frame(1)]);
    const line = readFileSync(join(other.directory, 'yard/2026_11_20/record.jsonl'), 'utf8');
    records.append('yard/2026_11_20', line.slice(0, 50));
    const early = await found(tail);
    expect(early.reduce((sum, { count }) => sum + count, 0)).toBe(0);
    records.append('yard/2026_11_20', line.slice(50));
    expect(await found(tail)).toMatchObject([{ count: 1, frames: [{ at: frame(1).atMs }] }]);
  });
});
