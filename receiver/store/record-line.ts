/**
 * The lines of a day's record, JSON objects: one a frame (epoch and sequence absent for a raw one), one a
 * hole (`"type":"dropped"`). A line may come twice and means the same then. Pure.
 */
import * as v from 'valibot';
import type { SequenceRange, WireVerdict } from '../../shared/protocol/messages.js';

/** What names a frame or a hole of a camera for ever. */
export interface FrameId {
  readonly epoch: string;
  readonly sequence: number;
}

export interface FrameFacts {
  readonly id: FrameId | undefined;
  /** File name in the record's folder. */
  readonly name: string;
  readonly byteCount: number;
  readonly sha256: string;
  readonly capturedAtMs: number;
  readonly utcOffsetMinutes: number;
  readonly receivedAtMs: number;
  readonly verdict: WireVerdict | undefined;
}

export interface GapFacts {
  readonly id: FrameId;
  readonly count: number;
  readonly capturedAtMs: number;
  readonly lastCapturedAtMs: number;
  readonly utcOffsetMinutes: number;
  readonly why: string;
  /** Which frames of the epoch; undefined: the agent does not say. */
  readonly sequences?: readonly SequenceRange[] | undefined;
  readonly receivedAtMs: number;
}

/** What a line says about who is stored, and where. */
export type Recorded =
  | {
      readonly kind: 'frame';
      /** See `frameKey`. */
      readonly key: string;
      /** The file's. */
      readonly name: string;
    }
  | {
      readonly kind: 'hole';
      /** See `gapKey`. */
      readonly key: string;
    };

/** What a hole's line says beside its number. */
const holeFacts = v.object({
  count: v.number(),
  why: v.string(),
  from: v.string(),
  to: v.string(),
  sequences: v.optional(v.array(v.tuple([v.number(), v.number()]))),
});

const iso = (ms: number): string => new Date(ms).toISOString();

/**
 * What names a frame: its id, and when it was captured. An agent whose state was put back to an older copy
 * uses its numbers a second time.
 */
export function frameKey({ epoch, sequence }: FrameId, capturedAtMs: number): string {
  return joined(epoch, sequence, iso(capturedAtMs));
}

/** What tells a hole from another: all that its agent says about it. */
export function gapKey(hole: GapFacts): string {
  const { id, count, why, capturedAtMs, lastCapturedAtMs, sequences } = hole;
  const times = [iso(capturedAtMs), iso(lastCapturedAtMs)];
  return joined(id.epoch, id.sequence, count, why, ...times, String(sequences));
}

/** The line, with its end. */
export function frameLine(frame: FrameFacts): string {
  return `${JSON.stringify({
    ...frame.id,
    name: frame.name,
    size: frame.byteCount,
    sha256: frame.sha256,
    captured: iso(frame.capturedAtMs),
    utcOffsetMinutes: frame.utcOffsetMinutes,
    received: iso(frame.receivedAtMs),
    verdict: frame.verdict,
  })}\n`;
}

/** The line, with its end. */
export function gapLine(hole: GapFacts): string {
  return `${JSON.stringify({
    ...hole.id,
    type: 'dropped',
    count: hole.count,
    why: hole.why,
    from: iso(hole.capturedAtMs),
    to: iso(hole.lastCapturedAtMs),
    utcOffsetMinutes: hole.utcOffsetMinutes,
    received: iso(hole.receivedAtMs),
    sequences: hole.sequences,
  })}\n`;
}

/** How each of our lines about a frame begins; the rest need not be read. */
const frameStart =
  /\{"epoch":"([0-9a-f]{16,32})","sequence":(\d{1,16}),"name":"([\w+-]{1,128}\.jpg)","size":\d{1,16},"sha256":"[0-9a-f]{64}","captured":"([\d:.TZ+-]{1,32})",/y;

/** Reads whole lines one by one. @param text bytes as Latin-1: what we look at is ASCII */
export function readLines(text: string, take: (recorded: Recorded) => void): void {
  let start = 0;
  while (start < text.length) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    frameStart.lastIndex = start;
    const match = frameStart.exec(text);
    if (match !== null && frameStart.lastIndex < end && text[end - 1] === '}') {
      const [, epoch = '', sequence = '', name = '', captured = ''] = match;
      take({ kind: 'frame', key: `${epoch} ${sequence} ${captured}`, name });
    } else {
      const recorded = readLine(Buffer.from(text.slice(start, end), 'latin1').toString());
      if (recorded !== undefined) take(recorded);
    }
    start = end + 1;
  }
}

/** @returns undefined for a line that names no frame: raw, foreign, torn */
export function readLine(text: string): Recorded | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // A crash in the middle of a line leaves half of it.
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const line = value as Record<string, unknown>;
  const { epoch, sequence, type, name } = line;
  if (typeof epoch !== 'string' || typeof sequence !== 'number') return undefined;
  if (type === 'dropped') {
    const facts = v.safeParse(holeFacts, line);
    if (!facts.success) return undefined;
    const { count, why, from, to, sequences } = facts.output;
    const key = joined(epoch, sequence, count, why, from, to, String(sequences));
    return { kind: 'hole', key };
  }
  // It becomes part of a path: only what a frame can be named.
  if (typeof name !== 'string' || !/^[\w+-]+\.jpg$/.test(name)) return undefined;
  const captured = typeof line.captured === 'string' ? line.captured : '';
  return { kind: 'frame', key: joined(epoch, sequence, captured), name };
}

function joined(...parts: readonly (string | number)[]): string {
  return parts.join(' ');
}
