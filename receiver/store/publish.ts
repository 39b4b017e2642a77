/**
 * Gives a finished file its final name, never over another file, so that whoever sees the name sees the
 * whole file. Two processes may do this at once.
 */
import { link, open, rename, unlink } from 'node:fs/promises';
import { systemCode } from '../../shared/errors.js';

/** What a file system without hard links answers to link(2): exFAT, many network and FUSE ones. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Moves `temporaryPath` to `finalPath` when that name is free.
 * @returns false when it is taken; the temporary file is then still there
 * @throws a system error; the temporary file is then still there
 */
export async function publishFile(temporaryPath: string, finalPath: string): Promise<boolean> {
  try {
    await link(temporaryPath, finalPath);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') return false;
    if (code !== undefined && noLinks.has(code))
      return publishByReservation(temporaryPath, finalPath);
    throw error;
  }
  await unlink(temporaryPath);
  return true;
}

/**
 * rename(2) replaces in silence, so the name is taken first by an exclusive create. A crash between the
 * two leaves an empty file: no picture, but a name that no picture can have.
 */
async function publishByReservation(temporaryPath: string, finalPath: string): Promise<boolean> {
  try {
    await (await open(finalPath, 'wx')).close();
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await rename(temporaryPath, finalPath);
  } catch (error) {
    await unlink(finalPath);
    throw error;
  }
  return true;
}
