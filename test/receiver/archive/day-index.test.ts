/** The index of a day: what it has is what the record has, however the record grew and whatever became of the file. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { frameFlags } from '../../../receiver/archive/day-columns.js';
import { dayIndexName, openDayIndex } from '../../../receiver/archive/day-index.js';
import type { IndexedDay } from '../../../receiver/archive/day-index-format.js';
import { markPlaces, maskBytes } from '../../../receiver/archive/place-mask.js';
import { readRecordLine } from '../../../receiver/archive/record-entry.js';
import { Folder } from '../../../receiver/store/folder.js';
import { frameLine, gapLine, reportLine } from '../../../receiver/store/record-line.js';
import { noteLine } from '../../../receiver/store/store-note.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { frameOf, gapOf, reportOf } from '../store/given.js';

const common = { kind: 'kept', camera: 'yard', atMs: 1795332699000 } as const;
/** Only its size and hash are in a line. */
const jpeg = Buffer.from('a picture');

function frameText(number: number): string {
  const frame = frameOf(number, { jpeg });
  const events = ['1795332615123', '1795332699000', undefined];
  const verdict = {
    reason: number % 5 === 0 ? 'before' : 'change',
    ratio: (number % 100) / 100,
    boxes: [[number % 600, number % 400, 40, 30]] as [number, number, number, number][],
    event: events[number % 3],
    changed: number % 2 === 0,
    strength: number / 8,
  };
  const size = number % 7 === 0 ? undefined : { widthPx: 640, heightPx: 480 };
  const name = `2026_11_22_07_30_15_${String(number).padStart(3, '0')}+0000.jpg`;
  return frameLine({ ...frame, name, byteCount: frame.jpeg.length, size, verdict });
}
const line = (number: number): string => {
  if (number % 11 === 3) return gapLine({ ...gapOf(number), sequences: [[1, 2]] });
  if (number % 11 === 5) return reportLine(reportOf(number));
  if (number % 11 === 7) return 'what is this\n';
  if (number % 11 === 9) {
    return noteLine({ ...common, names: ['2026_11_22_07_30_15_001+0000.jpg'], note: `${number}` });
  }
  return frameText(number);
};
const linesTo = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => line(index));

async function dayOf(lines: readonly string[]) {
  const directory = join(temporaryDirectory(), '2026_11_22');
  mkdirSync(directory);
  const record = join(directory, 'record.jsonl');
  if (lines.length > 0) writeFileSync(record, lines.join(''));
  const folder = await Folder.open(directory);
  onTestFinished(() => folder.close());
  return { directory, folder, record, index: join(directory, dayIndexName) };
}

/** What the index says of each entry, to compare it with the record. */
function rowsOf({ columns: { columns, tables, length }, gaps, reports, ...rest }: IndexedDay) {
  const frames = Array.from({ length }, (_, row) => ({
    capturedAtMs: columns.capturedAtMs[row],
    sequence: columns.sequence[row],
    lineAt: columns.lineAt[row],
    byteCount: columns.byteCount[row],
    strength: columns.strength[row],
    event: tables.event[(columns.event[row] ?? 0) - 1],
    epoch: tables.epoch[(columns.epoch[row] ?? 0) - 1],
    reason: tables.reason[(columns.reason[row] ?? 0) - 1],
    size: tables.size[(columns.size[row] ?? 0) - 1],
    ratio: Math.round(((columns.ratio[row] ?? 0) / 65_535) * 100),
    flags: columns.flags[row],
    places: [...columns.places.subarray(row * maskBytes, (row + 1) * maskBytes)],
  }));
  return { frames, gaps, reports, ...rest };
}

/** The same, from the lines one by one. */
function expectedOf(text: string) {
  const frames: object[] = [];
  const [gaps, reports, notes]: [object[], object[], object[]] = [[], [], []];
  let [lineAt, skippedLines] = [0, 0];
  for (const each of text.split('\n').slice(0, -1)) {
    const entry = readRecordLine(each);
    if (entry === undefined) skippedLines += 1;
    else if (entry.kind === 'gap') gaps.push(JSON.parse(JSON.stringify(entry)) as object);
    else if (entry.kind === 'report') reports.push(JSON.parse(JSON.stringify(entry)) as object);
    else if (entry.kind !== 'frame') notes.push(JSON.parse(JSON.stringify(entry)) as object);
    else {
      const { widthPx = 0, heightPx = 0, boxes = [], strength = 0, ratio = 0 } = entry;
      const mask = new Uint8Array(maskBytes);
      markPlaces(mask, boxes, widthPx, heightPx);
      frames.push({
        capturedAtMs: entry.capturedAtMs,
        sequence: entry.sequence,
        lineAt,
        byteCount: entry.byteCount,
        strength: Math.fround(strength),
        event: entry.event,
        epoch: entry.epoch,
        reason: entry.reason,
        size: widthPx > 0 ? `${widthPx}x${heightPx}` : undefined,
        ratio: Math.round(ratio * 100),
        flags: entry.changed === true ? frameFlags.changed : 0,
        places: [...mask],
      });
    }
    lineAt += each.length + 1;
  }
  return { frames, gaps, reports, notes, endByte: text.lastIndexOf('\n') + 1, skippedLines };
}

async function expectWhole({ folder, record }: Awaited<ReturnType<typeof dayOf>>): Promise<void> {
  const day = await openDayIndex(folder);
  expect(day).toBeDefined();
  if (day === undefined) return;
  const plain = JSON.parse(JSON.stringify(rowsOf(day))) as object;
  expect(plain).toEqual(JSON.parse(JSON.stringify(expectedOf(readFileSync(record, 'utf8')))));
}

describe('the index of a day', () => {
  it('has what the record has, after any growth and any damage', { timeout: 300_000 }, async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('grow'), by: fc.integer({ min: 1, max: 90 }) }),
      fc.record({ kind: fc.constant('damage'), by: fc.nat(20_000) }),
      fc.record({ kind: fc.constant('cut'), by: fc.nat(20_000) }),
      fc.record({ kind: fc.constant('part of a line'), by: fc.integer({ min: 1, max: 60 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
        const given = await dayOf(linesTo(70));
        let count = 70;
        for (const { kind, by } of steps) {
          if (kind === 'grow') {
            for (let each = 0; each < by; each += 1) appendFileSync(given.record, line(count++));
          } else if (kind === 'part of a line') {
            appendFileSync(given.record, frameText(count).slice(0, by));
            await expectWhole(given);
            appendFileSync(given.record, '\n');
          } else if (existsSync(given.index)) {
            const bytes = readFileSync(given.index);
            if (kind === 'cut') truncateSync(given.index, by % (bytes.length + 1));
            else {
              bytes[by % bytes.length] = (bytes[by % bytes.length] ?? 0) ^ 0x41;
              writeFileSync(given.index, bytes);
            }
          }
          await expectWhole(given);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('grows by blocks, and is not written again for some lines', async () => {
    const given = await dayOf(linesTo(200));
    await expectWhole(given);
    const first = readFileSync(given.index);
    appendFileSync(given.record, line(200));
    await expectWhole(given);
    expect(readFileSync(given.index).equals(first)).toBe(true);
    for (let number = 201; number < 300; number += 1) appendFileSync(given.record, line(number));
    await expectWhole(given);
    const second = readFileSync(given.index);
    expect(second.subarray(0, first.length).equals(first)).toBe(true);
    expect(second.length).toBeGreaterThan(first.length);
    expect(readdirSync(given.directory).sort()).toEqual([dayIndexName, 'record.jsonl']);
  });

  it('has 63 bytes for a frame', async () => {
    const given = await dayOf(Array.from({ length: 2000 }, (_, index) => frameText(index % 900)));
    await expectWhole(given);
    expect(statSync(given.index).size).toBeLessThan(2000 * 63 + 1000);
  });

  it('counts a part once that two processes have written', async () => {
    const given = await dayOf(linesTo(60));
    await expectWhole(given);
    const before = readFileSync(given.index);
    for (let number = 60; number < 200; number += 1) appendFileSync(given.record, line(number));
    await expectWhole(given);
    const block = readFileSync(given.index).subarray(before.length);
    appendFileSync(given.index, block);
    await expectWhole(given);
    for (let number = 200; number < 300; number += 1) appendFileSync(given.record, line(number));
    await expectWhole(given);
    await expectWhole(given);
  });

  it('is built anew for another record, and one of another version', async () => {
    const given = await dayOf(linesTo(200));
    await expectWhole(given);
    writeFileSync(given.record, linesTo(300).slice(100).join(''));
    await expectWhole(given);
    const bytes = readFileSync(given.index);
    bytes.write('PICCDAY9');
    writeFileSync(given.index, bytes);
    await expectWhole(given);
    expect(readFileSync(given.index, 'latin1').slice(0, 8)).toBe('PICCDAY2');
  });

  it('is missing without a record, and complete where it cannot be written', async () => {
    expect(await openDayIndex((await dayOf([])).folder)).toBeUndefined();
    const given = await dayOf(linesTo(100));
    given.folder.createFile = () =>
      Promise.reject(Object.assign(new Error('EROFS'), { code: 'EROFS' }));
    await expectWhole(given);
    expect(existsSync(given.index)).toBe(false);
  });

  it('is not read or written through a link', async () => {
    const given = await dayOf(linesTo(100));
    const outside = join(temporaryDirectory(), 'outside');
    writeFileSync(outside, 'mine');
    symlinkSync(outside, given.index);
    await expectWhole(given);
    expect(readFileSync(outside, 'utf8')).toBe('mine');
  });
});

describe('the places of boxes', () => {
  it('are those that a box touches, pixel by pixel', () => {
    const edge = fc.nat(70);
    fc.assert(
      fc.property(
        fc.tuple(edge, edge, edge, edge),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 48 }),
        (box, width, height) => {
          const mask = new Uint8Array(maskBytes);
          markPlaces(mask, [box], width, height);
          const [left, top, boxWidth, boxHeight] = box;
          const wanted = new Set<number>();
          // A place of a small picture is smaller than a pixel: a touched pixel touches each place that it overlaps.
          for (let row = 0; row < 9; row += 1) {
            for (let column = 0; column < 16; column += 1) {
              const [x, endX] = [(column * width) / 16, ((column + 1) * width) / 16];
              const [y, endY] = [(row * height) / 9, ((row + 1) * height) / 9];
              const [right, bottom] = [
                Math.min(left + boxWidth, width),
                Math.min(top + boxHeight, height),
              ];
              const isTouched = left < right && top < bottom;
              if (isTouched && left < endX && right > x && top < endY && bottom > y) {
                wanted.add(row * 16 + column);
              }
            }
          }
          const marked = Array.from({ length: 144 }, (_, bit) => bit).filter(
            (bit) => ((mask[bit >> 3] ?? 0) >> (bit & 7)) & 1,
          );
          expect(marked).toEqual([...wanted].sort((a, b) => a - b));
        },
      ),
    );
  });
});
