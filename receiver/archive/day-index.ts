/**
 * The index of a day's record, `.day-index` in the day's folder: what a reader of thousands of frames needs without
 * their lines. It grows with the record: each opening reads the lines that are new, and appends them as a block. A
 * missing or unusable file is built anew. Two processes may do this at once; nothing is flushed, since it is derived.
 */
import { crc32 } from 'node:zlib';
import { randomUUID } from 'node:crypto';
import { type FileHandle, constants } from 'node:fs/promises';
import { systemCode } from '../../shared/cli/errors.js';
import { recordName } from '../store/day-record.js';
import { writeAll } from '../store/file-calls.js';
import type { Folder } from '../store/folder.js';
import {
  type IndexedDay,
  type RecordStart,
  decodeIndex,
  emptyDay,
  encodeBlock,
  encodeHeader,
  recordStartBytes,
  writtenOf,
} from './day-index-format.js';
import type { RecordLine } from './record-entry.js';
import { readRecord } from './record-reader.js';

export const dayIndexName = '.day-index';
/** New lines for which a block is written; fewer are read again at the next opening. */
const minBlockBytes = 16 * 1024;
/** A frame's line is about this long; a wrong guess costs memory for a moment. */
const lineBytes = 350;
const appendFlags = constants.O_WRONLY | constants.O_APPEND;

/**
 * The index of a folder's record as it is now. It is written when it can be; where it cannot (a read-only directory),
 * the result is the same.
 * @param indexFolder has the index: the folder of the record, or one of a reader that may not write there
 * @returns undefined: the folder has no record
 * @throws {OperationalError} STORE: the record is a link or not a regular file; or a system error
 */
export async function openDayIndex(
  folder: Folder,
  indexFolder = folder,
): Promise<IndexedDay | undefined> {
  const start = await readStart(folder);
  if (start === undefined) return undefined;
  const { day, isWritten } = await readIndex(folder, indexFolder, start);
  const written = writtenOf(day);
  const newBytes = Number(folder.lstat(recordName)?.size ?? 0n) - day.endByte;
  day.columns.reserve(day.columns.length + Math.ceil(newBytes / lineBytes));
  await growDay(folder, day);
  day.columns.trim();
  const block = (): Buffer => encodeBlock(day, written);
  if (!isWritten)
    await tryTo(() => replaceIndex(indexFolder, [encodeHeader(start(recordStartBytes)), block()]));
  else if (day.endByte - written.endByte >= minBlockBytes) {
    await tryTo(() => appendBlock(indexFolder, block()));
  }
  return day;
}

/** Adds the lines that its record has after `day.endByte`, in memory. @throws as `openDayIndex` */
export async function growDay(folder: Folder, day: IndexedDay): Promise<void> {
  const read = await readRecord(
    folder,
    (entry, lineAt) => addEntry(day, entry, lineAt),
    day.endByte,
  );
  day.endByte = read?.endByte ?? day.endByte;
  day.skippedLines += read?.skippedLines ?? 0;
}

function addEntry(day: IndexedDay, entry: RecordLine, lineAt: number): void {
  if (entry.kind === 'frame') day.columns.add(entry, lineAt);
  else if (entry.kind === 'gap') day.gaps.push(entry);
  else if (entry.kind === 'report') day.reports.push(entry);
  else day.notes.push(entry);
}

type StartOf = (bytes: number) => RecordStart;

/** @returns undefined: the folder has no record */
async function readStart(folder: Folder): Promise<StartOf | undefined> {
  const first = await readFile(folder, recordName, recordStartBytes);
  if (first === undefined) return undefined;
  return (bytes) => {
    const part = first.subarray(0, bytes);
    return { bytes: part.length, crc: crc32(part) };
  };
}

async function readIndex(folder: Folder, indexFolder: Folder, start: StartOf) {
  const file = await readFile(indexFolder, dayIndexName).catch(() => undefined);
  const day = file && decodeIndex(file, start);
  const size = Number(folder.lstat(recordName)?.size ?? 0n);
  // A record that became shorter is another one.
  const isUsable = day !== undefined && day.endByte <= size;
  return isUsable ? { day, isWritten: true } : { day: emptyDay(), isWritten: false };
}

/** @returns undefined: there is none @throws as `Folder.openFile` */
async function readFile(
  folder: Folder,
  name: string,
  maxBytes = Infinity,
): Promise<Buffer | undefined> {
  let file: FileHandle;
  try {
    file = await folder.openFile(name, constants.O_RDONLY);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    if (maxBytes === Infinity) return await file.readFile();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function replaceIndex(folder: Folder, parts: readonly Buffer[]): Promise<void> {
  const part = `.${randomUUID()}.part`;
  const file = await folder.createFile(part, 0o640);
  try {
    for (const bytes of parts) writeAll(file.fd, bytes);
    folder.rename(part, folder, dayIndexName);
  } catch (error) {
    folder.removeIfThere(part);
    throw error;
  } finally {
    await file.close();
  }
}

async function appendBlock(folder: Folder, block: Buffer): Promise<void> {
  const file = await folder.openFile(dayIndexName, appendFlags);
  try {
    writeAll(file.fd, block);
  } finally {
    await file.close();
  }
}

/** The index is complete in memory; a disk that is full or read-only does not take it. */
async function tryTo(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}
