/**
 * Appends notes to a day's record, and flushes them, while receivers append beside. A record that was replaced
 * meanwhile gets them again: a line may occur twice.
 */
import { type FileHandle, constants } from 'node:fs/promises';
import { recordName } from '../store/day-record.js';
import { writeAll } from '../store/file-calls.js';
import type { Folder } from '../store/folder.js';
import { type StoreNote, noteLine } from '../store/store-note.js';

const flags = constants.O_RDWR | constants.O_APPEND;
/** Appends of the same notes, while the record is replaced each time. */
const maxAttempts = 3;

/**
 * Resolves when the notes are on the disk.
 * @returns bytes that the record has grown by, when no other process has appended meanwhile
 * @throws a system error, ENOENT when there is no record; {OperationalError} STORE: it is a link
 */
export async function appendNotes(folder: Folder, notes: readonly StoreNote[]): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const file = await folder.openFile(recordName, flags);
    try {
      const text = notes.map(noteLine).join('');
      const start = (await endsWhole(file)) ? '' : '\n'; // after a line that was cut off
      const bytes = Buffer.from(start + text);
      writeAll(file.fd, bytes);
      await file.sync();
      const { ino, nlink } = await file.stat({ bigint: true });
      if (nlink > 0n && folder.lstat(recordName)?.ino === ino) return bytes.length;
      if (attempt === maxAttempts) {
        throw new Error(`${folder.path}/${recordName} is replaced again and again`);
      }
    } finally {
      await file.close();
    }
  }
}

async function endsWhole(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return true;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString('latin1') === '\n';
}
