/** Temporary files of a spool: a later start recognizes unfinished files by their names. */
import { randomBytes } from 'node:crypto';
import { link, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { writeNewFile } from '../../shared/files/durable-file.js';
import { systemCode } from '../../shared/cli/errors.js';
import { type Entry, encodeEntry } from './entry.js';

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
  const modifiedAtMs = header.type === 'frame' ? header.capturedAtMs : header.lastCapturedAtMs;
  // Times before 1970 or after 2038 are left out: not every file system can store them.
  const times = modifiedAtMs >= 0 && modifiedAtMs < 2 ** 31 * 1000 ? { modifiedAtMs } : undefined;
  await writeNewFile(path, encodeEntry({ header, body }), times);
}

/**
 * Gives a file a second name and replaces the file that has this name. The folder is not flushed.
 * @param part an unused name in the folder of `final`; it may remain after an error
 * @returns false: the file system has no hard links @throws a system error
 */
export async function linkInto(path: string, final: string, part: string): Promise<boolean> {
  try {
    await link(path, part);
    // Through a temporary name: link(2) fails when the name exists, rename(2) replaces it.
    await rename(part, final);
    return true;
  } catch (error) {
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(systemCode(error) ?? '')) {
      return false;
    }
    throw error;
  }
}
