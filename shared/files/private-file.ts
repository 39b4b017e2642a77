/**
 * A folder that only its owner may read, and files in it: written whole or not at all, flushed, mode 0600. What
 * root writes belongs to the folder's owner, so that a service can read what an administrator made. That owner
 * may put links there at any moment, so root works through a handle of the folder (Linux: /proc/self/fd/N) and
 * follows no link that anybody but root can have made.
 */
import { randomUUID } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { makeDirectories } from './durable-file.js';
import { systemCode } from '../cli/errors.js';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const asFolder = O_RDONLY | O_DIRECTORY;
/** Does not wait for who writes into a pipe. */
export const asOwnFile = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

export class PrivateFolder {
  readonly #path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** @throws a system error: ENOENT when it is missing, ELOOP or ENOTDIR when it is a link */
  static async open(path: string): Promise<PrivateFolder> {
    return new PrivateFolder(path, await openFolder(resolve(path), false));
  }

  /** Makes it, and what is missing above it, for its owner alone. @throws a system error */
  static async make(path: string): Promise<PrivateFolder> {
    return new PrivateFolder(path, await openFolder(resolve(path), true));
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** Takes every right from all but its owner. @throws a system error */
  async ensureMode(): Promise<void> {
    const { mode } = await this.#handle.stat();
    if ((mode & 0o077) !== 0) await this.#handle.chmod(0o700);
  }

  /** @throws a system error */
  names(): Promise<string[]> {
    return readdir(this.at('.'));
  }

  /** Where a file of it is now, for one system call. */
  at(name: string): string {
    return within(this.#handle, this.#path, name);
  }

  /** @throws a system error: ENOENT when there is none, ELOOP when it is a link; Error: it is no file */
  async read(name: string): Promise<string> {
    const file = await this.openFile(name);
    try {
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  }

  /** To be read. @throws as `read` */
  async openFile(name: string): Promise<FileHandle> {
    const file = await open(this.at(name), asOwnFile);
    try {
      if (!(await file.stat()).isFile()) throw new Error(`${join(this.#path, name)} is no file`);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Puts `text` in place of what is there. @throws a system error: then what was there is there still */
  async write(name: string, text: string): Promise<void> {
    const temporary = `.${name}.${randomUUID()}.part`;
    try {
      const file = await open(this.at(temporary), 'wx', 0o600);
      try {
        await file.writeFile(text);
        if (isRoot()) {
          const { uid, gid } = await this.#handle.stat();
          await file.chown(uid, gid);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(this.at(temporary), this.at(name));
    } catch (error) {
      await rm(this.at(temporary), { force: true }).catch(() => undefined); // the first error is the one to tell
      throw error;
    }
    await this.#handle.sync();
  }

  /** Removes files, those that are there, and flushes that. @throws a system error */
  async remove(...names: string[]): Promise<void> {
    for (const name of names) await rm(this.at(name), { force: true });
    await this.#handle.sync();
  }
}

/** @throws as `PrivateFolder.open` and `write` */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await withFolder(PrivateFolder.open(dirname(path)), (folder) =>
    folder.write(basename(path), text),
  );
}

export async function withFolder<T>(
  opening: Promise<PrivateFolder>,
  work: (folder: PrivateFolder) => Promise<T>,
): Promise<T> {
  const folder = await opening;
  try {
    return await work(folder);
  } finally {
    await folder.close();
  }
}

async function openFolder(path: string, isMade: boolean): Promise<FileHandle> {
  if (isRoot() && handlePaths) return await walk(path, isMade);
  try {
    return await openLast(path);
  } catch (error) {
    if (!isMade || systemCode(error) !== 'ENOENT') throw error;
  }
  const parent = dirname(path);
  await makeDirectories(parent, 0o700);
  const above = await open(parent, asFolder);
  try {
    return await makeIn(above, parent, basename(path));
  } finally {
    await above.close();
  }
}

/**
 * From the root on, name by name. Links are followed where only root can have made them: `/var/lib/NAME` may
 * lead to `/var/lib/private/NAME`.
 */
async function walk(path: string, isMade: boolean): Promise<FileHandle> {
  const names = path.split(sep).filter((name) => name !== '');
  let folder = await open(sep, asFolder);
  let shown = '';
  for (const [index, name] of names.entries()) {
    const above = folder;
    try {
      const { uid, mode } = await above.stat();
      const isTrusted = uid === 0 && (mode & 0o022) === 0 && index < names.length - 1;
      folder = await open(within(above, shown, name), asFolder | (isTrusted ? 0 : O_NOFOLLOW));
    } catch (error) {
      if (!isMade || systemCode(error) !== 'ENOENT') throw error;
      folder = await makeIn(above, shown, name);
    } finally {
      await above.close();
    }
    shown = `${shown}${sep}${name}`;
  }
  return folder;
}

/** Makes one folder in another, whose owner it is to have, and flushes that. */
async function makeIn(above: FileHandle, shown: string, name: string): Promise<FileHandle> {
  const path = within(above, shown, name);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    return await openLast(path); // made meanwhile
  }
  const made = await openLast(path);
  try {
    if (isRoot()) {
      const { uid, gid } = await above.stat();
      await made.chown(uid, gid);
    }
    await above.sync();
    return made;
  } catch (error) {
    await made.close();
    throw error;
  }
}

/** The last name of the path is not followed. Where there is no O_NOFOLLOW, it is looked at before. */
async function openLast(path: string): Promise<FileHandle> {
  if (!handlePaths && (await lstat(path)).isSymbolicLink()) {
    throw Object.assign(new Error(`ELOOP: ${path} is a link`), { code: 'ELOOP' });
  }
  return await open(path, asFolder | O_NOFOLLOW);
}

function within(handle: FileHandle, path: string, name: string): string {
  return join(handlePaths ? `/proc/self/fd/${handle.fd}` : path, name);
}

/** Linux, and /proc is mounted. */
const handlePaths = hasHandlePaths();

function hasHandlePaths(): boolean {
  try {
    accessSync('/proc/self/fd');
    return process.platform === 'linux';
  } catch {
    return false;
  }
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}
