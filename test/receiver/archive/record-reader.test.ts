/** Entries of a record file: whole lines only, however they lie in the pieces that are read. */
import fc from 'fast-check';
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type RecordEntry, isEntry } from '../../../receiver/archive/record-entry.js';
import { readRecord } from '../../../receiver/archive/record-reader.js';
import { Folder } from '../../../receiver/store/folder.js';
import { gapLine } from '../../../receiver/store/record-line.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { gapOf } from '../store/given.js';

const lineOf = (sequence: number): string => gapLine(gapOf(sequence));

async function openFolder() {
  const directory = temporaryDirectory();
  const folder = await Folder.open(directory);
  onTestFinished(() => folder.close());
  return { folder, directory, record: join(directory, 'record.jsonl') };
}

async function sequencesOf(folder: Folder, fromByte = 0) {
  const entries: RecordEntry[] = [];
  const result = await readRecord(folder, (line) => isEntry(line) && entries.push(line), fromByte);
  return { sequences: entries.map(({ sequence }) => sequence), ...result };
}

describe('readRecord', () => {
  it('reads each whole line once, skips and counts the others, and leaves one that is not whole', async () => {
    const pieces = fc.array(
      fc.oneof(
        fc.record({ sequence: fc.nat(1000) }),
        fc.constantFrom('\n', 'x\n', '{"frame":1,\n', '\u00e4\n'),
        fc.constantFrom(65_535, 65_536, 65_537, 200_000).map((size) => `${'x'.repeat(size)}\n`),
        fc.nat(300).map((size) => `${'y'.repeat(size)}\n`),
      ),
      { maxLength: 60 },
    );
    const { folder, record } = await openFolder();
    const tails = fc.constantFrom('', '{"gap":1', 'x'.repeat(100_000));
    await fc.assert(
      fc.asyncProperty(pieces, tails, async (given, tail) => {
        const lines = given.map((each) =>
          typeof each === 'string' ? each : lineOf(each.sequence),
        );
        const whole = lines.join('');
        writeFileSync(record, whole + tail);
        expect(await sequencesOf(folder)).toEqual({
          sequences: given.flatMap((each) => (typeof each === 'string' ? [] : [each.sequence])),
          skippedLines: given.filter((each) => typeof each === 'string' && each !== '\n').length,
          endByte: Buffer.byteLength(whole),
        });
      }),
      { numRuns: 100 },
    );
  });

  it('continues where an earlier call ended', async () => {
    const { folder, record } = await openFolder();
    writeFileSync(record, `${lineOf(1)}${lineOf(2).slice(0, 20)}`);
    const { sequences, endByte = 0 } = await sequencesOf(folder);
    expect(sequences).toEqual([1]);
    appendFileSync(record, `${lineOf(2).slice(20)}${lineOf(3)}`);
    expect(await sequencesOf(folder, endByte)).toMatchObject({ sequences: [2, 3] });
  });

  it('finds no record, and refuses a link', async () => {
    const { folder, directory, record } = await openFolder();
    expect(await readRecord(folder, () => undefined)).toBeUndefined();
    mkdirSync(join(directory, 'elsewhere'));
    writeFileSync(join(directory, 'elsewhere', 'record.jsonl'), lineOf(1));
    symlinkSync(join(directory, 'elsewhere', 'record.jsonl'), record);
    await expect(readRecord(folder, () => undefined)).rejects.toMatchObject({ code: 'STORE' });
  });
});
