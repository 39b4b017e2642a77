/** The index of a record, and its memory bound. */
import fc from 'fast-check';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DayRecord } from '../../../receiver/store/day-record.js';
import { Folder } from '../../../receiver/store/folder.js';
import { HashTable, hashOf } from '../../../receiver/store/hash-table.js';
import { RecordIndex } from '../../../receiver/store/record-index.js';
import { frameKey, frameLine, gapKey } from '../../../receiver/store/record-line.js';
import { clockedPath, nameNumber, numberedName } from '../../../shared/protocol/frame-path.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { frameOf, gapOf } from './given.js';

const stem = '2026_11_22_07_30_15_001+0000';

describe('a table of hashes', () => {
  it('behaves like a Map', () => {
    const entries = fc.array(fc.tuple(fc.string({ maxLength: 3 }), fc.nat(2 ** 32 - 1)), {
      maxLength: 500,
    });
    fc.assert(
      fc.property(entries, fc.integer(), (given, seed) => {
        const [table, map] = [new HashTable(), new Map<string, number>()];
        for (const [text, value] of given) {
          table.set(hashOf(text, seed), value);
          map.set(text, value);
        }
        expect(table.size).toBe(map.size);
        for (const [text, value] of map) expect(table.get(hashOf(text, seed))).toBe(value);
        expect(table.get(hashOf('none', seed))).toBeUndefined();
      }),
    );
  });
});

describe('nameNumber', () => {
  it('is the number that the name was made with', () => {
    const moment = fc.record({
      capturedAtMs: fc.integer({ min: 0, max: Date.UTC(9999, 0, 1) - 1 }),
      utcOffsetMinutes: fc.integer({ min: -720, max: 840 }),
    });
    const unclocked = fc
      .tuple(fc.stringMatching(/^[0-9a-f]{16,32}$/), fc.maxSafeNat())
      .map(([epoch, sequence]) => `${epoch}-${sequence}`);
    const stems = fc.oneof(
      moment.map((each) => clockedPath('yard', each).stem),
      unclocked,
    );
    fc.assert(
      fc.property(stems, fc.integer({ min: 1, max: 99_999 }), (each, number) => {
        expect(nameNumber(numberedName(each, number))).toBe(number);
      }),
    );
  });
});

describe('the index of a record', () => {
  it('finds the newest frames, drops the oldest, and stays within its bound', () => {
    const index = new RecordIndex(100);
    for (let sequence = 1; sequence <= 10_000; sequence += 1) {
      index.add({ kind: 'frame', key: String(sequence), name: numberedName(stem, sequence) });
    }
    expect(index.size).toBeLessThanOrEqual(100);
    expect(index.nameOf('10000', stem)).toBe(numberedName(stem, 10_000));
    expect(index.ownerOf(numberedName(stem, 9_990), '1')).toBe('another');
    expect(index.nameOf('1', stem)).toBeUndefined();
  });

  it('has the current name of a frame', () => {
    const index = new RecordIndex();
    for (const name of [`${stem}.jpg`, `${stem}-2.jpg`]) {
      index.add({ kind: 'frame', key: 'a', name });
      expect(index.nameOf('a', stem)).toBe(name);
    }
    index.add({ kind: 'frame', key: 'a', name: `${stem}.jpg` });
    expect(index.nameOf('a', stem)).toBe(`${stem}.jpg`);
    index.add({ kind: 'frame', key: 'b', name: `${stem}.jpg` });
    expect(index.ownerOf(`${stem}.jpg`, 'a')).toBe('another');
  });

  it('recognizes a gap by all its fields', () => {
    const index = new RecordIndex();
    index.add({ kind: 'line', key: gapKey(gapOf(1)) });
    expect(index.hasLine(gapKey(gapOf(1)))).toBe(true);
    expect(index.hasLine(gapKey(gapOf(1, { count: 6 })))).toBe(false);
  });
});

describe('a record that is longer than its limit', () => {
  it('is read from its newest lines, and extended', async () => {
    const directory = temporaryDirectory();
    const jpeg = Buffer.from('any');
    const lines = Array.from({ length: 1000 }, (_, index) => {
      const frame = frameOf(index % 100, { jpeg, id: { epoch: 'e'.repeat(32), sequence: index } });
      const name = numberedName(stem, index + 1);
      return frameLine({ ...frame, name, byteCount: 9, size: undefined });
    });
    writeFileSync(join(directory, 'record.jsonl'), lines.join(''));
    const folder = await Folder.open(directory);
    onTestFinished(() => folder.close());
    const record = new DayRecord({ maxBytes: 10_000 });
    await record.refresh(folder);
    expect(record.size).toBeGreaterThan(10);
    expect(record.size).toBeLessThan(100);
    const { capturedAtMs } = frameOf(99, { jpeg });
    const last = frameKey({ epoch: 'e'.repeat(32), sequence: 999 }, capturedAtMs);
    expect(record.nameOf(last, stem)).toBe(numberedName(stem, 1000));
    await record.append(folder, lines[0] ?? '', { kind: 'frame', key: 'new', name: 'new.jpg' });
    expect(record.nameOf('new', 'new')).toBe('new.jpg');
    expect(record.nameOf(last, stem)).toBe(numberedName(stem, 1000));
  });
});
