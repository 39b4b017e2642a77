/**
 * Files that survive a power cut: written whole, flushed, and their directory flushed after them.
 * Says nothing about names and formats; errors come as the system gives them (ENOSPC, EROFS, …).
 */
import { mkdir, open, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../cli/errors.js';

export interface FileTimes {
  /** Becomes the file's modification time, milliseconds since 1970 UTC. */
  readonly modifiedAtMs: number;
}

/**
 * Creates `path`, writes `bytes`, flushes them to the disk. The directory is not flushed: the name may
 * still vanish. On failure the file may be there in part; the caller removes it.
 * @throws a system error, EEXIST when the name is taken
 */
export async function writeNewFile(path: string, bytes: Buffer, times?: FileTimes): Promise<void> {
  const file = await open(path, 'wx');
  try {
    // writeFile goes on after a short write, and fails rather than leave bytes out.
    await file.writeFile(bytes);
    if (times) {
      // Seconds as a float fall short of a millisecond by a hair, and are then cut off to microseconds.
      const seconds = (times.modifiedAtMs + 0.0005) / 1000;
      await file.utimes(seconds, seconds);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Flushes a file's or a directory's own entry list to the disk. @throws a system error */
export async function flushToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes one directory, whose parent must exist, and flushes the parent. One that is there already is fine.
 * @throws a system error: ENOENT when the parent is missing, EEXIST when it is no directory
 */
export async function makeDirectory(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && (await stat(path)).isDirectory()) return;
    throw error;
  }
  try {
    await flushToDisk(dirname(path));
  } catch (error) {
    // The name need not be on the disk, and a second flush would not write it: the next call makes it anew.
    await rmdir(path).catch(() => undefined);
    throw error;
  }
}

/** Makes a directory and what is missing above it, and flushes each. @throws a system error */
export async function makeDirectories(path: string, mode = 0o777): Promise<void> {
  try {
    await makeDirectory(path, mode);
  } catch (error) {
    const parent = dirname(path);
    if (systemCode(error) !== 'ENOENT' || parent === path) throw error;
    await makeDirectories(parent, mode);
    await makeDirectory(path, mode);
  }
}
