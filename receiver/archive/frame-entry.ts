/**
 * Reads a frame's line of a record (docs/record.md). Each field is checked by hand: a record may have 100,000 lines.
 * Pure.
 */
import { clockedPath, maxUtcOffsetMinutes } from '../../shared/protocol/frame-path.js';
import { maxBoxes } from '../../shared/protocol/protocol-limits.js';
import type { EvidenceFlaw } from '../store/record-line.js';

/**
 * What the receiver found when the entry arrived: a right signature of the camera's key, none of a camera that does
 * not sign, or a flaw; `unknown-flaw` is one of a newer version.
 */
export type Proof = 'signed' | 'unsigned' | EvidenceFlaw | 'unknown-flaw';

export interface FrameEntry {
  readonly kind: 'frame';
  /** Undefined in a record of 0.1: that of the folder. */
  readonly camera?: string | undefined;
  /** Undefined for a raw frame. */
  readonly epoch?: string | undefined;
  readonly sequence?: number | undefined;
  readonly capturedAtMs: number;
  readonly utcOffsetMinutes: number;
  /** File name in the record's folder. */
  readonly name: string;
  readonly sha256: string;
  readonly byteCount: number;
  readonly widthPx?: number | undefined;
  readonly heightPx?: number | undefined;
  readonly reason?: string | undefined;
  readonly ratio?: number | undefined;
  /** [left, top, width, height] in pixels. */
  readonly boxes?: readonly Box[] | undefined;
  /** Id of its event. */
  readonly event?: string | undefined;
  readonly changed?: boolean | undefined;
  readonly strength?: number | undefined;
  readonly receivedAtMs?: number | undefined;
  readonly proof: Proof;
}
export type Box = readonly [left: number, top: number, width: number, height: number];

/** A line of a record, whose fields are not checked yet. */
export type Fields = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
/** JSON can write a number that is read as Infinity. */
const isStrength = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && Math.abs(value) <= 8.64e15;
const isOffset = (value: unknown): value is number =>
  typeof value === 'number' &&
  Number.isSafeInteger(value) &&
  Math.abs(value) <= maxUtcOffsetMinutes;
const isText = (value: unknown, pattern: RegExp): value is string =>
  typeof value === 'string' && pattern.test(value);

/** Name of a camera's folder, also that of a raw sender. */
export const cameraPattern = /^[a-z0-9][a-z0-9-]{0,62}$/;
const epochPattern = /^[0-9a-f]{16,32}$/;
const sha256Pattern = /^[0-9a-f]{64}$/;
const wordPattern = /^[a-z-]{1,32}$/;
export const eventPattern = /^[\w.-]{1,64}$/;
/** It becomes part of a path. */
const namePattern = /^[\w+-]{1,128}\.jpg$/;

/** Whether the camera's local time is within the range of a Date. */
export const isMoment = (atMs: unknown, offset: unknown): boolean =>
  isTime(atMs) && isOffset(offset) && Math.abs(atMs + offset * 60_000) <= 8.64e15;

/** What the two versions write differently. */
interface Differing {
  readonly camera: string | undefined;
  readonly capturedAtMs: number | undefined;
  readonly utcOffsetMinutes: unknown;
  readonly byteCount: unknown;
  readonly size: unknown;
  /** Has the fields of a verdict. */
  readonly decision: Fields;
  readonly receivedAtMs: number | undefined;
  readonly proof: Proof;
}

export function readFrame(line: Fields): FrameEntry | undefined {
  const { camera, captured, offset, bytes, size, sig, flaw, delay } = line;
  if (!isText(camera, cameraPattern) || !isTime(captured)) return undefined;
  return frameOf(line, {
    camera,
    capturedAtMs: captured,
    utcOffsetMinutes: offset,
    byteCount: bytes,
    size,
    decision: line,
    receivedAtMs: arrival(captured, delay),
    proof: proofOf(sig, flaw),
  });
}

/** It has no camera, no size in pixels and no signature. */
export function readFrameOf01(line: Fields): FrameEntry | undefined {
  const { captured, received, utcOffsetMinutes, size, verdict, name } = line;
  if (name === undefined) return undefined;
  return frameOf(line, {
    camera: undefined,
    capturedAtMs: timeOf(captured),
    utcOffsetMinutes,
    byteCount: size,
    size: undefined,
    decision: isObject(verdict) ? verdict : {},
    receivedAtMs: timeOf(received),
    proof: 'unsigned',
  });
}

/** One literal, without spreads: they cost more than the parsing of the line. */
function frameOf(
  { epoch, sequence, name, sha256 }: Fields,
  { camera, capturedAtMs, utcOffsetMinutes, byteCount, ...rest }: Differing,
): FrameEntry | undefined {
  if (capturedAtMs === undefined || !isOffset(utcOffsetMinutes)) return undefined;
  if (!isMoment(capturedAtMs, utcOffsetMinutes)) return undefined;
  if (!isText(sha256, sha256Pattern) || !isCount(byteCount)) return undefined;
  const id = isText(epoch, epochPattern) && isCount(sequence) ? { epoch, sequence } : undefined;
  const isRaw = epoch === undefined && sequence === undefined;
  if (id === undefined && !isRaw) return undefined;
  if (name !== undefined && !isText(name, namePattern)) return undefined;
  const { reason, ratio, boxes, event, changed, strength } = rest.decision;
  const size = isSize(rest.size) ? rest.size : undefined;
  return {
    kind: 'frame',
    camera,
    epoch: id?.epoch,
    sequence: id?.sequence,
    capturedAtMs,
    utcOffsetMinutes,
    name: name ?? `${clockedPath('', { capturedAtMs, utcOffsetMinutes }).stem}.jpg`,
    sha256,
    byteCount,
    widthPx: size?.[0],
    heightPx: size?.[1],
    reason: isText(reason, wordPattern) ? reason : undefined,
    ratio: typeof ratio === 'number' && ratio >= 0 && ratio <= 1 ? ratio : undefined,
    boxes: isBoxes(boxes) ? boxes : undefined,
    event: isText(event, eventPattern) ? event : undefined,
    changed: typeof changed === 'boolean' ? changed : undefined,
    strength: isStrength(strength) ? strength : undefined,
    receivedAtMs: rest.receivedAtMs,
    proof: rest.proof,
  };
}

function isSize(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(isCount);
}

function isBoxes(value: unknown): value is readonly Box[] {
  if (!Array.isArray(value) || value.length > maxBoxes) return false;
  return value.every((box) => Array.isArray(box) && box.length === 4 && box.every(isCount));
}

/** @param delay as a line has it */
export function arrival(endMs: number, delay: unknown): number | undefined {
  const receivedAtMs = typeof delay === 'number' ? endMs + delay : undefined;
  return isTime(receivedAtMs) ? receivedAtMs : undefined;
}

/** @param text as Date.toISOString makes it */
export function timeOf(text: unknown): number | undefined {
  if (!isText(text, /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)) return undefined;
  const ms = Date.parse(text);
  return isTime(ms) ? ms : undefined;
}

const flaws: Readonly<Record<EvidenceFlaw, true>> = {
  'not-signed': true,
  'wrong-statement': true,
  'wrong-signature': true,
  'other-key': true,
  'unpinned-key': true,
};
const isKnownFlaw = (flaw: unknown): flaw is EvidenceFlaw =>
  typeof flaw === 'string' && Object.hasOwn(flaws, flaw);

export function proofOf(sig: unknown, flaw: unknown): Proof {
  if (flaw !== undefined) return isKnownFlaw(flaw) ? flaw : 'unknown-flaw';
  return typeof sig === 'string' ? 'signed' : 'unsigned';
}
