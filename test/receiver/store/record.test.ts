/** What the record keeps of frames, gaps and reports, and how the store handles a damaged record. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, rmSync, truncateSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import type { FrameToStore, Gap } from '../../../receiver/store/store-port.js';
import {
  frameStatement,
  reportStatement,
  signStatement,
} from '../../../shared/protocol/statement.js';
import { filesBelow } from '../../support/files.js';
import { makeJpeg } from '../../support/pictures.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { reportOf } from './given.js';

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

/** A frame with its statement and signature, as long as they usually are. */
function signedFrame() {
  const { privateKey } = generateKeyPairSync('ed25519');
  const boxes = [
    [312, 96, 48, 120],
    [112, 96, 148, 20],
  ] as [number, number, number, number][];
  const decision = { reason: 'change', ratio: 0.0312, boxes, event: '1795332615123' };
  const plain = frame(123_456);
  const id = { camera: 'frontdoor', epoch: 'e'.repeat(32), sequence: 123_456 };
  const full = { ...decision, changed: true, strength: 3.42 };
  const header = { type: 'frame' as const, ...plain, verdict: full };
  const text = frameStatement(id, header, 54_321, { widthPx: 1280, heightPx: 720 });
  const signed = signStatement(text, privateKey);
  const put = { ...plain, camera: id.camera, verdict: full, evidence: { signed, flaw: undefined } };
  return { ...signed, put };
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
    const moment = { captured: capturedAtMs, offset: 60 };
    const facts = { sha256, bytes: makeJpeg(1).length, size: [32, 24] };
    const id = { epoch: 'e'.repeat(32), sequence: 1 };
    expect(lines()).toEqual([
      { frame: 1, camera: 'yard', ...id, ...moment, ...facts, ...verdict, delay: 1000 },
      {
        frame: 1,
        camera: 'yard',
        ...moment,
        ...facts,
        delay: 1000,
        name: second.slice(day.length + 1),
      },
    ]);
  });

  it("holds the camera's statement unchanged, and its signature", async () => {
    const { directory, store } = await openedStore();
    const { statement, signature, put } = signedFrame();
    await store.put(put);
    const text = readFileSync(join(directory, 'frontdoor/2026_11_22/record.jsonl'), 'utf8');
    expect(text).toBe(`${statement.slice(0, -1)},"sig":"${signature}","delay":1000}\n`);
    const again = await openFrameStore(directory, Date.now());
    expect(await again.put(put)).toMatchObject({ duplicate: true });
    expect(readFileSync(join(directory, 'frontdoor/2026_11_22/record.jsonl'), 'utf8')).toBe(text);
  });

  it('has at most 480 bytes for a frame with two boxes', async () => {
    const { directory, store } = await openedStore();
    await store.put(signedFrame().put);
    expect(
      readFileSync(join(directory, 'frontdoor/2026_11_22/record.jsonl')).length,
    ).toBeLessThanOrEqual(480);
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
    expect(lines()).toEqual([
      {
        ...{ gap: 1, camera: 'yard', epoch: 'e'.repeat(32), sequence: 7, count: 12 },
        ...{ from: capturedAtMs, to: capturedAtMs + 60_000, offset: 60, why: 'size' },
        delay: -59_000,
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

  it('has one line for a report, however often and by whichever store it is recorded', async () => {
    const { directory, store, lines } = await openedStore();
    const name = `${day}/record.jsonl`;
    const report = { ...reportOf(3, { why: 'no "device"' }), clockErrorMs: -4000 };
    expect(await store.recordReport(report)).toEqual({ name, duplicate: false });
    const again = await openFrameStore(directory, Date.now());
    for (const each of [store, again]) {
      // It is sent again later, by another clock.
      const repeat = { ...report, receivedAtMs: report.receivedAtMs + 5, clockErrorMs: 7 };
      expect(await each.recordReport(repeat)).toEqual({ name, duplicate: true });
    }
    const { fromMs, toMs } = report.report;
    expect(lines()).toEqual([
      {
        ...{ report: 1, camera: 'yard', ...report.id, from: fromMs, to: toMs, offset: 0 },
        ...{ state: 'watching', why: 'no "device"', compared: 60, changed: 0, skipped: 0 },
        ...{ waiting: 0, dropped: 0, every: 60_000, delay: report.receivedAtMs - toMs },
        clock: -4000,
      },
    ]);
  });

  it('has a line for each report with the same id and other content', async () => {
    const { directory, store, lines } = await openedStore();
    const { toMs } = reportOf(3).report;
    const ended = [{ event: 'e', firstAtMs: toMs - 9, lastAtMs: toMs - 5, frames: 2 }];
    const reports = [
      ...[{}, { state: 'failing' }, { toMs: toMs + 1 }, { compared: 1 }, { why: 'x' }, { ended }],
      ...[{ ended: [{ ...ended[0]!, isCut: true as const }] }, { steppedMs: 5000 }],
    ].map((changes) => reportOf(3, changes));
    for (const each of reports) {
      expect(await store.recordReport(each)).toMatchObject({ duplicate: false });
    }
    for (const opened of [store, await openFrameStore(directory, Date.now())]) {
      for (const each of reports) {
        expect(await opened.recordReport(each)).toMatchObject({ duplicate: true });
      }
    }
    expect(lines()).toHaveLength(reports.length);
  });

  it("holds a report's statement unchanged, and knows the report by it", async () => {
    const { directory, store } = await openedStore();
    const report = reportOf(3);
    const { privateKey } = generateKeyPairSync('ed25519');
    const newer = reportStatement({ camera: 'yard', ...report.id }, report.report).replace(
      /\}$/,
      ',"light":7}',
    );
    const signed = signStatement(newer, privateKey);
    const put = { ...report, evidence: { signed, flaw: 'unpinned-key' as const } };
    await store.recordReport(put);
    const text = readFileSync(join(directory, day, 'record.jsonl'), 'utf8');
    const delay = report.receivedAtMs - report.report.toMs;
    const added = `"sig":"${signed.signature}","flaw":"unpinned-key","delay":${delay}`;
    expect(text).toBe(`${newer.slice(0, -1)},${added}}\n`);
    const again = await openFrameStore(directory, Date.now());
    expect(await again.recordReport(put)).toMatchObject({ duplicate: true });
  });

  it('has each report in the day of its last moment, that before midnight too', async () => {
    const { directory, store } = await openedStore();
    const midnight = Date.UTC(2026, 10, 23);
    const last = reportOf(1, { fromMs: midnight - 60_000, toMs: midnight });
    expect(await store.recordReport(last)).toMatchObject({ name: `${day}/record.jsonl` });
    const early = { ...reportOf(2, { fromMs: 0, toMs: 60_000 }), capturedAtMs: 59_999 };
    const name = 'yard/unclocked/2026_11_22/record.jsonl';
    expect(await store.recordReport(early)).toEqual({ name, duplicate: false });
    const later = { ...early, receivedAtMs: early.receivedAtMs + 86_400_000 };
    const again = await openFrameStore(directory, Date.now());
    expect(await again.recordReport(later)).toEqual({ name, duplicate: true });
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
