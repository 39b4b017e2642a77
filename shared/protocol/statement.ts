/**
 * What a camera states about a frame, a gap or a stretch of time: the text that it signs. The text travels and is recorded unchanged:
 * a check of the signature takes exactly these bytes (docs/evidence.md). Pure.
 *
 * A statement is one JSON object in ASCII without white space. Its first key says what it is about, and its value is
 * the version of the form. The keys come in the order of the functions below; those without a value are absent.
 */
import { type KeyObject, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import * as v from 'valibot';
import type { FrameSize } from '../jpeg/frame-size.js';
import type { DroppedHeader, FrameHeader, SequenceRange } from './messages.js';
import type { ReportHeader } from './report-header.js';

export interface EntryId {
  readonly camera: string;
  /** Random id of one spool's life. */
  readonly epoch: string;
  readonly sequence: number;
}

/** A raw frame has neither id nor verdict. */
type FrameOf = Pick<FrameHeader, 'capturedAtMs' | 'utcOffsetMinutes' | 'sha256'> & {
  readonly verdict: FrameHeader['verdict'] | undefined;
};
type GapOf = Omit<DroppedHeader, 'type' | 'sequences'> & {
  readonly sequences?: readonly SequenceRange[] | undefined;
};

/** A statement with its signature, as it is sent and recorded. */
export interface SignedStatement {
  readonly statement: string;
  /** Ed25519 (RFC 8032) over the statement's bytes: 64 bytes in base64url without padding. */
  readonly signature: string;
}

const formVersion = 1;

/** @param bytes size of the JPEG @param size undefined: the JPEG has no readable frame header */
export function frameStatement(
  { camera, epoch, sequence }: Pick<EntryId, 'camera'> & Partial<EntryId>,
  { capturedAtMs, utcOffsetMinutes, sha256, verdict }: FrameOf,
  bytes: number,
  size: FrameSize | undefined,
): string {
  const { reason, ratio, boxes, event, changed, strength } = verdict ?? {};
  return JSON.stringify({
    frame: formVersion,
    ...{ camera, epoch, sequence },
    captured: capturedAtMs,
    offset: utcOffsetMinutes,
    ...{ sha256, bytes },
    size: size && [size.widthPx, size.heightPx],
    ...{ reason, ratio, boxes, event, changed, strength },
  });
}

export function gapStatement(
  { camera, epoch, sequence }: EntryId,
  { count, firstCapturedAtMs, lastCapturedAtMs, utcOffsetMinutes, why, sequences }: GapOf,
): string {
  return JSON.stringify({
    gap: formVersion,
    ...{ camera, epoch, sequence, count },
    from: firstCapturedAtMs,
    to: lastCapturedAtMs,
    offset: utcOffsetMinutes,
    ...{ why, sequences },
  });
}

export function reportStatement(
  { camera, epoch, sequence }: EntryId,
  report: Omit<ReportHeader, 'type'>,
): string {
  const { fromMs, toMs, utcOffsetMinutes, state, why, compared, changed, skipped } = report;
  const { longestPauseMs, waiting, oldestWaitingMs, dropped, everyMs } = report;
  const { steppedMs, before, ended } = report;
  return JSON.stringify({
    report: formVersion,
    ...{ camera, epoch, sequence },
    from: fromMs,
    to: toMs,
    offset: utcOffsetMinutes,
    ...{ state, why, compared, changed, skipped },
    pause: longestPauseMs,
    waiting,
    oldest: oldestWaitingMs,
    dropped,
    every: everyMs,
    stepped: steppedMs,
    before: before && [before.epoch, before.sequence],
    ended: ended?.map(({ event, firstAtMs, lastAtMs, frames, isCut }) => {
      return { event, first: firstAtMs, last: lastAtMs, frames, cut: isCut };
    }),
  });
}

/** Deterministic: the same statement has the same signature each time (RFC 8032, 5.1.6). */
export function signStatement(statement: string, key: KeyObject): SignedStatement {
  const signature = sign(null, Buffer.from(statement), key).toString('base64url');
  return { statement, signature };
}

export function isSignedBy({ statement, signature }: SignedStatement, key: KeyObject): boolean {
  return verify(null, Buffer.from(statement), key, Buffer.from(signature, 'base64url'));
}

const number = v.number();
/** What a statement of any version has, and a header repeats. */
const identifying = v.object({
  camera: v.string(),
  epoch: v.string(),
  sequence: number,
  offset: number,
});
const ofFrame = v.object({
  ...identifying.entries,
  frame: number,
  captured: number,
  sha256: v.string(),
});
const ofGap = v.object({
  ...identifying.entries,
  gap: number,
  count: number,
  from: number,
  to: number,
  why: v.string(),
  sequences: v.optional(v.array(v.tuple([number, number]))),
});
/** All that a report says; further keys belong to a newer version. */
const ofReport = v.object({
  ...identifying.entries,
  report: v.pipe(
    number,
    v.transform(() => 'any version'),
  ),
  ...{ from: number, to: number, state: v.string(), why: v.optional(v.string()) },
  ...{ compared: number, changed: number, skipped: number, pause: v.optional(number) },
  ...{ waiting: number, oldest: v.optional(number), dropped: number, every: number },
  stepped: v.optional(number),
  before: v.optional(v.tuple([v.string(), number])),
  ended: v.optional(
    v.array(
      v.object({
        ...{ event: v.string(), first: number, last: number, frames: number },
        cut: v.optional(v.literal(true)),
      }),
    ),
  ),
});

/** Whether a statement is about the frame of this header. */
export function isAboutFrame(statement: string, id: EntryId, header: FrameHeader): boolean {
  const stated = parse(ofFrame, statement);
  return (
    stated !== undefined &&
    isAboutEntry(stated, id, header) &&
    stated.captured === header.capturedAtMs &&
    stated.sha256 === header.sha256
  );
}

/** Whether a statement is about the gap of this header. */
export function isAboutGap(statement: string, id: EntryId, header: DroppedHeader): boolean {
  const stated = parse(ofGap, statement);
  return (
    stated !== undefined &&
    isAboutEntry(stated, id, header) &&
    stated.count === header.count &&
    stated.from === header.firstCapturedAtMs &&
    stated.to === header.lastCapturedAtMs &&
    stated.why === header.why &&
    String(stated.sequences) === String(header.sequences)
  );
}

/** Whether a statement is about the report of this header. */
export function isAboutReport(statement: string, id: EntryId, header: ReportHeader): boolean {
  const stated = parse(ofReport, statement);
  // The output of a schema has the order of its keys.
  const expected = JSON.stringify(parse(ofReport, reportStatement(id, header)));
  return stated !== undefined && JSON.stringify(stated) === expected;
}

function isAboutEntry(
  stated: v.InferOutput<typeof identifying>,
  { camera, epoch, sequence }: EntryId,
  { utcOffsetMinutes }: FrameHeader | DroppedHeader,
): boolean {
  return (
    stated.camera === camera &&
    stated.epoch === epoch &&
    stated.sequence === sequence &&
    stated.offset === utcOffsetMinutes
  );
}

/** Keys that a receiver adds to a statement in its record. */
const addedKeys = ['sig', 'flaw', 'delay', 'name', 'clock', 'recovered'];

/** @returns undefined: not a statement of this kind, or one that has white space, repeated keys or added keys */
function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  statement: string,
): v.InferOutput<Schema> | undefined {
  try {
    const value: unknown = JSON.parse(statement);
    if (JSON.stringify(value) !== statement) return undefined;
    const result = v.safeParse(schema, value);
    if (!result.success || addedKeys.some((key) => Object.hasOwn(value as object, key)))
      return undefined;
    return result.output;
  } catch {
    return undefined;
  }
}

/** @param pem SubjectPublicKeyInfo (RFC 8410) @returns undefined: it is not an Ed25519 public key */
export function readPublicKey(pem: string): KeyObject | undefined {
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** @param pem PKCS #8 @returns undefined: it is not an Ed25519 private key */
export function readPrivateKey(pem: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}
