/**
 * Reads a line of a record (docs/record.md), of this version or of 0.1: a frame, a gap, a report or a note. An entry's
 * line is a statement of the camera: it may be signed and have any content beside what the receiver compared when it
 * arrived. So each field is checked here; an optional one that is not valid counts as absent. Pure.
 */
import * as v from 'valibot';
import { count, epoch, utcOffsetMinutes, wallTimeMs, word } from '../../shared/protocol/fields.js';
import type { SequenceRange } from '../../shared/protocol/messages.js';
import { maxEndedEvents, maxSequenceRanges } from '../../shared/protocol/protocol-limits.js';
import type { EndedEvent } from '../../shared/protocol/report-header.js';
import { type StoreNote, isNote, readNote } from '../store/store-note.js';
import {
  type Fields,
  type FrameEntry,
  type Proof,
  arrival,
  cameraPattern,
  eventPattern,
  isMoment,
  isObject,
  proofOf,
  readFrame,
  readFrameOf01,
  timeOf,
} from './frame-entry.js';

export interface GapEntry {
  readonly kind: 'gap';
  /** Undefined in a record of 0.1: that of the folder. */
  readonly camera?: string | undefined;
  readonly epoch: string;
  readonly sequence: number;
  readonly count: number;
  /** Capture times of the first and the last frame. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly utcOffsetMinutes: number;
  readonly why: string;
  /** Of the frames, in the same epoch; undefined: from an agent of 0.1. */
  readonly sequences?: readonly SequenceRange[] | undefined;
  readonly receivedAtMs?: number | undefined;
  readonly proof: Proof;
}

export interface ReportEntry {
  readonly kind: 'report';
  readonly camera: string;
  readonly epoch: string;
  readonly sequence: number;
  /** Never after `toMs`. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly utcOffsetMinutes: number;
  /** A word from `cameraStates`, or one from a newer version. */
  readonly state: string;
  readonly why?: string | undefined;
  readonly compared: number;
  readonly changed: number;
  readonly skipped: number;
  readonly longestPauseMs?: number | undefined;
  readonly waiting: number;
  /** Capture time of the oldest of them; undefined: none, or not stated. */
  readonly oldestWaitingMs?: number | undefined;
  readonly dropped: number;
  readonly everyMs: number;
  readonly steppedMs?: number | undefined;
  readonly before?: { readonly epoch: string; readonly sequence: number } | undefined;
  readonly ended: readonly EndedEvent[];
  readonly receivedAtMs?: number | undefined;
  /** The camera's clock minus the receiver's; undefined: they agreed. */
  readonly clockErrorMs?: number | undefined;
  readonly proof: Proof;
}

export type RecordEntry = FrameEntry | GapEntry | ReportEntry;
/** What a camera sent, or a note of the receiver about it. */
export type RecordLine = RecordEntry | StoreNote;

export function isEntry(line: RecordLine): line is RecordEntry {
  return line.kind === 'frame' || line.kind === 'gap' || line.kind === 'report';
}

/** @param line whole, without its line end @returns undefined: it is cut off, or unknown */
export function readRecordLine(line: string): RecordLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  if (Object.hasOwn(value, 'frame')) return readFrame(value);
  if (Object.hasOwn(value, 'gap')) return readGap(value);
  if (Object.hasOwn(value, 'report')) return readReport(value);
  if (isNote(value)) return readNote(value);
  return value.type === 'dropped' ? readGapOf01(value) : readFrameOf01(value);
}

const camera = v.pipe(v.string(), v.regex(cameraPattern));
const identifying = { epoch, sequence: count, offset: utcOffsetMinutes };
/** An optional field whose invalid value counts as absent. */
const lenient = <Schema extends v.GenericSchema>(schema: Schema) =>
  v.fallback(v.optional(schema), undefined);
const sequences = lenient(
  v.pipe(v.array(v.tuple([count, count])), v.minLength(1), v.maxLength(maxSequenceRanges)),
);
const gapLine = v.object({
  ...{ ...identifying, camera, count, why: word, sequences },
  ...{ from: wallTimeMs, to: wallTimeMs },
});
const gapLineOf01 = v.object({
  ...{ epoch, sequence: count, utcOffsetMinutes, count, why: word, sequences },
});
const endedEvent = v.object({
  event: v.pipe(v.string(), v.regex(eventPattern)),
  ...{ first: wallTimeMs, last: wallTimeMs, frames: count },
  cut: lenient(v.literal(true)),
});
const reportLine = v.object({
  ...{ ...identifying, camera, state: word, compared: count, changed: count, skipped: count },
  ...{ from: wallTimeMs, to: wallTimeMs, waiting: count, dropped: count, every: count },
  why: lenient(v.pipe(v.string(), v.regex(/^[ -~]{1,200}$/))),
  pause: lenient(count),
  oldest: lenient(wallTimeMs),
  stepped: lenient(v.pipe(v.number(), v.safeInteger())),
  before: lenient(v.tuple([epoch, count])),
  ended: lenient(v.pipe(v.array(endedEvent), v.maxLength(maxEndedEvents))),
  clock: lenient(v.pipe(v.number(), v.safeInteger())),
});

function readGap(line: Fields): GapEntry | undefined {
  const read = v.safeParse(gapLine, line);
  if (!read.success) return undefined;
  const { from: fromMs, to: toMs, offset, ...rest } = read.output;
  if (!isMoment(fromMs, offset) || !isMoment(toMs, offset)) return undefined;
  const [receivedAtMs, proof] = [arrival(toMs, line.delay), proofOf(line.sig, line.flaw)];
  return { kind: 'gap', ...rest, fromMs, toMs, utcOffsetMinutes: offset, receivedAtMs, proof };
}

function readGapOf01(line: Fields): GapEntry | undefined {
  const read = v.safeParse(gapLineOf01, line);
  const [fromMs, toMs] = [timeOf(line.from), timeOf(line.to)];
  if (!read.success || fromMs === undefined || toMs === undefined) return undefined;
  const { utcOffsetMinutes: offset } = read.output;
  if (!isMoment(fromMs, offset) || !isMoment(toMs, offset)) return undefined;
  const times = { fromMs, toMs, receivedAtMs: timeOf(line.received) };
  return { kind: 'gap', ...read.output, ...times, proof: 'unsigned' };
}

function readReport(line: Fields): ReportEntry | undefined {
  const read = v.safeParse(reportLine, line);
  if (!read.success) return undefined;
  const { from, to, offset, pause, oldest, every, stepped, ...others } = read.output;
  const { before, ended, clock, ...rest } = others;
  if (from > to || !isMoment(from, offset) || !isMoment(to, offset)) return undefined;
  return {
    kind: 'report',
    ...rest,
    fromMs: from,
    toMs: to,
    utcOffsetMinutes: offset,
    longestPauseMs: pause,
    oldestWaitingMs: oldest,
    everyMs: every,
    steppedMs: stepped,
    before: before && { epoch: before[0], sequence: before[1] },
    ended: (ended ?? []).map(({ event, first, last, frames, cut }) => {
      return { event, firstAtMs: first, lastAtMs: last, frames, isCut: cut };
    }),
    receivedAtMs: arrival(to, line.delay),
    clockErrorMs: clock,
    proof: proofOf(line.sig, line.flaw),
  };
}
