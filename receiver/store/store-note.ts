/**
 * Lines of a record about entries that are in it: which frames were deleted or are kept, which lines a summary stands
 * for, which frame of an erased stretch arrived late (docs/record.md). The receiver writes them; no camera signs them.
 * Pure.
 */
import * as v from 'valibot';
import { count, epoch, wallTimeMs, word } from '../../shared/protocol/fields.js';

/** Frame files in one line; more take a second line. */
export const maxNoteNames = 500;
/** Ranges of sequences in one line; more take a second line. */
export const maxSummaryRanges = 1000;

/** These files are removed on purpose. The line is on the disk before the first of them is. */
export interface DeletedNote {
  readonly kind: 'deleted';
  readonly camera: string;
  readonly atMs: number;
  /** `max-age`, `max-size`, `min-free`, `erased`. */
  readonly why: string;
  /** File names in the record's folder. */
  readonly names: readonly string[];
  /** Sum of the sizes of the files. */
  readonly byteCount: number;
}

/** Frames that are never deleted by a limit (`kept`), or are no longer kept. The last line about a frame counts. */
export interface KeptNote {
  readonly kind: 'kept' | 'unkept';
  readonly camera: string;
  readonly atMs: number;
  /** File names in the record's folder. */
  readonly names?: readonly string[] | undefined;
  /** All frames of this event in the record, also later ones. */
  readonly event?: string | undefined;
  readonly note?: string | undefined;
}

/** Stands for lines that were taken out of the record. */
export interface SummaryNote {
  readonly kind: 'summary';
  readonly camera: string;
  readonly atMs: number;
  /** The first and the last moment of the removed entries, as the camera stated them. */
  readonly fromMs: number;
  readonly toMs: number;
  /** `deleted` or `erased`. */
  readonly why: string;
  readonly frames: number;
  readonly byteCount: number;
  readonly gaps: number;
  readonly reports: number;
  /** Sequences of the removed entries, both ends included. */
  readonly entries: readonly {
    readonly epoch: string;
    readonly ranges: readonly (readonly [first: number, last: number])[];
  }[];
}

/** A frame of an erased stretch arrived after the erasure: it is acknowledged, and not stored. */
export interface LateNote {
  readonly kind: 'late';
  readonly camera: string;
  readonly atMs: number;
  readonly epoch: string;
  readonly sequence: number;
  readonly capturedAtMs: number;
}

/** Says which entries are gone on purpose. */
export type GoneNote = DeletedNote | SummaryNote | LateNote;
export type StoreNote = GoneNote | KeptNote;

const noteKeys = ['deleted', 'kept', 'unkept', 'summary', 'late'];

/** @param line as it was parsed */
export function isNote(line: Readonly<Record<string, unknown>>): boolean {
  return noteKeys.some((key) => Object.hasOwn(line, key));
}

export function isGone(note: StoreNote): note is GoneNote {
  return note.kind !== 'kept' && note.kind !== 'unkept';
}

const camera = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,62}$/));
const name = v.pipe(v.string(), v.regex(/^[\w+-]{1,128}\.jpg$/));
const names = v.pipe(v.array(name), v.minLength(1), v.maxLength(maxNoteNames));
const range = v.pipe(
  v.tuple([count, count]),
  v.check(([first, last]) => first <= last),
);
const common = { camera, at: wallTimeMs };

const deletedLine = v.object({ ...common, why: word, names, bytes: count });
const keptLine = v.pipe(
  v.object({
    ...common,
    names: v.optional(names),
    event: v.optional(v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/))),
    note: v.fallback(v.optional(v.pipe(v.string(), v.maxLength(1000))), undefined),
  }),
  v.check((line) => (line.names === undefined) !== (line.event === undefined)),
);
const summaryLine = v.object({
  ...{ ...common, from: wallTimeMs, to: wallTimeMs, why: word },
  ...{ frames: count, bytes: count, gaps: count, reports: count },
  entries: v.array(v.tuple([epoch, v.pipe(v.array(range), v.maxLength(maxSummaryRanges))])),
});
const lateLine = v.object({ ...common, epoch, sequence: count, captured: wallTimeMs });

/** @param line see `isNote` @returns undefined: it is not valid */
export function readNote(line: Readonly<Record<string, unknown>>): StoreNote | undefined {
  if (Object.hasOwn(line, 'deleted')) {
    const read = v.safeParse(deletedLine, line);
    if (!read.success) return undefined;
    const { at: atMs, bytes: byteCount, ...rest } = read.output;
    return { kind: 'deleted', atMs, byteCount, ...rest };
  }
  if (Object.hasOwn(line, 'kept') || Object.hasOwn(line, 'unkept')) {
    const read = v.safeParse(keptLine, line);
    if (!read.success) return undefined;
    const { at: atMs, ...rest } = read.output;
    return { kind: Object.hasOwn(line, 'kept') ? 'kept' : 'unkept', atMs, ...rest };
  }
  if (Object.hasOwn(line, 'summary')) return readSummary(line);
  const read = v.safeParse(lateLine, line);
  if (!read.success) return undefined;
  const { at: atMs, captured: capturedAtMs, ...rest } = read.output;
  return { kind: 'late', atMs, capturedAtMs, ...rest };
}

function readSummary(line: Readonly<Record<string, unknown>>): SummaryNote | undefined {
  const read = v.safeParse(summaryLine, line);
  if (!read.success) return undefined;
  const { at: atMs, from: fromMs, to: toMs, bytes: byteCount, entries, ...rest } = read.output;
  return {
    ...{ kind: 'summary', atMs, fromMs, toMs, byteCount, ...rest },
    entries: entries.map(([id, ranges]) => ({ epoch: id, ranges })),
  };
}

/** The line, with its line end; ASCII, as all of a record that is read. */
export function noteLine(note: StoreNote): string {
  return `${JSON.stringify(fieldsOf(note)).replaceAll(/[^ -~]/g, escaped)}\n`;
}

/** @param unit one UTF-16 code unit */
const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

function fieldsOf(note: StoreNote): Readonly<Record<string, unknown>> {
  const start = { [note.kind]: 1, camera: note.camera, at: note.atMs };
  switch (note.kind) {
    case 'deleted':
      return { ...start, why: note.why, names: note.names, bytes: note.byteCount };
    case 'kept':
    case 'unkept':
      return { ...start, names: note.names, event: note.event, note: note.note };
    case 'summary': {
      const { fromMs: from, toMs: to, why, frames, byteCount: bytes, gaps, reports } = note;
      const entries = note.entries.map(({ epoch: id, ranges }) => [id, ranges]);
      return { ...start, from, to, why, frames, bytes, gaps, reports, entries };
    }
    case 'late':
      return {
        ...start,
        ...{ epoch: note.epoch, sequence: note.sequence, captured: note.capturedAtMs },
      };
  }
}
