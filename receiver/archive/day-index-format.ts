/**
 * The file of a day's index: a header, then blocks, each of the entries of one part of the record. It is derived from
 * the record and may be removed at any time. A file that is damaged, of another version, or of another record is not
 * used. Pure.
 *
 *   "PICCDAY2"   byte order: 1 as u32   u32 length and u32 CRC-32 of the record's first bytes
 *   block: u32 length of the JSON   u32 rows   u32 CRC-32 of JSON and columns   JSON   columns of `day-columns.ts`
 *
 * Numbers have the byte order of the machine: the file never leaves it.
 */
import { crc32 } from 'node:zlib';
import * as v from 'valibot';
import { DayColumns, columnNames, makeColumns, tableNames } from './day-columns.js';
import type { StoreNote } from '../store/store-note.js';
import type { GapEntry, ReportEntry } from './record-entry.js';

/** What the index knows of a record. */
export interface IndexedDay {
  readonly columns: DayColumns;
  readonly gaps: GapEntry[];
  readonly reports: ReportEntry[];
  readonly notes: StoreNote[];
  /** The whole lines before this position of the record are in the index. */
  endByte: number;
  /** Of these, lines that are unknown or cut off. */
  skippedLines: number;
}

/** Which record a file belongs to: a record only grows, so its first bytes stay. */
export interface RecordStart {
  readonly bytes: number;
  readonly crc: number;
}

const magic = Buffer.from('PICCDAY2');
const headerBytes = magic.length + 12;
/** Bytes of a record that identify it. */
export const recordStartBytes = 4096;

const texts = v.array(v.string());
const position = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const blockFacts = v.object({
  fromByte: position,
  endByte: position,
  skippedLines: position,
  texts: v.object({ epoch: texts, event: texts, reason: texts, size: texts }),
  gaps: v.array(v.custom<GapEntry>((value) => isKind(value, 'gap'))),
  reports: v.array(v.custom<ReportEntry>((value) => isKind(value, 'report'))),
  notes: v.array(v.custom<StoreNote>((value) => isKind(value))),
});
type BlockFacts = v.InferOutput<typeof blockFacts>;

const isKind = (value: unknown, kind?: string): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  (kind === undefined || value.kind === kind);

export function emptyDay(): IndexedDay {
  return {
    columns: new DayColumns(),
    gaps: [],
    reports: [],
    notes: [],
    endByte: 0,
    skippedLines: 0,
  };
}

export function encodeHeader({ bytes, crc }: RecordStart): Buffer {
  return Buffer.concat([magic, bytesOf(new Uint32Array([1, bytes, crc]))]);
}

/** How much of a day is in its file already. */
export interface Written {
  readonly endByte: number;
  readonly skippedLines: number;
  readonly rows: number;
  readonly gaps: number;
  readonly reports: number;
  readonly notes: number;
  readonly texts: Readonly<Record<(typeof tableNames)[number], number>>;
}

export function writtenOf(day: IndexedDay): Written {
  const { columns, gaps, reports, notes, endByte, skippedLines } = day;
  const { epoch, event, reason, size } = columns.tables;
  return {
    ...{ endByte, skippedLines, rows: columns.length, gaps: gaps.length },
    ...{ reports: reports.length, notes: notes.length },
    texts: { epoch: epoch.length, event: event.length, reason: reason.length, size: size.length },
  };
}

/** A block of what came after `written`. */
export function encodeBlock(day: IndexedDay, written: Written): Buffer {
  const newTexts = tableNames.map((name) => [
    name,
    day.columns.tables[name].slice(written.texts[name]),
  ]);
  const facts: BlockFacts = {
    fromByte: written.endByte,
    endByte: day.endByte,
    skippedLines: day.skippedLines - written.skippedLines,
    texts: Object.fromEntries(newTexts) as BlockFacts['texts'],
    gaps: day.gaps.slice(written.gaps),
    reports: day.reports.slice(written.reports),
    notes: day.notes.slice(written.notes),
  };
  const json = Buffer.from(JSON.stringify(facts));
  const columns = day.columns.slice(written.rows);
  const body = Buffer.concat([json, ...columnNames.map((name) => bytesOf(columns[name]))]);
  const rows = day.columns.length - written.rows;
  return Buffer.concat([bytesOf(new Uint32Array([json.length, rows, crc32(body)])), body]);
}

/**
 * @param start of the record as it is now
 * @returns undefined: the file is of another record, another version, or damaged
 */
export function decodeIndex(file: Buffer, start: (bytes: number) => RecordStart) {
  if (file.length < headerBytes || !file.subarray(0, magic.length).equals(magic)) return undefined;
  const [order, bytes = 0, crc] = numbersAt(file, magic.length, 3);
  if (order !== 1 || bytes > recordStartBytes || start(bytes).crc !== crc) return undefined;
  const day = emptyDay();
  for (let at = headerBytes; at < file.length;) {
    const end = readBlock(file, at, day);
    if (end === undefined) return undefined;
    at = end;
  }
  return day;
}

/** @returns the position after the block; undefined: it is cut off or damaged */
function readBlock(file: Buffer, at: number, day: IndexedDay): number | undefined {
  if (at + 12 > file.length) return undefined;
  const [jsonBytes = 0, rows = 0, crc] = numbersAt(file, at, 3);
  const jsonEnd = at + 12 + jsonBytes;
  const end = jsonEnd + rows * rowBytes;
  if (end > file.length || crc32(file.subarray(at + 12, end)) !== crc) return undefined;
  const facts = v.safeParse(blockFacts, JSON.parse(file.toString('utf8', at + 12, jsonEnd)));
  if (!facts.success) return undefined;
  const { fromByte, endByte, skippedLines, texts: newTexts, gaps, reports, notes } = facts.output;
  // Another process has written the same part of the record.
  if (fromByte !== day.endByte) return fromByte < day.endByte ? end : undefined;
  day.columns.append(rows, columnsAt(file, jsonEnd, rows), newTexts);
  day.gaps.push(...gaps);
  day.reports.push(...reports);
  day.notes.push(...notes);
  day.endByte = endByte;
  day.skippedLines += skippedLines;
  return end;
}

function columnsAt(file: Buffer, start: number, rows: number) {
  const columns = makeColumns(rows);
  let at = start;
  for (const name of columnNames) {
    const { byteLength } = columns[name];
    bytesOf(columns[name]).set(file.subarray(at, at + byteLength));
    at += byteLength;
  }
  return columns;
}

const rowBytes = columnNames.reduce((sum, name) => sum + makeColumns(1)[name].byteLength, 0);

/** The memory of a typed array, not a copy. */
function bytesOf({ buffer, byteOffset, byteLength }: NodeJS.TypedArray): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function numbersAt(file: Buffer, at: number, count: number): Uint32Array {
  // A copy: the position may not be aligned.
  return new Uint32Array(Uint8Array.from(file.subarray(at, at + 4 * count)).buffer);
}
