import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { evidenceOf } from '../../../receiver/connection/evidence.js';
import type {
  DroppedMessage,
  FrameMessage,
  ReportMessage,
} from '../../../shared/protocol/messages.js';
import {
  frameStatement,
  gapStatement,
  reportStatement,
  signStatement,
} from '../../../shared/protocol/statement.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const id = { camera: 'yard', epoch: '0123456789abcdef', sequence: 7 };
const frame: FrameMessage = {
  type: 'frame',
  sequence: 7,
  capturedAtMs: 1_795_332_615_123,
  utcOffsetMinutes: 60,
  sha256: 'a'.repeat(64),
  verdict: { reason: 'all', ratio: 0, boxes: [] },
};
const gap: DroppedMessage = {
  ...{ type: 'dropped', sequence: 7, count: 1, why: 'age', utcOffsetMinutes: 60 },
  ...{ firstCapturedAtMs: 1, lastCapturedAtMs: 1, sequences: [[6, 6]] },
};
const report: ReportMessage = {
  ...{ type: 'report', sequence: 7, fromMs: 1, toMs: 60_001, utcOffsetMinutes: 60 },
  ...{ state: 'watching', compared: 60, changed: 0, skipped: 0, waiting: 0, dropped: 0 },
  ...{ everyMs: 60_000, clockMs: 60_002 },
};
const signed = signStatement(frameStatement(id, frame, 9, undefined), privateKey);
const signedGap = signStatement(gapStatement(id, gap), privateKey);
const signedReport = signStatement(reportStatement(id, report), privateKey);
const signer = { key: publicKey, flaw: undefined };

describe('the evidence of an entry', () => {
  it('is its statement and signature, when they are right', () => {
    expect(evidenceOf({ ...frame, ...signed }, id, signer)).toEqual({ signed, flaw: undefined });
    const ofGap = evidenceOf({ ...gap, ...signedGap }, id, signer);
    expect(ofGap).toEqual({ signed: signedGap, flaw: undefined });
    const ofReport = evidenceOf({ ...report, ...signedReport }, id, signer);
    expect(ofReport).toEqual({ signed: signedReport, flaw: undefined });
  });

  it.each(['other-key', 'unpinned-key'] as const)('of a session with %s has that flaw', (flaw) => {
    const of = evidenceOf({ ...frame, ...signed }, id, { key: publicKey, flaw });
    expect(of).toEqual({ signed, flaw });
  });

  it('that does not sign is none', () => {
    expect(evidenceOf(frame, id, { key: undefined, flaw: undefined })).toEqual({});
    const missing = { key: undefined, flaw: 'not-signed' as const };
    expect(evidenceOf({ ...frame, ...signed }, id, missing)).toEqual({ flaw: 'not-signed' });
  });

  it.each([
    ['no statement', { ...frame, signature: signed.signature }, 'not-signed'],
    ['no signature', { ...frame, statement: signed.statement }, 'not-signed'],
    ['the statement of another time', { ...frame, ...signed, capturedAtMs: 1 }, 'wrong-statement'],
    [
      'the statement of another count',
      { ...report, ...signedReport, compared: 61 },
      'wrong-statement',
    ],
    ['the statement of a gap', { ...frame, ...signedGap }, 'wrong-statement'],
  ])('with %s is not recorded as signed', (_, message, flaw) => {
    expect(evidenceOf(message, id, signer)).toEqual({ signed: undefined, flaw });
  });

  it('with another signature is recorded with it, and the flaw', () => {
    const other = generateKeyPairSync('ed25519').privateKey;
    const forged = signStatement(signed.statement, other);
    const of = evidenceOf({ ...frame, ...forged }, id, signer);
    expect(of).toEqual({ signed: forged, flaw: 'wrong-signature' });
  });
});
