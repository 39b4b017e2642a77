/**
 * Files that survive a power cut: written completely, flushed, and their directory flushed after them.
 * Knows no names and formats; system errors (ENOSPC, EROFS, …) are passed on unchanged.
 */
import { mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../cli/errors.js';

export interface FileAttributes {
  /** Independent of the umask. */
  readonly mode?: number;
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** Becomes the file's modification time, milliseconds since 1970 UTC. */
  readonly modifiedAtMs?: number;
}

/**
 * Creates `path`, writes `content`, flushes it to the disk. The directory is not flushed: a power cut may still remove
 * the name. After a failure a partial file may exist; the caller removes it.
 * @throws a system error, EEXIST when the path exists
 */
export async function writeNewFile(
  path: string,
  content: Buffer | string,
  { mode, owner, modifiedAtMs }: FileAttributes = {},
): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    // writeFile continues after a short write, and fails rather than omit bytes.
    await file.writeFile(content);
    if (owner) await file.chown(owner.uid, owner.gid);
    if (mode !== undefined) await file.chmod(mode);
    if (modifiedAtMs !== undefined) {
      const seconds = secondsOf(modifiedAtMs);
      await file.utimes(seconds, seconds);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A time for utimes. A float of seconds may be below the millisecond and is truncated to microseconds: add 0.5 µs. */
export function secondsOf(ms: number): number {
  return (ms + 0.0005) / 1000;
}

/**
 * Replaces the file at `path`, whole or not at all, and flushes its directory.
 * @param part an unused name in the same directory; it is free again afterwards, also after a failure
 * @param write writes the new file at `part`, flushed. When it makes a link to the file at `path` itself, `part` stays:
 *   rename(2) does nothing when both names are links to one file
 * @throws a system error; after a failed flush the file has the new content, and a power cut may bring back the old
 */
export async function replaceFile(
  path: string,
  part: string,
  write: (part: string) => Promise<void>,
): Promise<void> {
  try {
    await write(part);
    await rename(part, path);
  } catch (error) {
    // The first error is reported.
    await rm(part, { force: true }).catch(() => undefined);
    throw error;
  }
  await flushToDisk(dirname(path));
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
 * Creates one directory, whose parent must exist, and flushes the parent. An existing directory is not an error.
 * @throws a system error: ENOENT when the parent is missing, EEXIST when the path is not a directory
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
    // The name may not be on the disk, and a second flush would not write it: the next call creates it anew.
    await rmdir(path).catch(() => undefined);
    throw error;
  }
}

/** Creates a directory and its missing parents, and flushes each. @throws a system error */
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
