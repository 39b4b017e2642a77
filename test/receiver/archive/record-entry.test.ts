/** Lines of a record as entries: both versions, and anything else that a file may have. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isEntry, readRecordLine } from '../../../receiver/archive/record-entry.js';
import { frameLine, gapLine } from '../../../receiver/store/record-line.js';
import { reportStatement } from '../../../shared/protocol/statement.js';

const epoch = '5f3a9c0174be2d865f3a9c0174be2d86';
const sha256 = 'a8'.repeat(32);
const capturedAtMs = Date.UTC(2026, 10, 22, 7, 30, 15, 123);
const moment = { capturedAtMs, utcOffsetMinutes: 60 };
const receivedAtMs = capturedAtMs + 212;
const name = '2026_11_22_08_30_15_123+0100.jpg';
const verdict = {
  ...{ reason: 'change', ratio: 0.0312, boxes: [[312, 96, 48, 120]] as [[312, 96, 48, 120]] },
  ...{ event: '1795332615123', changed: true, strength: 3.42 },
};
const frame = {
  ...{ camera: 'yard', id: { epoch, sequence: 12 }, ...moment, name, byteCount: 54_321 },
  ...{ size: { widthPx: 1280, heightPx: 720 }, sha256, receivedAtMs, verdict },
};
const frameEntry = {
  ...{ kind: 'frame', camera: 'yard', epoch, sequence: 12, ...moment, name, byteCount: 54_321 },
  ...{ widthPx: 1280, heightPx: 720, sha256, receivedAtMs, ...verdict, proof: 'unsigned' },
};
const gap = {
  ...{ camera: 'yard', id: { epoch, sequence: 15 }, ...moment, why: 'size', count: 2 },
  ...{ lastCapturedAtMs: capturedAtMs + 200, receivedAtMs, sequences: [[13, 14]] as [[13, 14]] },
};
const gapEntry = {
  ...{ kind: 'gap', camera: 'yard', epoch, sequence: 15, count: 2, why: 'size' },
  ...{ fromMs: capturedAtMs, toMs: capturedAtMs + 200, utcOffsetMinutes: 60 },
  ...{ sequences: [[13, 14]], receivedAtMs, proof: 'unsigned' },
};
const counts = { compared: 57, changed: 12, skipped: 3, waiting: 1, dropped: 4, everyMs: 60_000 };
const ended = [
  { event: '17', firstAtMs: capturedAtMs, lastAtMs: capturedAtMs + 5, frames: 3, isCut: true },
] as { event: string; firstAtMs: number; lastAtMs: number; frames: number; isCut: true }[];
const report = {
  ...{ fromMs: capturedAtMs - 60_000, toMs: capturedAtMs, utcOffsetMinutes: 60, ...counts },
  ...{ state: 'failing', why: 'no /dev/video0', longestPauseMs: 2104, steppedMs: -3_600_000 },
  ...{ before: { epoch: '0d9a3c51b7e24f68', sequence: 311 }, ended },
};
const statement = reportStatement({ camera: 'yard', epoch, sequence: 16 }, report);
const reportLine = `${statement.slice(0, -1)},"sig":"${'s'.repeat(86)}","delay":212,"clock":-4000}`;
const reportEntry = {
  ...{ kind: 'report', camera: 'yard', epoch, sequence: 16, ...report },
  ...{ receivedAtMs, clockErrorMs: -4000, proof: 'signed' },
};

const read = (line: string | object) =>
  readRecordLine(typeof line === 'string' ? line.trimEnd() : JSON.stringify(line));
const changed = (line: string, fields: object): string =>
  JSON.stringify({ ...(JSON.parse(line) as object), ...fields });

describe('a line of a record', () => {
  it('is a frame', () => {
    expect(read(frameLine(frame))).toEqual(frameEntry);
  });

  it('is a raw frame: without id and decision, with the name of its address', () => {
    const raw = { ...frame, camera: 'raw-192-168-1-5', id: undefined, verdict: undefined };
    const second = name.replace('.jpg', '-2.jpg');
    const entry = read(frameLine({ ...raw, name: second, size: undefined }));
    const facts = { ...moment, name: second, sha256, byteCount: 54_321, receivedAtMs };
    expect(entry).toEqual({ kind: 'frame', camera: raw.camera, ...facts, proof: 'unsigned' });
  });

  it('is a gap', () => {
    expect(read(gapLine(gap))).toEqual(gapEntry);
    expect(read(gapLine({ ...gap, sequences: undefined }))).toEqual({
      ...gapEntry,
      sequences: undefined,
    });
  });

  it('is a report', () => {
    expect(read(reportLine)).toEqual(reportEntry);
  });

  it('is a frame or a gap of 0.1', () => {
    const iso = (ms: number): string => new Date(ms).toISOString();
    const id = { epoch, sequence: 12, utcOffsetMinutes: 60, received: iso(receivedAtMs) };
    const line = { ...id, name, size: 54_321, sha256, captured: iso(capturedAtMs), verdict };
    const ofFrame = { ...frameEntry, camera: undefined, widthPx: undefined, heightPx: undefined };
    expect(read(line)).toEqual(ofFrame);
    const raw = { ...line, epoch: undefined, sequence: undefined, verdict: undefined };
    expect(read(raw)).toMatchObject({ name, epoch: undefined, reason: undefined });
    const times = { from: iso(capturedAtMs), to: iso(capturedAtMs + 200) };
    const dropped = { ...id, sequence: 15, type: 'dropped', count: 2, why: 'size', ...times };
    const ofGap = { ...gapEntry, camera: undefined };
    expect(read({ ...dropped, sequences: [[13, 14]] })).toEqual(ofGap);
    expect(read(dropped)).toEqual({ ...ofGap, sequences: undefined });
  });

  it.each([
    [{}, 'unsigned'],
    [{ sig: 's'.repeat(86) }, 'signed'],
    [{ sig: 's'.repeat(86), flaw: 'wrong-signature' }, 'wrong-signature'],
    [{ flaw: 'not-signed' }, 'not-signed'],
    [{ sig: 's'.repeat(86), flaw: 'of-tomorrow' }, 'unknown-flaw'],
    [{ sig: 's'.repeat(86), flaw: 7 }, 'unknown-flaw'],
    [{ flaw: 'toString' }, 'unknown-flaw'],
  ])('with %j has the proof %s', (fields, proof) => {
    for (const line of [frameLine(frame), gapLine(gap), `${statement.slice(0, -1)},"delay":1}`]) {
      expect(read(changed(line, fields))).toMatchObject({ proof });
    }
  });

  it('of a newer version has its known fields', () => {
    expect(read(changed(frameLine(frame), { frame: 2, light: 'dusk' }))).toEqual(frameEntry);
    expect(read(changed(reportLine, { report: 2, state: 'asleep' }))).toMatchObject({
      state: 'asleep',
    });
  });

  it('that is cut off, or is none, is no entry', () => {
    for (const line of [frameLine(frame).trim(), gapLine(gap).trim(), reportLine]) {
      for (let length = 0; length < line.length; length += 1) {
        expect(read(line.slice(0, length))).toBeUndefined();
      }
    }
    const other = ['null', '7', '[]', '"frame"', '{}', '{"frame":1}', '{"gap":1}', '{"report":1}'];
    for (const line of other) expect(read(line)).toBeUndefined();
  });

  it.each([
    { name: '../../../etc/passwd' },
    { name: '.jpg' },
    { camera: '../yard' },
    { captured: 8.64e15 },
    { captured: '2026' },
    { offset: 1440 },
    { sha256: 'a8' },
    { bytes: -1 },
    { epoch: 'E'.repeat(32) },
    { sequence: -1 },
    { sequence: undefined },
  ])('of a frame with %j is no entry', (fields) => {
    expect(read(changed(frameLine(frame), fields))).toBeUndefined();
  });

  it('of a frame has no decision that is not valid', () => {
    const decision = { reason: '\u001b[31m', ratio: 7, boxes: [[1, 2, 3]], event: '<b>' };
    const wrong = { ...decision, changed: 'yes', strength: '3', size: [1] };
    expect(read(changed(frameLine(frame), wrong))).toEqual({
      ...{ kind: 'frame', camera: 'yard', epoch, sequence: 12, ...moment, name, sha256 },
      ...{ byteCount: 54_321, receivedAtMs, proof: 'unsigned' },
    });
  });

  it('of a report or a gap has only times that are dates, and no control character', () => {
    expect(read(changed(reportLine, { from: capturedAtMs + 1 }))).toBeUndefined();
    expect(read(changed(reportLine, { to: 8.64e15 }))).toBeUndefined();
    expect(read(changed(gapLine(gap), { to: 8.64e15 }))).toBeUndefined();
    expect(read(changed(reportLine, { why: '\u001b[31mred' }))).toMatchObject({ why: undefined });
    expect(read(changed(reportLine, { ended: [{ event: '\n' }] }))).toMatchObject({ ended: [] });
  });

  it('never throws, whatever it has', () => {
    const lines = [frameLine(frame), gapLine(gap), reportLine].map(
      (line) => JSON.parse(line) as object,
    );
    const keys = [...new Set(lines.flatMap((line) => Object.keys(line)))];
    const mutated = fc
      .tuple(
        fc.constantFrom(...lines),
        fc.dictionary(fc.constantFrom(...keys, '__proto__', 'type', 'name'), fc.jsonValue()),
      )
      .map(([line, fields]) => JSON.stringify({ ...line, ...fields }));
    const texts = fc.oneof(fc.string(), fc.json(), mutated);
    fc.assert(
      fc.property(texts, (text) => {
        const entry = readRecordLine(text);
        if (entry === undefined || !isEntry(entry)) return;
        const [from, to] =
          entry.kind === 'frame'
            ? [entry.capturedAtMs, entry.capturedAtMs]
            : [entry.fromMs, entry.toMs];
        for (const ms of [from, to]) {
          expect(new Date(ms + entry.utcOffsetMinutes * 60_000).toISOString()).toBeDefined();
        }
      }),
      { numRuns: 3000 },
    );
  });
});
