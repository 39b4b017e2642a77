/** Reads the entries of a record file one after the other, in bounded memory. Reads only. */
import { constants, type FileHandle } from 'node:fs/promises';
import { systemCode } from '../../shared/cli/errors.js';
import { recordName } from '../store/day-record.js';
import type { Folder } from '../store/folder.js';
import { type RecordLine, readRecordLine } from './record-entry.js';

/** Longer than any line of a receiver: a longer line is unknown. */
const pieceBytes = 64 * 1024;
const lineEnd = 0x0a;

export interface RecordRead {
  /** Lines that are unknown or cut off; one without its line end is not whole yet, and is not counted. */
  readonly skippedLines: number;
  /** The position after the last whole line: where a later call may continue. */
  readonly endByte: number;
}

/** @param lineAt the position of its line @param byteCount of its line, without the line end */
export type OnLine = (line: RecordLine, lineAt: number, byteCount: number) => void;

/**
 * Calls `onLine` for each whole line that the record of a folder has now, in the order of the file.
 * @param fromByte start of a line
 * @returns undefined: the folder has no record
 * @throws {OperationalError} STORE: it is a link or not a regular file; or a system error
 */
export async function readRecord(
  folder: Folder,
  onLine: OnLine,
  fromByte = 0,
): Promise<RecordRead | undefined> {
  let file: FileHandle;
  try {
    file = await folder.openFile(recordName, constants.O_RDONLY);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = await file.stat();
    return await readLines(file, onLine, fromByte, size);
  } finally {
    await file.close();
  }
}

/** @param size of the file at the start: a receiver may append lines meanwhile */
async function readLines(
  file: FileHandle,
  onLine: OnLine,
  fromByte: number,
  size: number,
): Promise<RecordRead> {
  const piece = Buffer.allocUnsafe(pieceBytes);
  let [atByte, endByte, skippedLines] = [fromByte, fromByte, 0];
  /** The bytes at `atByte` are inside a line that is longer than a piece. */
  let isInLongLine = false;
  while (atByte < size) {
    const wanted = Math.min(pieceBytes, size - atByte);
    const { bytesRead } = await file.read(piece, 0, wanted, atByte);
    if (bytesRead === 0) break; // another process has truncated it
    const end = piece.lastIndexOf(lineEnd, bytesRead - 1) + 1;
    if (end === 0) {
      if (bytesRead < pieceBytes) break; // the last line is not whole
      isInLongLine = true;
      atByte += bytesRead;
      continue;
    }
    let start = 0;
    if (isInLongLine) {
      start = piece.indexOf(lineEnd) + 1;
      skippedLines += 1;
      isInLongLine = false;
    }
    let lineAt = atByte + start;
    // Latin-1: a character is a byte, and what is read of a line is ASCII.
    for (const line of piece.toString('latin1', start, end).split('\n')) {
      const entry = line === '' ? undefined : readRecordLine(line);
      if (entry !== undefined) onLine(entry, lineAt, line.length);
      else if (line !== '') skippedLines += 1;
      lineAt += line.length + 1;
    }
    atByte += end;
    endByte = atByte;
  }
  return { skippedLines, endByte };
}
