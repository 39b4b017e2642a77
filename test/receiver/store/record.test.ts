/** What the record keeps of frames and gaps, and how the store handles a damaged record. */
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, rmSync, truncateSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import type { FrameToStore, Gap } from '../../../receiver/store/store-port.js';
import { filesBelow } from '../../support/files.js';
import { makeJpeg } from '../../support/pictures.js';
import { temporaryDirectory } from '../../support/temporary.js';

const capturedAtMs = Date.UTC(2026, 10, 22, 7, 30, 15, 123);
const moment = { capturedAtMs, utcOffsetMinutes: 60, receivedAtMs: capturedAtMs + 1000 };
const day = 'yard/2026_11_22';
const first = `${day}/2026_11_22_08_30_15_123+0100.jpg`;
const second = first.replace('.jpg', '-2.jpg');
const third = first.replace('.jpg', '-3.jpg');
const verdict = { reason: 'change', ratio: 0.1, boxes: [] };

function frame(sequence: number, number = 1, epoch = 'e'.repeat(32)): FrameToStore {
  const jpeg = makeJpeg(number);
  const sha256 = createHash('sha256').update(jpeg).digest('hex');
  return { camera: 'yard', jpeg, sha256, id: { epoch, sequence }, verdict, ...moment };
}

function gap(sequence: number): Gap {
  const range = { count: 12, lastCapturedAtMs: capturedAtMs + 60_000, why: 'size' };
  return { camera: 'yard', id: { epoch: 'e'.repeat(32), sequence }, ...moment, ...range };
}

async function openedStore(directory = temporaryDirectory()) {
  const store = await openFrameStore(directory, Date.now());
  const record = join(directory, day, 'record.jsonl');
  const lines = (): unknown[] =>
    readFileSync(record, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line): unknown => JSON.parse(line));
  return { directory, store, record, lines };
}

describe('the record', () => {
  it('holds a line for each frame', async () => {
    const { store, lines } = await openedStore();
    await store.put(frame(1));
    await store.put({ ...frame(2), id: undefined, verdict: undefined });
    const { sha256 } = frame(1);
    const facts = {
      size: makeJpeg(1).length,
      sha256,
      captured: '2026-11-22T07:30:15.123Z',
      utcOffsetMinutes: 60,
      received: '2026-11-22T07:30:16.123Z',
    };
    expect(lines()).toEqual([
      { epoch: 'e'.repeat(32), sequence: 1, name: first.slice(day.length + 1), ...facts, verdict },
      { name: second.slice(day.length + 1), ...facts },
    ]);
  });

  it('has one line for a repeated frame', async () => {
    const { store, lines } = await openedStore();
    await Promise.all([store.put(frame(1)), store.put(frame(1))]);
    await store.put(frame(1));
    expect(lines()).toHaveLength(1);
  });

  it('distinguishes two frames with the same bytes, also at the same time', async () => {
    const { directory, store } = await openedStore();
    const both = await Promise.all([store.put(frame(1)), store.put(frame(2))]);
    expect(both.map(({ duplicate }) => duplicate)).toEqual([false, false]);
    expect(await store.put(frame(3))).toEqual({ name: third, duplicate: false });
    expect(filesBelow(directory)).toHaveLength(3);
    const other = await openFrameStore(directory, Date.now());
    for (const [index, stored] of both.entries()) {
      expect(await other.put(frame(index + 1))).toEqual({ ...stored, duplicate: true });
    }
  });

  it('shows a store what another store has appended since', async () => {
    const { directory, store } = await openedStore();
    const other = await openFrameStore(directory, Date.now());
    await store.put(frame(1));
    await other.put(frame(2, 2));
    await store.put(frame(3, 3));
    // The plain name is free again: only the record shows that the frame is a repeat.
    unlinkSync(join(directory, first));
    expect(await store.put(frame(2, 2))).toEqual({ name: second, duplicate: true });
    expect(await other.put(frame(3, 3))).toEqual({ name: third, duplicate: true });
  });

  it('does not make a frame a duplicate whose file is missing or damaged', async () => {
    const { directory, store } = await openedStore();
    await store.put(frame(1));
    unlinkSync(join(directory, first));
    expect(await store.put(frame(1))).toEqual({ name: first, duplicate: false });
    truncateSync(join(directory, first), 100);
    expect(await store.put(frame(1))).toEqual({ name: second, duplicate: false });
    expect(await store.put(frame(1))).toEqual({ name: second, duplicate: true });
  });

  it('that lost its last lines in a power cut does not let a frame be stored twice', async () => {
    const { directory, store, record, lines } = await openedStore();
    await store.put(frame(1));
    truncateSync(record, 0);
    const after = await openFrameStore(directory, Date.now());
    expect(await after.put(frame(1))).toEqual({ name: first, duplicate: true });
    expect(lines()).toHaveLength(1);
  });

  it('that was removed is written anew', async () => {
    const { directory, store, record, lines } = await openedStore();
    await store.put(frame(1));
    rmSync(record);
    expect(await store.put(frame(1))).toEqual({ name: first, duplicate: true });
    await store.put(frame(2, 2));
    expect(lines()).toHaveLength(1);
    expect(await (await openFrameStore(directory, Date.now())).put(frame(1))).toMatchObject({
      duplicate: true,
    });
    expect(lines()).toHaveLength(2);
  });

  it('whose last line is torn loses that line only', async () => {
    const { directory, store, record } = await openedStore();
    await store.put(frame(1));
    appendFileSync(record, '{"epoch":"eeee');
    await store.put(frame(2));
    const after = readFileSync(record, 'utf8').split('\n');
    expect(after).toHaveLength(4);
    expect(JSON.parse(after[2] ?? '')).toMatchObject({ sequence: 2 });
    const again = await openFrameStore(directory, Date.now());
    expect(await again.put(frame(1))).toEqual({ name: first, duplicate: true });
    expect(await again.put(frame(2))).toEqual({ name: second, duplicate: true });
  });

  it('skips unknown lines, however long', async () => {
    const { directory, store, record } = await openedStore();
    await store.put(frame(1));
    const away = `{"epoch":"${'e'.repeat(32)}","sequence":2,"name":"../../../x.jpg"}`;
    appendFileSync(record, `hello\n\n[]\nnull\n{"epoch":1}\n${away}\n${'x'.repeat(700_000)}\n`);
    await store.put(frame(3));
    const again = await openFrameStore(directory, Date.now());
    expect(await again.put(frame(1))).toEqual({ name: first, duplicate: true });
    expect(await again.put(frame(3))).toEqual({ name: second, duplicate: true });
  });

  it('that cannot be written prevents the acknowledgement, and the repeated frame is stored', async () => {
    const { directory, store, record } = await openedStore();
    await store.put(frame(1));
    rmSync(record);
    mkdirSync(record);
    await expect(store.put(frame(2, 2))).rejects.toMatchObject({ code: 'STORE' });
    rmSync(record, { recursive: true });
    expect(await store.put(frame(2, 2))).toMatchObject({ name: second });
    expect(filesBelow(directory).filter((name) => name.endsWith('.jpg'))).toHaveLength(2);
  });

  it('has one line for a gap, however often and by whichever store it is recorded', async () => {
    const { directory, store, lines } = await openedStore();
    expect(await store.recordGap(gap(7))).toEqual({
      name: `${day}/record.jsonl`,
      duplicate: false,
    });
    expect(await store.recordGap(gap(7))).toMatchObject({ duplicate: true });
    const again = await openFrameStore(directory, Date.now());
    expect(await again.recordGap(gap(7))).toMatchObject({ duplicate: true });
    const times = { from: '2026-11-22T07:30:15.123Z', to: '2026-11-22T07:31:15.123Z' };
    expect(lines()).toEqual([
      {
        ...{ epoch: 'e'.repeat(32), sequence: 7, type: 'dropped', count: 12, why: 'size' },
        ...{ ...times, utcOffsetMinutes: 60, received: '2026-11-22T07:30:16.123Z' },
      },
    ]);
  });

  it('has a line for each gap with the same id and other content', async () => {
    const { directory, store, lines } = await openedStore();
    const gaps: Gap[] = [
      gap(7),
      { ...gap(7), count: 700 },
      { ...gap(7), why: 'age' },
      { ...gap(7), lastCapturedAtMs: capturedAtMs + 1 },
      { ...gap(7), sequences: [[1, 12]] },
      {
        ...gap(7),
        sequences: [
          [1, 6],
          [8, 13],
        ],
      },
    ];
    for (const each of gaps)
      expect(await store.recordGap(each)).toMatchObject({ duplicate: false });
    for (const opened of [store, await openFrameStore(directory, Date.now())]) {
      for (const each of gaps) {
        expect(await opened.recordGap(each)).toMatchObject({ duplicate: true });
      }
    }
    expect(lines()).toHaveLength(gaps.length);
    expect(lines().map((line) => (line as { sequences?: unknown }).sequences)).toEqual(
      gaps.map(({ sequences }) => sequences),
    );
  });

  it('grows by whole lines when two stores write at the same time', async () => {
    const { directory, store, lines } = await openedStore();
    const other = await openFrameStore(directory, Date.now());
    // One epoch never has two frames of one millisecond.
    const jobs = Array.from({ length: 60 }, (_, index) =>
      (index % 2 === 0 ? store : other).put({
        ...frame(index, index % 5),
        capturedAtMs: capturedAtMs + index,
      }),
    );
    await Promise.all(jobs);
    const sequences = lines().map((line) => (line as { sequence: number }).sequence);
    expect(new Set(sequences).size).toBe(60);
    expect(filesBelow(directory)).toHaveLength(60);
  });
});
