/**
 * The lines of a day's record, JSON objects: one for each frame (a raw one without epoch and sequence), one for each
 * gap (`"type":"dropped"`). A line may occur twice, with the same meaning. Pure.
 */
import * as v from 'valibot';
import type { SequenceRange, WireVerdict } from '../../shared/protocol/messages.js';

/** Permanent id of a frame or a gap of a camera. */
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
  /** Sequences of the frames in the epoch; undefined: not sent by an agent of 0.1. */
  readonly sequences?: readonly SequenceRange[] | undefined;
  readonly receivedAtMs: number;
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
      readonly kind: 'gap';
      /** See `gapKey`. */
      readonly key: string;
    };

/** Fields of a gap's line beside its id. */
const gapFields = v.object({
  count: v.number(),
  why: v.string(),
  from: v.string(),
  to: v.string(),
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

/** The line, with its line end. */
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

/** The line, with its line end. */
export function gapLine(gap: GapFacts): string {
  return `${JSON.stringify({
    ...gap.id,
    type: 'dropped',
    count: gap.count,
    why: gap.why,
    from: iso(gap.capturedAtMs),
    to: iso(gap.lastCapturedAtMs),
    utcOffsetMinutes: gap.utcOffsetMinutes,
    received: iso(gap.receivedAtMs),
    sequences: gap.sequences,
  })}\n`;
}

/** The start of a frame's line as `frameLine` writes it; the rest is not parsed. */
const frameStart =
  /\{"epoch":"([0-9a-f]{16,32})","sequence":(\d{1,16}),"name":"([\w+-]{1,128}\.jpg)","size":\d{1,16},"sha256":"[0-9a-f]{64}","captured":"([\d:.TZ+-]{1,32})",/y;

/** Parses whole lines one by one. @param text bytes as Latin-1: the parsed parts are ASCII */
export function readLines(text: string, onLine: (recorded: Recorded) => void): void {
  let start = 0;
  while (start < text.length) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    frameStart.lastIndex = start;
    const match = frameStart.exec(text);
    if (match !== null && frameStart.lastIndex < end && text[end - 1] === '}') {
      const [, epoch = '', sequence = '', name = '', captured = ''] = match;
      onLine({ kind: 'frame', key: `${epoch} ${sequence} ${captured}`, name });
    } else {
      const recorded = readLine(Buffer.from(text.slice(start, end), 'latin1').toString());
      if (recorded !== undefined) onLine(recorded);
    }
    start = end + 1;
  }
}

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
  const { epoch, sequence, type, name } = line;
  if (typeof epoch !== 'string' || typeof sequence !== 'number') return undefined;
  if (type === 'dropped') {
    const facts = v.safeParse(gapFields, line);
    if (!facts.success) return undefined;
    const { count, why, from, to, sequences } = facts.output;
    const key = joined(epoch, sequence, count, why, from, to, String(sequences));
    return { kind: 'gap', key };
  }
  // The name becomes part of a path: only the format of a frame's name is accepted.
  if (typeof name !== 'string' || !/^[\w+-]+\.jpg$/.test(name)) return undefined;
  const captured = typeof line.captured === 'string' ? line.captured : '';
  return { kind: 'frame', key: joined(epoch, sequence, captured), name };
}

function joined(...parts: readonly (string | number)[]): string {
  return parts.join(' ');
}
