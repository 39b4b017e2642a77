/**
 * What a day of the mirror was made of: `.pieces` beside its record, a line for each step, a CRC-32 and JSON. A piece is an object
 * of the bucket; of each, the hashes of its lines are kept, so that an object that was joined into another one costs no
 * request, and lines that were taken out are noticed.
 */
import { createHash, randomUUID } from 'node:crypto';
import { appendFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import * as v from 'valibot';
import { ifExists } from '../../../shared/files/if-exists.js';
import { meaningOf, piecesFolder } from '../../store/s3/bucket-record.js';
import type { ListedObject } from '../../store/s3/s3-answers.js';

export const pieceLogName = '.pieces';

/** Of lines, by their meaning. */
export type LineHashes = readonly bigint[];
/** By `Piece.id`. */
export type Pieces = Map<string, LineHashes>;

/** A part of the record file, from its start, that the log knows. */
export interface KnownPart {
  readonly endByte: number;
  readonly crc: number;
  /** When the newest entry of it arrived; -Infinity: it is unknown. */
  readonly arrivedAtMs: number;
}

export const noPart: KnownPart = { endByte: 0, crc: 0, arrivedAtMs: -Infinity };

export interface LogStep extends KnownPart {
  readonly added: Pieces;
  readonly removed: readonly string[];
}

const hashBytes = 8;
/** Of the CRC-32 before each step. */
const checkDigits = 8;
const hashesText = v.pipe(
  v.string(),
  v.transform((text) => Buffer.from(text, 'base64')),
  v.check((bytes) => bytes.length % hashBytes === 0),
);
const whole = v.pipe(v.number(), v.safeInteger());
const stepLine = v.object({
  ...{ end: whole, crc: whole, arrived: v.nullable(whole) },
  add: v.record(v.string(), hashesText),
  remove: v.array(v.string()),
});

/** An object of the record. */
export interface Piece {
  readonly key: string;
  readonly name: string;
  /** Of an object that was written anew, another one; of one that a hint names, its name until a list has it. */
  readonly id: string;
}

export function pieceOf({ key, byteCount, modifiedAtMs }: ListedObject): Piece {
  const name = key.slice(key.lastIndexOf('/') + 1);
  return { key, name, id: `${name} ${byteCount} ${modifiedAtMs}` };
}

/** @param name from a hint */
export const namedPiece = (day: string, name: string): Piece => ({
  ...{ key: `${day}/${piecesFolder}/${name}`, name, id: name },
});

export const nameOfId = (id: string): string => id.split(' ', 1)[0] ?? id;

/** @param line without its line end, as Latin-1 */
export const lineHash = (line: string): bigint =>
  createHash('sha256').update(meaningOf(line)).digest().readBigUInt64LE(0);

export interface ReadLog extends KnownPart {
  readonly pieces: Pieces;
  /** Most of the file is about pieces that are gone. */
  readonly isLong: boolean;
}

/** @returns undefined: there is none, or it is not a log @throws a system error */
export async function readLog(directory: string): Promise<ReadLog | undefined> {
  const text = await ifExists(readFile(join(directory, pieceLogName), 'utf8'));
  if (text === undefined) return undefined;
  const pieces: Pieces = new Map();
  let known = noPart;
  let seen = 0;
  // What follows the last line end was cut off.
  for (const line of text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1)) {
    const step = readStep(line);
    if (step === undefined) return undefined;
    for (const id of step.removed) pieces.delete(id);
    for (const [id, hashes] of step.added) pieces.set(id, hashes);
    seen += step.added.size;
    known = step;
  }
  const { endByte, crc, arrivedAtMs } = known;
  return { pieces, endByte, crc, arrivedAtMs, isLong: seen > 2 * pieces.size + 100 };
}

/** @throws a system error */
export async function appendToLog(directory: string, step: LogStep): Promise<void> {
  await appendFile(join(directory, pieceLogName), textOf(step), { mode: 0o600 });
}

/** Replaces the log. @throws a system error */
export async function writeLog(directory: string, pieces: Pieces, known: KnownPart): Promise<void> {
  const part = join(directory, `.${randomUUID()}.part`);
  try {
    await writeFile(part, textOf({ ...known, added: pieces, removed: [] }), { mode: 0o600 });
    await rename(part, join(directory, pieceLogName));
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

function textOf({ added, removed, endByte: end, crc, arrivedAtMs }: LogStep): string {
  const arrived = Number.isFinite(arrivedAtMs) ? arrivedAtMs : null;
  const add = Object.fromEntries([...added].map(([id, hashes]) => [id, textOfHashes(hashes)]));
  const json = JSON.stringify({ end, crc, arrived, add, remove: removed });
  return `${checkOf(json)} ${json}\n`;
}

function textOfHashes(hashes: LineHashes): string {
  const bytes = Buffer.alloc(hashes.length * hashBytes);
  for (const [at, hash] of hashes.entries()) bytes.writeBigUInt64LE(hash, at * hashBytes);
  return bytes.toString('base64');
}

/** A changed hash would be valid JSON, and cost or double a line. */
const checkOf = (json: string): string => crc32(json).toString(16).padStart(checkDigits, '0');

function readStep(line: string): LogStep | undefined {
  const json = line.slice(checkDigits + 1);
  if (line !== `${checkOf(json)} ${json}`) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const read = v.safeParse(stepLine, value);
  if (!read.success) return undefined;
  const { end: endByte, crc, arrived, add, remove: removed } = read.output;
  const added: Pieces = new Map(
    Object.entries(add).map(([id, bytes]) => [
      id,
      Array.from({ length: bytes.length / hashBytes }, (_, at) =>
        bytes.readBigUInt64LE(at * hashBytes),
      ),
    ]),
  );
  return { endByte, crc, arrivedAtMs: arrived ?? -Infinity, added, removed };
}
