/** Temporary files of a spool: a later start recognizes unfinished files by their names. */
import { randomBytes } from 'node:crypto';
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { writeNewFile } from '../../shared/files/durable-file.js';
import { systemCode } from '../../shared/cli/errors.js';
import { type Entry, type EntryHeader, encodeEntry } from './entry.js';

const partPattern = /^\.[0-9a-f]{16}\.part$/;

export function partName(): string {
  return `.${randomBytes(8).toString('hex')}.part`;
}

/** Removes the temporary files of a killed process. The caller holds the state lock. @throws a system error */
export async function removeParts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (partPattern.test(name)) await unlink(join(folder, name));
  }
}

/** Writes an entry to a new file, flushed; its modification time is the capture time. @throws a system error */
export async function writeEntry(path: string, { header, body }: Entry): Promise<void> {
  const modifiedAtMs = timeOf(header);
  // Times before 1970 or after 2038 are left out: not every file system can store them.
  const times = modifiedAtMs >= 0 && modifiedAtMs < 2 ** 31 * 1000 ? { modifiedAtMs } : {};
  await writeNewFile(path, encodeEntry({ header, body }), times);
}

function timeOf(header: EntryHeader): number {
  switch (header.type) {
    case 'frame':
      return header.capturedAtMs;
    case 'dropped':
      return header.lastCapturedAtMs;
    case 'report':
      return header.toMs;
  }
}

/** Whether link(2) failed since the file system has no hard links. */
export function lacksHardLinks(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(systemCode(error) ?? '');
}
