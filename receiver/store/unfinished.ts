/** Unfinished files, `*.part`: where they lie, and that those of killed processes do not stay. */
import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../shared/errors.js';

/** Beside the camera's days, so on the same file system. */
export const incomingFolder = '.incoming';
/** An unfinished file lives for as long as one write: this old, its process is dead. */
const abandonedAfterMs = 10 * 60_000;

/** Removes what killed processes left below the captures directory. @throws a system error */
export async function removeAbandoned(directory: string, nowMs: number): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await removeAbandonedIn(join(path, incomingFolder), nowMs);
    else if (/^\.picchanged\.json\..*\.part$/.test(entry.name)) {
      await removeIfOld(path, nowMs);
    }
  }
}

/** Removes what killed processes left in one folder of unfinished files. @throws a system error */
export async function removeAbandonedIn(incoming: string, nowMs: number): Promise<void> {
  if (!(await isFolder(incoming))) return; // a link leads to what is not ours
  const names = (await namesIn(incoming)).filter((name) => name.endsWith('.part'));
  for (const name of names) await removeIfOld(join(incoming, name), nowMs);
}

export async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch {
    // On a broken disk the first error is the one to tell; the file is removed at a later start.
  }
}

async function removeIfOld(path: string, nowMs: number): Promise<void> {
  try {
    // Its modification time may be the capture's; when it was made and renamed tells its age.
    const { ctimeMs } = await lstat(path);
    if (nowMs - ctimeMs > abandonedAfterMs) await removeIfThere(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error; // another process was done with it
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}
