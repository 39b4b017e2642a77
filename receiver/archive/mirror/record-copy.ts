/**
 * The file `record.jsonl` of a day of the mirror. Lines are appended; when some were taken out, another file replaces
 * it, as in a captures directory: readers know a line by its place. Its modification time is that of the newest arrival.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat, truncate, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { secondsOf } from '../../../shared/files/durable-file.js';
import { ifExists } from '../../../shared/files/if-exists.js';
import { recordName } from '../../store/day-record.js';
import { dayIndexName } from '../day-index.js';
import { readRecordLine } from '../record-entry.js';
import { type KnownPart, noPart } from './piece-log.js';

const writeBytes = 256 * 1024;
/** Empty lines at the start, which readers skip: they tell an index that it is of an earlier file. */
const maxEmptyLines = 16;

/** @returns bytes of the record; undefined: there is none @throws a system error */
export async function recordSize(directory: string): Promise<number | undefined> {
  return (await ifExists(stat(join(directory, recordName))))?.size;
}

/** Whether the record begins with this part. @throws a system error */
export async function beginsWith(directory: string, { endByte, crc }: KnownPart): Promise<boolean> {
  if (((await recordSize(directory)) ?? 0) < endByte) return false;
  let found = 0;
  if (endByte === 0) return true;
  const options = { start: 0, end: endByte - 1 };
  for await (const piece of createReadStream(join(directory, recordName), options)) {
    found = crc32(piece as Buffer, found);
  }
  return found === crc;
}

/**
 * Appends whole lines.
 * @param arrivedAtMs of the newest entry of the record then @throws a system error: some of them may be there
 */
export async function appendLines(
  directory: string,
  lines: Buffer,
  part: KnownPart,
  arrivedAtMs: number,
): Promise<KnownPart> {
  const file = await open(join(directory, recordName), 'a', 0o600);
  try {
    await file.writeFile(lines);
  } finally {
    await file.close();
  }
  await setArrival(directory, arrivedAtMs);
  return { ...grown(part, lines), arrivedAtMs };
}

export const grown = (part: KnownPart, lines: Buffer): KnownPart => ({
  ...part,
  ...{ endByte: part.endByte + lines.length, crc: crc32(lines, part.crc) },
});

/** Removes a line that was cut off after a place. @returns the whole lines there @throws a system error */
export async function cutTornLine(directory: string, fromByte: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const path = join(directory, recordName);
  for await (const piece of createReadStream(path, { start: fromByte })) {
    pieces.push(piece as Buffer);
  }
  const bytes = Buffer.concat(pieces);
  const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
  if (whole.length < bytes.length) await truncate(path, fromByte + whole.length);
  return whole;
}

/**
 * Replaces the record by some of its lines.
 * @param isKept asked for each line, without its line end, as Latin-1 @throws a system error: it is as it was
 */
export async function replaceRecord(
  directory: string,
  isKept: (line: string) => boolean,
): Promise<KnownPart> {
  const part = join(directory, `.${randomUUID()}.part`);
  const file = await open(part, 'wx', 0o600);
  let known = noPart;
  const write = async (text: string): Promise<void> => {
    const bytes = Buffer.from(text, 'latin1');
    await file.writeFile(bytes);
    known = grown(known, bytes);
  };
  try {
    let [text, emptyLines, isStart, arrivedAtMs] = ['', 0, true, -Infinity];
    for await (const line of linesOf(directory)) {
      if (isStart && line === '') {
        emptyLines += 1;
        continue;
      }
      if (isStart) text = '\n'.repeat((emptyLines % maxEmptyLines) + 1);
      isStart = false;
      if (!isKept(line)) continue;
      text += `${line}\n`;
      arrivedAtMs = Math.max(arrivedAtMs, arrivalOf(line));
      if (text.length < writeBytes) continue;
      await write(text);
      text = '';
    }
    await write(text);
    await file.close();
    await rm(join(directory, dayIndexName), { force: true });
    await rename(part, join(directory, recordName));
    await setArrival(directory, arrivedAtMs);
    return { ...known, arrivedAtMs };
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(part, { force: true });
    throw error;
  }
}

/** @throws a system error */
export async function removeRecord(directory: string): Promise<void> {
  for (const name of [recordName, dayIndexName]) await rm(join(directory, name), { force: true });
}

/** Tells readers when the newest entry arrived, as a captures directory does. @throws a system error */
async function setArrival(directory: string, arrivedAtMs: number): Promise<void> {
  if (!Number.isFinite(arrivedAtMs)) return;
  const seconds = secondsOf(arrivedAtMs);
  await utimes(join(directory, recordName), seconds, seconds);
}

/** When the entry of a line arrived, or a note was written. -Infinity: it is unknown */
export function arrivalOf(line: string): number {
  const read = readRecordLine(line);
  if (read === undefined) return -Infinity;
  return (
    ('receivedAtMs' in read ? read.receivedAtMs : 'atMs' in read ? read.atMs : undefined) ??
    -Infinity
  );
}

/** Whole lines, without their line ends. */
async function* linesOf(directory: string): AsyncGenerator<string> {
  let rest = '';
  const path = join(directory, recordName);
  for await (const piece of createReadStream(path, { encoding: 'latin1' })) {
    const lines = (rest + (piece as string)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
