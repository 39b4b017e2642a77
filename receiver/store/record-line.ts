/**
 * The lines of a day's record, JSON objects: one for each frame, gap and report, and notes (docs/record.md). A line is the
 * statement about the entry, as the camera signed it or as this receiver makes it for a camera that does not sign,
 * with further keys at its end: so the signed bytes are those up to `,"sig"`, and a `}`. A line may occur twice,
 * with the same meaning. Records of 0.1 have other keys; both forms are read. Pure.
 */
import * as v from 'valibot';
import type { FrameSize } from '../../shared/jpeg/frame-size.js';
import { type FrameMoment, clockedPath } from '../../shared/protocol/frame-path.js';
import type { SequenceRange, WireVerdict } from '../../shared/protocol/messages.js';
import type { ReportHeader } from '../../shared/protocol/report-header.js';
import { frameStatement, gapStatement, reportStatement } from '../../shared/protocol/statement.js';
import { type GoneNote, isGone, isNote, readNote } from './store-note.js';

/** Permanent id of a frame, a gap or a report of a camera. */
export interface FrameId {
  readonly epoch: string;
  readonly sequence: number;
}

/** Why a statement that came with an entry does not prove it. */
export type EvidenceFlaw =
  'not-signed' | 'wrong-statement' | 'wrong-signature' | 'other-key' | 'unpinned-key';

/** What a camera signed about an entry, and what the receiver found when it checked it. */
export interface Evidence {
  /** The camera's statement; undefined: it did not come, or is about another entry. */
  readonly signed: { readonly statement: string; readonly signature: string } | undefined;
  /** Undefined: it proves the entry, or the camera does not sign. */
  readonly flaw: EvidenceFlaw | undefined;
}

export interface FrameFacts extends FrameMoment {
  readonly camera: string;
  readonly id: FrameId | undefined;
  /** File name in the record's folder. */
  readonly name: string;
  readonly byteCount: number;
  /** Undefined: the JPEG has no readable frame header. */
  readonly size: FrameSize | undefined;
  readonly sha256: string;
  readonly receivedAtMs: number;
  readonly verdict: WireVerdict | undefined;
  readonly evidence?: Evidence | undefined;
}

export interface GapFacts {
  readonly camera: string;
  readonly id: FrameId;
  readonly count: number;
  readonly capturedAtMs: number;
  readonly lastCapturedAtMs: number;
  readonly utcOffsetMinutes: number;
  readonly why: string;
  /** Sequences of the frames in the epoch; undefined: not sent by an agent of 0.1. */
  readonly sequences?: readonly SequenceRange[] | undefined;
  readonly receivedAtMs: number;
  readonly evidence?: Evidence | undefined;
}

export interface ReportFacts {
  readonly camera: string;
  readonly id: FrameId;
  readonly report: Omit<ReportHeader, 'type'>;
  readonly receivedAtMs: number;
  /** The camera's clock minus the receiver's; undefined: they agree. */
  readonly clockErrorMs: number | undefined;
  readonly evidence?: Evidence | undefined;
}

/** The content of a line that the index needs. */
export type Recorded =
  | {
      readonly kind: 'frame';
      /** See `frameKey`. */
      readonly key: string;
      /** File name in the record's folder. */
      readonly name: string;
    }
  | {
      /** An entry without a file. */
      readonly kind: 'line';
      /** See `gapKey` and `reportKey`. */
      readonly key: string;
    }
  | {
      /** Entries that are gone on purpose. */
      readonly kind: 'gone';
      readonly note: GoneNote;
    };

const time = v.pipe(v.number(), v.minValue(-8.64e15), v.maxValue(8.64e15));
/** Fields of a gap's line beside its id. */
const gapFields = v.object({
  count: v.number(),
  why: v.string(),
  from: v.union([v.string(), time]),
  to: v.union([v.string(), time]),
  sequences: v.optional(v.array(v.tuple([v.number(), v.number()]))),
});

const iso = (ms: number): string => new Date(ms).toISOString();

/**
 * Key of a frame: its id and its capture time. An agent whose state was restored from an older copy uses its
 * sequences a second time.
 */
export function frameKey({ epoch, sequence }: FrameId, capturedAtMs: number): string {
  return joined(epoch, sequence, iso(capturedAtMs));
}

/** Key of a gap: all that its agent sent about it. */
export function gapKey(gap: GapFacts): string {
  const { id, count, why, capturedAtMs, lastCapturedAtMs, sequences } = gap;
  const times = [iso(capturedAtMs), iso(lastCapturedAtMs)];
  return joined(id.epoch, id.sequence, count, why, ...times, String(sequences));
}

/** Key of a report: all that its agent sent about it, but not when. */
export function reportKey({ camera, id, report }: ReportFacts): string {
  const line = JSON.parse(reportStatement({ camera, ...id }, report)) as Record<string, unknown>;
  return reportKeyOf(joined(id.epoch, id.sequence), line);
}

/** The line, with its line end. */
export function frameLine(frame: FrameFacts): string {
  const { camera, id, name, evidence, capturedAtMs, utcOffsetMinutes, sha256, verdict } = frame;
  const header = { capturedAtMs, utcOffsetMinutes, sha256, verdict };
  const statement =
    evidence?.signed?.statement ??
    frameStatement({ camera, ...id }, header, frame.byteCount, frame.size);
  // The name of most frames follows from the statement.
  const isPlain = name === `${clockedPath(camera, frame).stem}.jpg`;
  return lineOf(statement, frame, capturedAtMs, isPlain ? {} : { name });
}

/** The line, with its line end. */
export function gapLine(gap: GapFacts): string {
  const { camera, id, evidence, count, capturedAtMs, lastCapturedAtMs, why, sequences } = gap;
  const header = { count, firstCapturedAtMs: capturedAtMs, lastCapturedAtMs, why, sequences };
  const { utcOffsetMinutes } = gap;
  const statement =
    evidence?.signed?.statement ?? gapStatement({ camera, ...id }, { ...header, utcOffsetMinutes });
  return lineOf(statement, gap, lastCapturedAtMs, {});
}

/** The line, with its line end. */
export function reportLine(facts: ReportFacts): string {
  const { camera, id, evidence, report, clockErrorMs } = facts;
  const statement = evidence?.signed?.statement ?? reportStatement({ camera, ...id }, report);
  return lineOf(statement, facts, report.toMs, { clock: clockErrorMs });
}

/** @param endMs of the entry's capture: the delay until its arrival tells when it arrived */
function lineOf(
  statement: string,
  { evidence, receivedAtMs }: FrameFacts | GapFacts | ReportFacts,
  endMs: number,
  others: { readonly name?: string; readonly clock?: number | undefined },
): string {
  const { signed, flaw } = evidence ?? {};
  const added = { sig: signed?.signature, flaw, delay: receivedAtMs - endMs, ...others };
  return `${statement.slice(0, -1)},${JSON.stringify(added).slice(1)}\n`;
}

/** The start of a frame's line as `frameLine` writes it; the rest is not parsed. */
const frameStart =
  /\{"frame":\d{1,4},"camera":"[a-z0-9-]{1,63}","epoch":"([0-9a-f]{16,32})","sequence":(\d{1,16}),"captured":(-?\d{1,16}),"offset":(-?\d{1,4}),/y;
/** The same of 0.1. */
const frameStartOf01 =
  /\{"epoch":"([0-9a-f]{16,32})","sequence":(\d{1,16}),"name":"([\w+-]{1,128}\.jpg)","size":\d{1,16},"sha256":"[0-9a-f]{64}","captured":"([\d:.TZ+-]{1,32})",/y;
/** The name at the end of a line. */
const nameAtEnd = /"delay":-?\d{1,16},"name":"([\w+-]{1,128}\.jpg)"\}$/;
/** Longer than what `nameAtEnd` matches. */
const nameTailLength = 200;

/** Parses whole lines one by one. @param text bytes as Latin-1: the parsed parts are ASCII */
export function readLines(text: string, onLine: (recorded: Recorded) => void): void {
  let start = 0;
  while (start < text.length) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    const recorded =
      readFrameStart(text, start, end) ??
      readLine(Buffer.from(text.slice(start, end), 'latin1').toString());
    if (recorded !== undefined) onLine(recorded);
    start = end + 1;
  }
}

/** @returns undefined: the line is not a frame's in the form of this version or of 0.1 */
function readFrameStart(text: string, start: number, end: number): Recorded | undefined {
  if (text[end - 1] !== '}') return undefined;
  const match = matchAt(frameStart, text, start, end);
  if (match !== undefined) {
    const [, epoch = '', sequence = '', captured = '', offset = ''] = match;
    const tail = text.slice(Math.max(start, end - nameTailLength), end);
    const name = nameAtEnd.exec(tail)?.[1];
    const times = { captured: Number(captured), offset: Number(offset) };
    return frameRecorded({ epoch, sequence, ...times, name });
  }
  const [, epoch = '', sequence = '', name, captured = ''] =
    matchAt(frameStartOf01, text, start, end) ?? [];
  return name === undefined
    ? undefined
    : { kind: 'frame', key: `${epoch} ${sequence} ${captured}`, name };
}

function matchAt(
  pattern: RegExp,
  text: string,
  start: number,
  end: number,
): RegExpExecArray | undefined {
  pattern.lastIndex = start;
  const match = pattern.exec(text);
  return match !== null && pattern.lastIndex < end ? match : undefined;
}

interface FrameLine {
  readonly epoch: string;
  readonly sequence: string | number;
  readonly captured: number;
  readonly offset: number;
  readonly name: string | undefined;
}

/** @returns undefined: the time is outside of the range of a Date */
function frameRecorded(line: FrameLine): Recorded | undefined {
  const { epoch, sequence, captured, offset, name } = line;
  const moment = { capturedAtMs: captured, utcOffsetMinutes: offset };
  if (!isDate(captured) || !isDate(captured + offset * 60_000)) return undefined;
  const plain = `${clockedPath('', moment).stem}.jpg`;
  return { kind: 'frame', key: joined(epoch, sequence, iso(captured)), name: name ?? plain };
}

const isDate = (ms: number): boolean => Math.abs(ms) <= 8.64e15;

/** @returns undefined for a raw frame's line, an unknown and an incomplete one */
export function readLine(text: string): Recorded | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // a crash inside a write leaves an incomplete line
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const line = value as Record<string, unknown>;
  if (isNote(line)) {
    const note = readNote(line);
    return note !== undefined && isGone(note) ? { kind: 'gone', note } : undefined;
  }
  const { epoch, sequence, type, name } = line;
  if (typeof epoch !== 'string' || typeof sequence !== 'number') return undefined;
  // The name becomes part of a path: only the format of a frame's name is accepted.
  const isName = typeof name === 'string' && /^[\w+-]+\.jpg$/.test(name);
  if (name !== undefined && !isName) return undefined;
  if ('frame' in line) {
    const { captured, offset } = line;
    if (typeof captured !== 'number' || typeof offset !== 'number') return undefined;
    return frameRecorded({ epoch, sequence, captured, offset, name });
  }
  if ('gap' in line || type === 'dropped') return readGap(line, joined(epoch, sequence));
  if ('report' in line) {
    return { kind: 'line', key: reportKeyOf(joined(epoch, sequence), line) };
  }
  if (name === undefined) return undefined;
  const captured = typeof line.captured === 'string' ? line.captured : '';
  return { kind: 'frame', key: joined(epoch, sequence, captured), name };
}

/** Reads a gap's line of this version, or of 0.1, which has times as text. */
function readGap(line: Record<string, unknown>, id: string): Recorded | undefined {
  const facts = v.safeParse(gapFields, line);
  if (!facts.success) return undefined;
  const { count, why, from, to, sequences } = facts.output;
  return { kind: 'line', key: joined(id, count, why, timeOf(from), timeOf(to), String(sequences)) };
}

/** Keys of a report's statement, beside those that identify it. */
const reportKeys = [
  ...['from', 'to', 'offset', 'state', 'why', 'compared', 'changed', 'skipped', 'pause'],
  ...['waiting', 'oldest', 'dropped', 'every', 'stepped', 'before', 'ended'],
];

function reportKeyOf(id: string, line: Readonly<Record<string, unknown>>): string {
  return joined(id, 'report', ...reportKeys.map((key) => JSON.stringify(line[key])));
}

const timeOf = (time: string | number): string => (typeof time === 'string' ? time : iso(time));

function joined(...parts: readonly (string | number)[]): string {
  return parts.join(' ');
}
