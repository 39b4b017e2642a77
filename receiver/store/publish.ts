/**
 * Gives a finished file its final name, never over another file, so that a file under a final name is always
 * whole. Two processes may do this at once.
 */
import { systemCode } from '../../shared/cli/errors.js';
import type { Folder } from './folder.js';

export interface FileAt {
  readonly folder: Folder;
  readonly name: string;
}

/** Errors of link(2) on file systems without hard links: exFAT, many network and FUSE ones. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);
/** Version 0.1 reserved a name with an empty file and then renamed over it. After this time its process is dead. */
const emptyForMs = 60_000n;

/**
 * Moves a temporary file to its final name, if that is free.
 * @returns false when the name is taken; the temporary file then remains
 * @throws a system error; the temporary file then remains
 */
export async function publishFile(temporary: FileAt, final: FileAt): Promise<boolean> {
  try {
    temporary.folder.link(temporary.name, final.folder, final.name);
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code === 'EEXIST' && !isFree(final)) return false;
    if (code === 'EEXIST' || noLinks.has(code)) return await publishByReservation(temporary, final);
    throw error;
  }
  temporary.folder.unlink(temporary.name);
  return true;
}

/**
 * Moves a temporary file over another with the same bytes. Not `replaceFile` of shared/files: it goes through the
 * handles of two folders, and the caller flushes one folder for several names. @throws a system error
 */
export function renameOver(temporary: FileAt, final: FileAt): void {
  temporary.folder.rename(temporary.name, final.folder, final.name);
}

/**
 * rename(2) replaces without an error, so the name is reserved first, by a file beside the temporary one. A crash
 * leaves that file, which a later start removes as unfinished; until then the name counts as taken.
 */
async function publishByReservation(temporary: FileAt, final: FileAt): Promise<boolean> {
  const reservation = `${final.name}.reserved.part`;
  try {
    await temporary.folder.writeNew(reservation, Buffer.alloc(0));
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    if (!isFree(final)) return false;
    renameOver(temporary, final);
    return true;
  } finally {
    temporary.folder.removeIfThere(reservation);
  }
}

/** Whether nothing has the name, or only an empty file that no living process will fill. */
function isFree({ folder, name }: FileAt): boolean {
  const stats = folder.lstat(name);
  if (stats === undefined) return true;
  const ageMs = BigInt(Date.now()) - stats.ctimeMs;
  return stats.isFile() && stats.size === 0n && ageMs > emptyForMs;
}
