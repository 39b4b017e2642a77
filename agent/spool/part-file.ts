/** Files of a spool that are being written, under names that a later start knows for unfinished. */
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

/** Removes what a killed process was writing. Only for whoever holds the lock. @throws a system error */
export async function removeParts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (partPattern.test(name)) await unlink(join(folder, name));
  }
}

/** Writes an entry as a new, flushed file, its time that of the capture. @throws a system error */
export async function writeEntry(path: string, { header, body }: Entry): Promise<void> {
  const modifiedAtMs = header.type === 'frame' ? header.capturedAtMs : header.lastCapturedAtMs;
  // A clock that is absurd would make a time that no file system keeps.
  const times = modifiedAtMs >= 0 && modifiedAtMs < 2 ** 31 * 1000 ? { modifiedAtMs } : undefined;
  await writeNewFile(path, encodeEntry({ header, body }), times);
}

/**
 * Gives a file a second name, in place of whatever has that name. The folder is not flushed.
 * @param part a free name in the same folder, which may be left behind
 * @returns false where the file system has no links @throws a system error
 */
export async function linkInto(path: string, final: string, part: string): Promise<boolean> {
  try {
    await link(path, part);
    // By way of another name: link(2) fails on a name that is there, rename(2) does not.
    await rename(part, final);
    return true;
  } catch (error) {
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(systemCode(error) ?? '')) {
      return false;
    }
    throw error;
  }
}
