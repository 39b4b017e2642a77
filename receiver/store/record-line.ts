/**
 * The lines of a day's record, JSON objects: one a frame (epoch and sequence absent for a raw one), one a
 * hole (`"type":"dropped"`). A line may come twice: (epoch, sequence) is what names its frame. Pure.
 */
import type { WireVerdict } from '../../shared/protocol/messages.js';

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

export interface HoleFacts {
  readonly id: FrameId;
  readonly count: number;
  readonly capturedAtMs: number;
  readonly lastCapturedAtMs: number;
  readonly utcOffsetMinutes: number;
  readonly why: string;
  readonly receivedAtMs: number;
}

export interface RecordedId extends FrameId {
  /** Undefined for a hole. */
  readonly name: string | undefined;
}

const iso = (ms: number): string => new Date(ms).toISOString();

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
export function holeLine(hole: HoleFacts): string {
  return `${JSON.stringify({
    ...hole.id,
    type: 'dropped',
    count: hole.count,
    why: hole.why,
    from: iso(hole.capturedAtMs),
    to: iso(hole.lastCapturedAtMs),
    utcOffsetMinutes: hole.utcOffsetMinutes,
    received: iso(hole.receivedAtMs),
  })}\n`;
}

/** @returns undefined for a line that names no frame: raw, foreign, torn */
export function readLine(text: string): RecordedId | undefined {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return undefined; // A crash in the middle of a line leaves half of it.
  }
  if (typeof line !== 'object' || line === null) return undefined;
  const { epoch, sequence, type, name } = line as Record<string, unknown>;
  if (typeof epoch !== 'string' || typeof sequence !== 'number') return undefined;
  if (type === 'dropped') return { epoch, sequence, name: undefined };
  // It becomes part of a path: only what a frame can be named.
  if (typeof name !== 'string' || !/^[\w+-]+\.jpg$/.test(name)) return undefined;
  return { epoch, sequence, name };
}
