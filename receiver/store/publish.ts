/**
 * Gives a finished file its final name, never over another file, so that whoever sees the name sees the
 * whole file. Two processes may do this at once.
 */
import { systemCode } from '../../shared/cli/errors.js';
import type { Folder } from './folder.js';

export interface FileAt {
  readonly folder: Folder;
  readonly name: string;
}

/** What a file system without hard links answers to link(2): exFAT, many network and FUSE ones. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);
/** Version 0.1 took a name by an empty file and then renamed over it: this old, that process is dead. */
const emptyForMs = 60_000n;

/**
 * Moves a temporary file to its final name when that is free.
 * @returns false when it is taken; the temporary file is then still there
 * @throws a system error; the temporary file is then still there
 */
export async function publishFile(temporary: FileAt, final: FileAt): Promise<boolean> {
  try {
    await temporary.folder.link(temporary.name, final.folder, final.name);
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code === 'EEXIST' && !(await isFree(final))) return false;
    if (code === 'EEXIST' || noLinks.has(code)) return await publishByReservation(temporary, final);
    throw error;
  }
  await temporary.folder.unlink(temporary.name);
  return true;
}

/** Moves a temporary file in place of another that has the same bytes. @throws a system error */
export function replaceFile(temporary: FileAt, final: FileAt): Promise<void> {
  return temporary.folder.rename(temporary.name, final.folder, final.name);
}

/**
 * rename(2) replaces in silence, so the right to the name is taken first, by a file beside the temporary one.
 * A crash leaves that file, which is removed as unfinished at a later start; until then the name is passed over.
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
    if (!(await isFree(final))) return false;
    await replaceFile(temporary, final);
    return true;
  } finally {
    await temporary.folder.removeIfThere(reservation);
  }
}

/** Whether nothing has the name, or an empty file that no process is about to fill. */
async function isFree({ folder, name }: FileAt): Promise<boolean> {
  const look = await folder.look(name);
  if (look === undefined) return true;
  const ageMs = BigInt(Date.now()) - look.ctimeMs;
  return look.isFile() && look.size === 0n && ageMs > emptyForMs;
}
