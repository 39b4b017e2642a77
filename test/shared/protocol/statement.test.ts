import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  frameStatement,
  gapStatement,
  isAboutFrame,
  isAboutGap,
  isAboutReport,
  isSignedBy,
  readPrivateKey,
  readPublicKey,
  reportStatement,
  signStatement,
} from '../../../shared/protocol/statement.js';
import type { DroppedHeader, FrameHeader } from '../../../shared/protocol/messages.js';
import type { ReportHeader } from '../../../shared/protocol/report-header.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const id = { camera: 'yard', epoch: '0123456789abcdef', sequence: 7 };
const frame: FrameHeader = {
  type: 'frame',
  capturedAtMs: 1_795_332_615_123,
  utcOffsetMinutes: 60,
  sha256: 'a'.repeat(64),
  verdict: { reason: 'change', ratio: 0.031, boxes: [[1, 2, 3, 4]], changed: true, strength: 3.4 },
};
const gap: DroppedHeader = {
  type: 'dropped',
  count: 12,
  firstCapturedAtMs: 1_795_332_615_123,
  lastCapturedAtMs: 1_795_332_627_123,
  utcOffsetMinutes: -90,
  why: 'size',
  sequences: [[2, 13]],
};
const report: ReportHeader = {
  type: 'report',
  fromMs: 1_795_332_600_000,
  toMs: 1_795_332_660_000,
  utcOffsetMinutes: 60,
  state: 'watching',
  compared: 57,
  changed: 12,
  skipped: 0,
  longestPauseMs: 2104,
  waiting: 3,
  oldestWaitingMs: 1_795_332_615_123,
  dropped: 0,
  everyMs: 60_000,
  before: { epoch: 'fedcba9876543210', sequence: 311 },
  ended: [
    { event: 'e1', firstAtMs: 1_795_332_615_123, lastAtMs: 1_795_332_627_123, frames: 14 },
    { event: 'e2', firstAtMs: 1_795_332_629_000, lastAtMs: 1, frames: 1, isCut: true },
  ],
};
const size = { widthPx: 640, heightPx: 480 };

describe('a statement', () => {
  it('of a frame has these bytes', () => {
    expect(frameStatement(id, frame, 54_321, size)).toBe(
      '{"frame":1,"camera":"yard","epoch":"0123456789abcdef","sequence":7,"captured":1795332615123,' +
        `"offset":60,"sha256":"${'a'.repeat(64)}","bytes":54321,"size":[640,480],"reason":"change",` +
        '"ratio":0.031,"boxes":[[1,2,3,4]],"changed":true,"strength":3.4}',
    );
  });

  it('of a gap has these bytes', () => {
    expect(gapStatement(id, gap)).toBe(
      '{"gap":1,"camera":"yard","epoch":"0123456789abcdef","sequence":7,"count":12,' +
        '"from":1795332615123,"to":1795332627123,"offset":-90,"why":"size","sequences":[[2,13]]}',
    );
  });

  it('of a report has these bytes', () => {
    expect(reportStatement(id, report)).toBe(
      '{"report":1,"camera":"yard","epoch":"0123456789abcdef","sequence":7,"from":1795332600000,' +
        '"to":1795332660000,"offset":60,"state":"watching","compared":57,"changed":12,"skipped":0,' +
        '"pause":2104,"waiting":3,"oldest":1795332615123,"dropped":0,"every":60000,"before":["fedcba9876543210",311],' +
        '"ended":[{"event":"e1","first":1795332615123,"last":1795332627123,"frames":14},' +
        '{"event":"e2","first":1795332629000,"last":1,"frames":1,"cut":true}]}',
    );
  });

  it('of a report is not about another one', () => {
    const statement = reportStatement(id, report);
    expect(isAboutReport(statement, id, report)).toBe(true);
    expect(isAboutReport(statement, { ...id, sequence: 8 }, report)).toBe(false);
    expect(isAboutReport(gapStatement(id, gap), id, report)).toBe(false);
    const { type, ...fields } = report;
    for (const [key, value] of Object.entries({ ...fields, steppedMs: 1, why: 'unplugged' })) {
      const other = typeof value === 'number' ? value + 1 : key === 'state' ? 'off' : undefined;
      const header = { type, ...fields, why: 'x', [key]: other } as ReportHeader;
      expect(isAboutReport(reportStatement(id, { ...report, why: 'x' }), id, header), key).toBe(
        false,
      );
    }
  });

  it('of a report of a newer version may have further keys', () => {
    const newer = reportStatement(id, report)
      .replace('"report":1', '"report":2')
      .replace(/\}$/, ',"light":7}');
    expect(isAboutReport(newer, id, report)).toBe(true);
    const added = reportStatement(id, report).replace(/\}$/, ',"clock":7}');
    expect(isAboutReport(added, id, report)).toBe(false);
  });

  it('has the same signature each time, which no changed byte keeps', () => {
    const statement = frameStatement(id, frame, 54_321, size);
    const signed = signStatement(statement, privateKey);
    expect(signStatement(statement, privateKey)).toEqual(signed);
    expect(signed.signature).toMatch(/^[\w-]{86}$/);
    expect(isSignedBy(signed, publicKey)).toBe(true);
    for (let at = 0; at < statement.length; at += 1) {
      const bytes = Buffer.from(statement);
      bytes[at] = bytes[at]! ^ 1;
      expect(isSignedBy({ ...signed, statement: bytes.toString() }, publicKey)).toBe(false);
    }
  });

  it('is about its own entry alone', () => {
    const statement = frameStatement(id, frame, 54_321, size);
    expect(isAboutFrame(statement, id, frame)).toBe(true);
    for (const other of [{ camera: 'door' }, { epoch: 'f'.repeat(16) }, { sequence: 8 }]) {
      expect(isAboutFrame(statement, { ...id, ...other }, frame)).toBe(false);
    }
    for (const other of [
      { capturedAtMs: 1 },
      { utcOffsetMinutes: 0 },
      { sha256: 'b'.repeat(64) },
    ]) {
      expect(isAboutFrame(statement, id, { ...frame, ...other })).toBe(false);
    }
    const ofGap = gapStatement(id, gap);
    expect(isAboutGap(ofGap, id, gap)).toBe(true);
    expect(isAboutFrame(ofGap, id, frame)).toBe(false);
    for (const other of [
      { count: 1 },
      { firstCapturedAtMs: 1 },
      { lastCapturedAtMs: 1 },
      { why: 'age' },
      { sequences: undefined },
      { sequences: [[2, 3] as [number, number]] },
    ]) {
      expect(isAboutGap(ofGap, id, { ...gap, ...other })).toBe(false);
    }
  });

  it.each([
    ['white space', (text: string) => text.replace(',', ', ')],
    ['a repeated key', (text: string) => text.replace('{', '{"sequence":8,')],
    ['a key of the record', (text: string) => text.replace('}', ',"name":"other.jpg"}')],
    ['another key of the record', (text: string) => text.replace(/\}$/, ',"delay":1}')],
    ['an end that is missing', (text: string) => text.slice(0, -1)],
  ])('with %s is about no frame', (_, change) => {
    const changed = change(frameStatement(id, frame, 54_321, size));
    expect(isAboutFrame(changed, id, frame)).toBe(false);
  });

  it('of a newer version may have further keys', () => {
    const newer = frameStatement(id, frame, 54_321, size)
      .replace('"frame":1', '"frame":2')
      .replace(/\}$/, ',"lens":"wide"}');
    expect(isAboutFrame(newer, id, frame)).toBe(true);
  });

  it('of any text is about no frame, and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(isAboutFrame(text, id, frame)).toBe(false);
        expect(isAboutGap(text, id, gap)).toBe(false);
      }),
    );
  });
});

describe('a key in PEM', () => {
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

  it('is read when it is an Ed25519 key', () => {
    expect(readPublicKey(pem)?.equals(publicKey)).toBe(true);
    expect(readPrivateKey(privatePem)?.equals(privateKey)).toBe(true);
  });

  it('is refused when it is another, or none', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    expect(readPublicKey(rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString())).toBe(
      undefined,
    );
    for (const text of ['', 'nonsense', pem.slice(0, 60)]) {
      expect(readPublicKey(text)).toBe(undefined);
      expect(readPrivateKey(text)).toBe(undefined);
    }
    expect(readPrivateKey(pem)).toBe(undefined);
  });
});
