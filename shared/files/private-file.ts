/**
 * A folder that only its owner may read, and files in it: written atomically, flushed, mode 0600. Files that root
 * writes get the folder's owner, so that a service can read what an administrator created. That owner can plant links
 * at any moment, so root works through a handle of the folder (/proc/self/fd/N) and follows no link that
 * another user can have made.
 */
import { randomUUID } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { makeDirectories, replaceFile, writeNewFile } from './durable-file.js';
import { systemCode } from '../cli/errors.js';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const asFolder = O_RDONLY | O_DIRECTORY;
/** Flags that follow no link and do not block on a pipe. */
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

  /** Creates the folder and its missing parents with mode 0700. @throws a system error */
  static async make(path: string): Promise<PrivateFolder> {
    return new PrivateFolder(path, await openFolder(resolve(path), true));
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** Removes the rights of group and others. @throws a system error */
  async ensureMode(): Promise<void> {
    const { mode } = await this.#handle.stat();
    if ((mode & 0o077) !== 0) await this.#handle.chmod(0o700);
  }

  /** @throws a system error */
  names(): Promise<string[]> {
    return readdir(this.at('.'));
  }

  /** Path of a file in the folder, valid for one system call. */
  at(name: string): string {
    return within(this.#handle, this.#path, name);
  }

  /** @throws a system error: ENOENT when it is missing, ELOOP when it is a link; Error: not a regular file */
  async read(name: string): Promise<string> {
    const file = await this.openFile(name);
    try {
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  }

  /** Opens a file for reading. @throws as `read` */
  async openFile(name: string): Promise<FileHandle> {
    const file = await open(this.at(name), asOwnFile);
    try {
      if (!(await file.stat()).isFile())
        throw new Error(`${join(this.#path, name)} is not a regular file`);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Replaces the file's content. @throws a system error; the old content is then unchanged */
  async write(name: string, text: string): Promise<void> {
    const owner = isRoot() ? await this.#handle.stat() : undefined;
    await replaceFile(this.at(name), this.at(`.${name}.${randomUUID()}.part`), (part) =>
      writeNewFile(part, text, { mode: 0o600, owner }),
    );
  }

  /** Makes an empty file, unless there is one: it is not replaced. @throws a system error */
  async makeFile(name: string): Promise<void> {
    const part = this.at(`.${name}.${randomUUID()}.part`);
    const owner = isRoot() ? await this.#handle.stat() : undefined;
    try {
      await writeNewFile(part, '', { mode: 0o600, owner });
      await link(part, this.at(name));
    } catch (error) {
      const code = systemCode(error) ?? '';
      if (code === 'EEXIST') return;
      // Some file systems have no links.
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw error;
      await this.write(name, '');
    } finally {
      await rm(part, { force: true });
    }
  }

  /** Removes the existing ones of these files and flushes the folder. @throws a system error */
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

async function openFolder(path: string, create: boolean): Promise<FileHandle> {
  if (isRoot() && handlePaths) return await walk(path, create);
  try {
    return await openLast(path);
  } catch (error) {
    if (!create || systemCode(error) !== 'ENOENT') throw error;
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
 * Opens the path component by component from `/`. A link is followed only where root alone can have made it:
 * `/var/lib/NAME` may lead to `/var/lib/private/NAME`.
 */
async function walk(path: string, create: boolean): Promise<FileHandle> {
  const names = path.split(sep).filter((name) => name !== '');
  let folder = await open(sep, asFolder);
  let parent = '';
  for (const [index, name] of names.entries()) {
    const above = folder;
    try {
      const { uid, mode } = await above.stat();
      const isTrusted = uid === 0 && (mode & 0o022) === 0 && index < names.length - 1;
      folder = await open(within(above, parent, name), asFolder | (isTrusted ? 0 : O_NOFOLLOW));
    } catch (error) {
      if (!create || systemCode(error) !== 'ENOENT') throw error;
      folder = await makeIn(above, parent, name);
    } finally {
      await above.close();
    }
    parent = `${parent}${sep}${name}`;
  }
  return folder;
}

/** Creates a folder in another one, with the same owner, and flushes the outer one. */
async function makeIn(above: FileHandle, parent: string, name: string): Promise<FileHandle> {
  const path = within(above, parent, name);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    return await openLast(path); // another process has created it
  }
  const folder = await openLast(path);
  try {
    if (isRoot()) {
      const { uid, gid } = await above.stat();
      await folder.chown(uid, gid);
    }
    await above.sync();
    return folder;
  } catch (error) {
    await folder.close();
    throw error;
  }
}

/** Does not follow a link in the last component; without handle paths lstat checks it first. */
async function openLast(path: string): Promise<FileHandle> {
  if (!handlePaths && (await lstat(path)).isSymbolicLink()) {
    throw Object.assign(new Error(`ELOOP: ${path} is a link`), { code: 'ELOOP' });
  }
  return await open(path, asFolder | O_NOFOLLOW);
}

function within(handle: FileHandle, path: string, name: string): string {
  return join(handlePaths ? `/proc/self/fd/${handle.fd}` : path, name);
}

/** Where /proc is mounted, paths of open handles work. */
const handlePaths = existsSync('/proc/self/fd');

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}
