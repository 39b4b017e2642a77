/**
 * Takes the lines of entries that are gone out of a record: a summary stands for them. The record is replaced by a new
 * file, while receivers append: a process that has appended to the old file notices that it has no name any more, and
 * appends again to the new one. What it has appended before that is copied. A line may so occur twice.
 *
 * The caller holds the lock of the store's changes: two processes do not replace the same record.
 */
import { randomUUID } from 'node:crypto';
import { fstatSync } from 'node:fs';
import { type FileHandle, constants } from 'node:fs/promises';
import { systemCode } from '../../shared/cli/errors.js';
import { recordName } from '../store/day-record.js';
import { writeAll } from '../store/file-calls.js';
import type { Folder } from '../store/folder.js';
import { noteLine } from '../store/store-note.js';
import { dayIndexName } from './day-index.js';
import type { RecordEntry } from './record-entry.js';
import { readRecord } from './record-reader.js';
import { RemovedEntries } from './removed-entries.js';

export interface Compaction {
  /** The camera of the folder. */
  readonly camera: string;
  readonly atMs: number;
  /** Of the new summary: `deleted` or `erased`. */
  readonly why: 'deleted' | 'erased';
  /** Whether the line of an entry is taken out. A frame's file must be removed before. */
  readonly isGone: (entry: RecordEntry) => boolean;
}

/** A part of the record, in bytes. */
interface Part {
  readonly start: number;
  readonly end: number;
}

const pieceBytes = 256 * 1024;
const lineEnd = 0x0a;
/** Looks for new lines before the rename. */
const maxRounds = 5;

/**
 * @returns the number of entries whose lines were taken out; 0: the record is as it was
 * @throws a system error; {OperationalError} STORE: the record is a link or not a regular file
 */
export async function compactRecord(folder: Folder, compaction: Compaction): Promise<number> {
  let file: FileHandle;
  try {
    file = await folder.openFile(recordName, constants.O_RDONLY);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 0;
    throw error;
  }
  try {
    const { removed, parts, endByte } = await plan(folder, compaction);
    if (removed.count === 0) return 0;
    const notes = removed.notes(compaction).map(noteLine).join('');
    await replace(folder, file, { notes, parts, endByte });
    return removed.count;
  } finally {
    await file.close();
  }
}

async function plan(folder: Folder, { isGone, why }: Compaction) {
  const removed = new RemovedEntries(why);
  const parts: Part[] = [];
  const read = await readRecord(folder, (line, start, byteCount) => {
    if (!removed.take(line, isGone)) return;
    const last = parts.at(-1);
    const end = start + byteCount + 1;
    if (last?.end === start) parts[parts.length - 1] = { start: last.start, end };
    else parts.push({ start, end });
  });
  return { removed, parts, endByte: read?.endByte ?? 0 };
}

interface Replacement {
  readonly notes: string;
  /** What is not copied. */
  readonly parts: readonly Part[];
  /** The end of the part that `parts` is about. */
  readonly endByte: number;
}

async function replace(
  folder: Folder,
  from: FileHandle,
  { notes, parts, endByte }: Replacement,
): Promise<void> {
  const temporary = `.${randomUUID()}.part`;
  await (await folder.createFile(temporary, 0o600)).close();
  // Other processes append too as soon as it has its name.
  const to = await folder.openFile(temporary, constants.O_WRONLY | constants.O_APPEND);
  try {
    await keepAccess(from, to);
    // First: the start of the file tells the day index that it is another record.
    writeAll(to.fd, Buffer.from(notes));
    let at = 0;
    for (const { start, end } of parts) {
      await copy(from, to, at, start);
      at = end;
    }
    await copy(from, to, at, endByte);
    const copied = await copyNewLines(from, to, endByte);
    folder.removeIfThere(dayIndexName);
    folder.rename(temporary, folder, recordName);
    await folder.sync();
    await appendRest(from, to, copied);
  } catch (error) {
    folder.removeIfThere(temporary);
    throw error;
  } finally {
    await to.close();
  }
}

/**
 * Copies and flushes the whole lines that were appended meanwhile: a crash after the rename, before `appendRest`, loses
 * what is left, at most the lines of one flush beside a receiver that never pauses.
 * @returns the end of the last one
 */
async function copyNewLines(from: FileHandle, to: FileHandle, start: number): Promise<number> {
  let [copied, seen] = [start, start];
  await to.sync();
  for (let round = 0; round < maxRounds; round += 1) {
    const { size } = fstatSync(from.fd);
    if (size <= seen) break;
    const part = Buffer.alloc(size - copied);
    const { bytesRead } = await from.read(part, 0, part.length, copied);
    const lines = part.subarray(0, part.lastIndexOf(lineEnd, bytesRead - 1) + 1);
    if (lines.length > 0) {
      writeAll(to.fd, lines);
      await to.sync();
    }
    copied += lines.length;
    seen = size;
  }
  return copied;
}

/** Copies what was appended to the old file until it had no name any more. */
async function appendRest(from: FileHandle, to: FileHandle, start: number): Promise<void> {
  const { size } = await from.stat();
  if (size <= start) return;
  const rest = Buffer.alloc(size - start);
  const { bytesRead } = await from.read(rest, 0, rest.length, start);
  // One write, on a line of its own whatever another process has appended.
  writeAll(to.fd, Buffer.concat([Buffer.from('\n'), rest.subarray(0, bytesRead)]));
  await to.sync();
}

/** The receiver goes on appending, also when another user compacts. */
async function keepAccess(from: FileHandle, to: FileHandle): Promise<void> {
  const { uid, gid, mode } = await from.stat();
  const own = await to.stat();
  if (own.uid !== uid || own.gid !== gid) await to.chown(uid, gid);
  await to.chmod(mode & 0o777);
}

/** Appends a part of a file to another. */
async function copy(from: FileHandle, to: FileHandle, start: number, end: number): Promise<void> {
  const piece = Buffer.allocUnsafe(pieceBytes);
  let at = start;
  while (at < end) {
    const wanted = Math.min(pieceBytes, end - at);
    const { bytesRead } = await from.read(piece, 0, wanted, at);
    if (bytesRead === 0) break;
    writeAll(to.fd, piece.subarray(0, bytesRead));
    at += bytesRead;
  }
}
