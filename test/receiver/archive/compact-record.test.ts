/** A record whose lines of gone entries are taken out: nothing else changes, also while receivers append. */
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Compaction, compactRecord } from '../../../receiver/archive/compact-record.js';
import { openDayIndex } from '../../../receiver/archive/day-index.js';
import { isEntry, readRecordLine } from '../../../receiver/archive/record-entry.js';
import { readRecord } from '../../../receiver/archive/record-reader.js';
import { DayRecord } from '../../../receiver/store/day-record.js';
import { Folder } from '../../../receiver/store/folder.js';
import { NumberSet } from '../../../receiver/store/intervals.js';
import { frameLine, gapLine, reportLine } from '../../../receiver/store/record-line.js';
import { type StoreNote, type SummaryNote, noteLine } from '../../../receiver/store/store-note.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { epoch, frameOf, gapOf, nameOf, reportOf } from '../store/given.js';

const jpeg = Buffer.from('a picture');
const atMs = Date.UTC(2026, 10, 23);
const base = (number: number): string => nameOf(number).split('/').at(-1) ?? '';
const frameText = (number: number): string =>
  frameLine({ ...frameOf(number, { jpeg }), name: base(number), byteCount: 100, size: undefined });

function lineOf(kind: number, number: number): string {
  if (kind === 0) return gapLine(gapOf(number));
  if (kind === 1) return reportLine(reportOf(number));
  if (kind === 2) return `what is line ${number}?\n`;
  if (kind === 3) {
    return noteLine({ kind: 'kept', camera: 'yard', atMs, event: `${number}`, note: 'grüße' });
  }
  return frameText(number);
}

async function open(text: string) {
  const directory = temporaryDirectory();
  const record = join(directory, 'record.jsonl');
  writeFileSync(record, text, { mode: 0o604 });
  const folder = await Folder.open(directory);
  onTestFinished(() => folder.close());
  return { directory, record, folder, read: () => readFileSync(record, 'utf8') };
}

const compaction = (isGone: Compaction['isGone'], why: Compaction['why'] = 'deleted') => ({
  ...{ camera: 'yard', atMs, why, isGone },
});

const isGoneAmong = (gone: ReadonlySet<number>): Compaction['isGone'] => {
  return ({ sequence }) => sequence !== undefined && gone.has(sequence);
};

describe('a compacted record', () => {
  it('has every other line as it was, and the sequences of the gone ones', async () => {
    const kinds = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 40 });
    const gone = fc.uniqueArray(fc.integer({ min: 0, max: 39 }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(kinds, gone, gone, fc.boolean(), async (kindOf, first, then, isTorn) => {
        const lines = kindOf.map((kind, number) => lineOf(kind, number));
        const torn = isTorn ? '{"frame":1,"camera":"ya' : '';
        const { folder, read } = await open(lines.join('') + torn);
        const out = new Set<number>();
        for (const each of [first, then]) {
          const isGone = isGoneAmong(new Set(each));
          const now = lines.filter((line, number) => {
            const entry = readRecordLine(line.trimEnd());
            if (out.has(number) || entry === undefined || !isEntry(entry)) return false;
            return isGone(entry) && out.add(number);
          });
          expect(await compactRecord(folder, compaction(isGone))).toBe(now.length);
        }
        const rest = lines.filter((_, number) => !out.has(number)).join('') + torn;
        // An incomplete line is copied behind an empty one.
        const text = read().replace(/\n+(?=\{"frame":1,"camera":"ya$)/, '\n');
        expect(text.endsWith(rest)).toBe(true);
        const head = text.slice(0, text.length - rest.length);
        const summary = head === '' ? undefined : readRecordLine(head.trimEnd());
        const known = new NumberSet();
        for (const number of out) known.add(number);
        const ranges = known.ranges().map(({ start, end }) => [start, end - 1]);
        expect(ofEpoch(summary)).toEqual(ranges);
        const frames = [...out].filter((number) => (kindOf[number] ?? 0) > 3).length;
        if (summary !== undefined)
          expect(summary).toMatchObject({ frames, byteCount: 100 * frames });
      }),
      { numRuns: 100 },
    );
  });

  it('keeps access rights, and has no day index of before', async () => {
    const { directory, folder, record } = await open([1, 2, 3].map(frameText).join(''));
    await openDayIndex(folder);
    expect(existsSync(join(directory, '.day-index'))).toBe(true);
    expect(await compactRecord(folder, compaction(isGoneAmong(new Set([2]))))).toBe(1);
    expect(statSync(record).mode & 0o777).toBe(0o604);
    expect(existsSync(join(directory, '.day-index'))).toBe(false);
    const index = await openDayIndex(folder);
    expect(index?.columns.length).toBe(2);
    expect(index?.notes).toMatchObject([{ kind: 'summary', frames: 1 }]);
  });

  it('names deleted frames whose line is left, and joins summaries of the same reason', async () => {
    const deleted: StoreNote = {
      ...{ kind: 'deleted', camera: 'yard', atMs, why: 'max-size' },
      ...{ names: [base(1), base(2), base(3)], byteCount: 300 },
    };
    const { folder, read } = await open([1, 2, 3, 4].map(frameText).join('') + noteLine(deleted));
    await compactRecord(folder, compaction(isGoneAmong(new Set([1]))));
    await compactRecord(folder, compaction(isGoneAmong(new Set([3])), 'erased'));
    await compactRecord(folder, compaction(isGoneAmong(new Set([4]))));
    const notes: unknown[] = [];
    await readRecord(folder, (line) => !isEntry(line) && notes.push(line));
    const entries = (ranges: number[][]) => [{ epoch, ranges }];
    expect(notes).toMatchObject([
      {
        kind: 'summary',
        why: 'deleted',
        frames: 2,
        entries: entries([
          [1, 1],
          [4, 4],
        ]),
      },
      { kind: 'summary', why: 'erased', frames: 1, entries: entries([[3, 3]]) },
      { ...deleted, names: [base(2)], byteCount: 100 },
    ]);
    expect(read()).toContain(frameText(2));
  });

  it('has many ranges in several lines, none longer than a reader takes', async () => {
    const numbers = Array.from({ length: 6000 }, (_, number) => number);
    const { folder, read } = await open(numbers.map(frameText).join(''));
    await compactRecord(
      folder,
      compaction(({ sequence = 0 }) => sequence % 2 === 1),
    );
    const summaries = read()
      .split('\n')
      .filter((line) => line.startsWith('{"summary"'));
    expect(summaries).toHaveLength(3);
    for (const line of summaries) expect(line.length).toBeLessThan(60_000);
    const index = await openDayIndex(folder);
    expect(index?.columns.length).toBe(3000);
    const frames = (index?.notes ?? []).map((note) => (note as SummaryNote).frames);
    expect(frames).toEqual([3000, 0, 0]);
  });

  it('has what was appended meanwhile, also when it ends just after the rename', async () => {
    const { folder, record, read } = await open([1, 2].map(frameText).join(''));
    const createFile = folder.createFile.bind(folder);
    folder.createFile = (name, mode) => {
      // After the plan.
      appendFileSync(record, frameText(3));
      return createFile(name, mode);
    };
    folder.sync = () => Promise.reject(new Error('killed'));
    const gone = compactRecord(folder, compaction(isGoneAmong(new Set([1]))));
    await expect(gone).rejects.toThrow('killed');
    expect(read().endsWith(frameText(2) + frameText(3))).toBe(true);
    expect(read()).not.toContain(frameText(1));
  });

  it('loses no line that receivers append meanwhile', async () => {
    const { directory, folder, read, record } = await open([1, 2].map(frameText).join(''));
    const others = await Promise.all([Folder.open(directory), Folder.open(directory)]);
    for (const other of others) onTestFinished(() => other.close());
    const records = others.map((other) => ({ other, record: new DayRecord() }));
    // What was appended before goes too: the record stays small, however fast they append.
    const gone = new Set([1, 2, 3]);
    let number = 10;
    for (let round = 0; round < 60; round += 1) {
      const written = new Map<number, string>();
      let isCompacted = false;
      const append = async ({ other, record: each }: (typeof records)[number]): Promise<void> => {
        while (!isCompacted) {
          const own = (number += 1);
          const text = frameText(own);
          await each.append(other, text, { kind: 'frame', key: `${own}`, name: base(own) });
          written.set(own, text);
          await setImmediate();
        }
      };
      appendFileSync(record, frameText(3));
      const appending = Promise.all(records.map(append));
      expect(await compactRecord(folder, compaction(isGoneAmong(gone)))).toBeGreaterThan(0);
      isCompacted = true;
      await appending;
      const lines = new Set(
        read()
          .split('\n')
          .map((line) => `${line}\n`),
      );
      expect(written.size).toBeGreaterThanOrEqual(records.length);
      expect([...written.values()].filter((text) => !lines.has(text))).toEqual([]);
      for (const own of written.keys()) gone.add(own);
    }
  });
});

function ofEpoch(line: ReturnType<typeof readRecordLine>): unknown {
  if (line === undefined) return [];
  expect(line).toMatchObject({ kind: 'summary', why: 'deleted' });
  const { entries } = line as SummaryNote;
  return entries.flatMap((each) => each.ranges);
}
