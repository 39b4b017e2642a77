/**
 * The objects that are the record of a day. An object is never appended to, so there are many, merged when they are read:
 *
 *   CAMERA/DAY/record.jsonl          of a directory that was copied here
 *   CAMERA/DAY/record.d/l-WRITER-N   lines of frames and notes of one receiver, in the order of N
 *   CAMERA/DAY/record.d/e-HASH       one gap, report or late frame; the key follows from its content: it is there once
 *   CAMERA/DAY/record.d/n-TIME-…     notes of one command or sweep, in the order of their times
 *   CAMERA/DAY/record.d/c-N          the record as it was when it was compacted; its first line names the objects that it
 *                                    stands for. Of several, the one with the highest N counts
 *
 * A compaction is one conditional write: from then on the objects that it names are not read any more, whether they are
 * removed or not.
 */
import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { OperationalError } from '../../../shared/cli/errors.js';
import { mapAtOnce } from '../at-once.js';
import { recordName } from '../day-record.js';
import { GoneFrames } from '../gone-frames.js';
import { type Recorded, readLine } from '../record-line.js';
import type { ListedObject } from './s3-answers.js';
import type { S3Client } from './s3-client.js';

export const piecesFolder = 'record.d';
/** Of a gap, report or late frame. */
export const isEntryKey = (key: string): boolean => key.includes(`/${piecesFolder}/e-`);
/** @param name in the folder of its day */
export const isPiece = (name: string): boolean =>
  /^record\.d\/(?:[len]-[\w-]+|c-\d{9})$/.test(name);

/** A reader begins anew when an object was joined into another one meanwhile. */
export const maxReads = 20;
/** Objects that are read at the same time. */
export const readAtOnce = 16;

/** The record as it was when it was compacted. */
export interface Base {
  /** N of its key; 0: there is none. */
  readonly number: number;
  /** Whole lines. */
  readonly text: string;
  /** By the clock of the process that wrote it. */
  readonly atMs: number;
  /** Objects that it stands for. */
  readonly keys: ReadonlySet<string>;
  /** Of `record.jsonl`, which it stands for: another one was copied here later. */
  readonly copied: string | undefined;
}

export interface DayPieces {
  readonly base: Base;
  /** Objects that the base does not stand for; not the base itself. */
  readonly keys: readonly string[];
  /** Objects that are not read any more, and were not removed. */
  readonly leftover: readonly string[];
  /** The merged record: lines without their ends, in Latin-1, a character is a byte. */
  readonly lines: readonly string[];
  /** `record.jsonl`, unless the base stands for it. */
  readonly copied: Buffer | undefined;
}

const header = v.object({
  compacted: v.literal(1),
  at: v.number(),
  pieces: v.array(v.string()),
  copied: v.optional(v.string()),
});
/** A line of a frame, or of a gap or report, which has its last moment. */
const takenOut = v.object({
  ...{ epoch: v.string(), sequence: v.number() },
  ...{ captured: v.optional(v.number()), to: v.optional(v.number()) },
});
const noBase: Base = { number: 0, text: '', atMs: 0, keys: new Set(), copied: undefined };

export const keyOfBase = (day: string, number: number): string =>
  `${day}/${piecesFolder}/c-${String(number).padStart(9, '0')}`;

/** The start of the object of the next base. */
export function headerAfter({ base, keys, leftover, copied }: DayPieces, atMs: number): string {
  const names = [...keys, ...leftover].map((key) => key.slice(key.lastIndexOf('/') + 1));
  const pieces = names.filter((name) => name !== recordName);
  const hash = copied === undefined ? base.copied : hashOf(copied);
  return `${JSON.stringify({ compacted: 1, at: atMs, pieces, copied: hash })}\n`;
}

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** The number of the newest base of a day; 0: it has none. @throws {OperationalError} STORE */
export async function newestBase(client: S3Client, day: string): Promise<number> {
  let number = 0;
  for await (const { key } of client.list(`${day}/${piecesFolder}/c-`)) {
    number = Math.max(number, numberOf(key));
  }
  return number;
}

/** @returns undefined: it is gone meanwhile @throws {OperationalError} STORE */
export async function readBase(
  client: S3Client,
  day: string,
  number: number,
): Promise<Base | undefined> {
  if (number === 0) return noBase;
  const key = keyOfBase(day, number);
  const text = (await client.get(key))?.toString('latin1');
  if (text === undefined) return undefined;
  const end = text.indexOf('\n') + 1;
  const { at: atMs, pieces, copied } = headerOf(client.place(key), text.slice(0, end));
  const keys = new Set(pieces.map((name) => `${day}/${piecesFolder}/${name}`));
  return { number, text: text.slice(end), atMs, keys, copied };
}

/** @throws {OperationalError} STORE: it is none */
function headerOf(place: string, line: string): v.InferOutput<typeof header> {
  try {
    return v.parse(header, JSON.parse(line));
  } catch (cause) {
    throw new OperationalError('STORE', `${place} does not begin as a compacted record`, {
      cause,
      hint: 'something else has written it: remove it when the lines of that day are in a copy',
    });
  }
}

/** @throws {OperationalError} STORE */
export async function readPieces(client: S3Client, day: string): Promise<DayPieces> {
  for (let attempt = 1; attempt <= maxReads; attempt += 1) {
    const read = await readOnce(client, day);
    if (read !== undefined) return read;
  }
  throw changesAgain(client, day);
}

/** Also of a store that lists what it does not have. */
export function changesAgain(client: S3Client, day: string): OperationalError {
  return new OperationalError(
    'STORE',
    `the objects of ${client.place(`${day}/${piecesFolder}/`)} change again and again`,
    { hint: 'run it again' },
  );
}

/**
 * The objects of a day's record, in the order of their lines: what was copied first, then by the clock of the store.
 * @throws {OperationalError} STORE
 */
export async function recordPieces(client: S3Client, day: string): Promise<ListedObject[]> {
  const copied = `${day}/${recordName}`;
  const pieces: ListedObject[] = [];
  // The folder and the record of a directory.
  for await (const each of client.list(`${day}/record.`)) {
    if (each.key === copied || isPiece(each.key.slice(day.length + 1))) pieces.push(each);
  }
  const rank = ({ key }: ListedObject): number => (key === copied ? 0 : 1);
  return pieces.sort(
    (a, b) => rank(a) - rank(b) || a.modifiedAtMs - b.modifiedAtMs || (a.key < b.key ? -1 : 1),
  );
}

/** A day's objects that count, and what was read to tell. */
export interface LivePieces {
  readonly pieces: readonly ListedObject[];
  /** For the next call: it need not be read again. */
  readonly base: Base | undefined;
}

/**
 * As `recordPieces`, without those that a base stands for; `record.jsonl` is among them until it is removed.
 * @param known of the call before @throws {OperationalError} STORE
 */
export async function livePieces(
  client: S3Client,
  day: string,
  known: Base | undefined,
): Promise<LivePieces> {
  for (let attempt = 1; attempt <= maxReads; attempt += 1) {
    const pieces = await recordPieces(client, day);
    const number = Math.max(0, ...pieces.map(({ key }) => numberOf(key)));
    if (number === 0 || pieces.length === 1) return { pieces, base: known };
    const base = known?.number === number ? known : await readBase(client, day, number);
    // There is a newer one.
    if (base === undefined) continue;
    const isLive = ({ key }: ListedObject): boolean => {
      const own = numberOf(key);
      return own === 0 ? !base.keys.has(key) : own === number;
    };
    return { pieces: pieces.filter(isLive), base: { ...base, text: '' } };
  }
  throw changesAgain(client, day);
}

/** @returns undefined: an object was joined into another one meanwhile */
async function readOnce(client: S3Client, day: string): Promise<DayPieces | undefined> {
  const objects = await recordPieces(client, day);
  const numbers = objects.map(({ key }) => numberOf(key));
  const base = await readBase(client, day, Math.max(0, ...numbers));
  if (base === undefined) return undefined;
  const baseKey = keyOfBase(day, base.number);
  const listed = objects.map(({ key }) => key).filter((key) => key !== baseKey);
  const isOld = (key: string): boolean => base.keys.has(key) || numberOf(key) > 0;
  const keys = listed.filter((key) => !isOld(key));
  const bodies = await mapAtOnce(keys, readAtOnce, (key) => client.get(key));
  const texts: string[] = [];
  const leftover = listed.filter(isOld);
  const live: string[] = [];
  let copied: Buffer | undefined;
  for (const [at, key] of keys.entries()) {
    const body = bodies[at];
    if (body === undefined) return undefined;
    const isCopied = key === `${day}/${recordName}`;
    if (isCopied && base.copied !== undefined && hashOf(body) === base.copied) leftover.push(key);
    else {
      if (isCopied) copied = body;
      live.push(key);
      texts.push(body.toString('latin1'));
    }
  }
  return { base, keys: live, leftover, lines: mergeLines(base.text, texts), copied };
}

/** N of a base's key; 0: it is another one. */
const numberOf = (key: string): number => Number(/\/c-(\d{9})$/.exec(key)?.[1] ?? 0);

/** The merged record of a day. @throws {OperationalError} STORE */
export async function readBucketRecord(client: S3Client, day: string): Promise<Buffer> {
  const { base, keys, lines, copied } = await readPieces(client, day);
  // As it was copied, to the byte.
  if (copied !== undefined && base.number === 0 && keys.length === 1) return copied;
  return Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1');
}

/**
 * A frame, gap or report that several objects have is in the result once. What the base has taken out of the record does
 * not come back with a late object.
 */
function mergeLines(base: string, texts: readonly string[]): string[] {
  const known = new Set<string>();
  const lines: string[] = [];
  const gone = new GoneFrames();
  const add = (line: string, isOfBase: boolean): void => {
    const recorded = line === '' ? undefined : readLine(line);
    const meaning = meaningFor(line, recorded);
    if (line === '' || known.has(meaning)) return;
    if (isOfBase && recorded?.kind === 'gone') {
      if (recorded.note.kind === 'summary') gone.add(recorded.note);
    } else if (!isOfBase && isTakenOut(line, gone)) return;
    known.add(meaning);
    lines.push(line);
  };
  for (const line of base.split('\n')) add(line, true);
  for (const line of texts.flatMap((text) => text.split('\n'))) add(line, false);
  return lines;
}

/** Two lines of one meaning are one entry. @param line without its line end */
export const meaningOf = (line: string): string => meaningFor(line, readLine(line));

function meaningFor(line: string, recorded: Recorded | undefined): string {
  if (recorded?.kind === 'frame') return `frame ${recorded.key} ${recorded.name}`;
  return recorded?.kind === 'line' ? `line ${recorded.key}` : line;
}

/** Lines of an object of the record: all but the header of a base. @param body whole */
export function linesIn(key: string, body: Buffer): string[] {
  const lines = body.toString('latin1').split('\n');
  return numberOf(key) > 0 ? lines.slice(1) : lines;
}

/** Whether it is the line of an entry that a summary stands for. */
function isTakenOut(line: string, gone: GoneFrames): boolean {
  const entry = v.safeParse(takenOut, valueOf(line));
  if (!entry.success) return false;
  const { epoch, sequence, captured, to } = entry.output;
  const atMs = captured ?? to;
  return atMs !== undefined && gone.hasEntry({ epoch, sequence }, atMs);
}

/** @returns undefined: a crash has cut the line off, in the directory that it was copied from */
function valueOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
