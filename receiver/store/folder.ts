/**
 * A folder that is held open. What is done in it is done through its handle, so that nobody who renames
 * folders or plants links on the way there can lead it elsewhere, and no link under the name itself is
 * followed. Node has no openat(2): Linux gives every handle a path, `/proc/self/fd/N`. Where there is none
 * (macOS), the plain path is used, which protects at rest but not in a race.
 *
 * A handle goes on working when its folder is moved or replaced: `isInPlace` and `holds` tell.
 */
import type { BigIntStats } from 'node:fs';
import {
  type FileHandle,
  constants,
  link,
  lstat,
  mkdir,
  open,
  opendir,
  rename,
  rmdir,
  stat,
  unlink,
} from 'node:fs/promises';
import { join } from 'node:path';
import { type FileTimes, writeNewFile } from '../../shared/files/durable-file.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { CoalescedTask } from './coalesced-task.js';

const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY;
const hint = 'move it away; to keep frames on another disk, mount that disk there';
/** What open(2) answers when O_DIRECTORY and O_NOFOLLOW meet a link or a file. */
const noFolderCodes = new Set(['ELOOP', 'EMLINK', 'ENOTDIR']);

export class Folder {
  /** As an operator knows it. */
  readonly path: string;
  /** Device and inode: no other folder has it while this one is open. */
  readonly id: string;
  readonly #handle: FileHandle;
  /** Leads to the folder, whatever has become of its path. */
  readonly #reach: string;
  /** Names that were made before a flush failed may never reach the disk: nobody is told that they did. */
  readonly #syncs = new CoalescedTask(() => this.#named(this.#handle.sync()), 'fail the next');
  #isClosed = false;

  private constructor(path: string, handle: FileHandle, id: string, reach: string) {
    this.path = path;
    this.#handle = handle;
    this.id = id;
    this.#reach = reach;
  }

  /**
   * Opens a folder by its path, which may be a link.
   * @param hasHandlePaths false: as on a system where handles have no paths
   * @throws a system error
   */
  static async open(path: string, hasHandlePaths = true): Promise<Folder> {
    const handle = await open(path, folderFlags);
    try {
      const id = idOf(await handle.stat({ bigint: true }));
      const reach = `/proc/self/fd/${handle.fd}`;
      const isReached = hasHandlePaths && (await idAt(`${reach}/.`)) === id;
      return new Folder(path, handle, id, isReached ? reach : path);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * Opens a folder in this one.
   * @returns undefined when there is none
   * @throws {OperationalError} STORE: there is a link or a file in its place; or a system error
   */
  async openFolder(name: string): Promise<Folder | undefined> {
    let handle: FileHandle;
    try {
      handle = await open(this.#at(name), folderFlags | constants.O_NOFOLLOW);
    } catch (error) {
      const code = systemCode(error) ?? '';
      if (code === 'ENOENT') return undefined;
      if (!noFolderCodes.has(code)) throw this.#readable(error);
      const found = (await this.look(name))?.isSymbolicLink() ? 'a symbolic link' : 'no folder';
      throw new OperationalError('STORE', `${join(this.path, name)} is ${found}`, { hint });
    }
    try {
      const id = idOf(await handle.stat({ bigint: true }));
      const path = join(this.path, name);
      const isReached = this.#reach !== this.path;
      return new Folder(path, handle, id, isReached ? `/proc/self/fd/${handle.fd}` : path);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** @returns false when something has that name @throws a system error */
  async makeFolder(name: string, mode = 0o777): Promise<boolean> {
    try {
      await this.#named(mkdir(this.#at(name), { mode }));
      return true;
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false;
      throw error;
    }
  }

  /**
   * Opens a regular file, never waiting for it.
   * @param flags as open(2) has them
   * @throws {OperationalError} STORE: it is something else; or a system error, ENOENT when there is none
   */
  async openFile(name: string, flags: number): Promise<FileHandle> {
    const path = join(this.path, name);
    let file: FileHandle;
    try {
      // A pipe would be waited for.
      file = await open(this.#at(name), flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (systemCode(error) === 'ENXIO') throw noRegularFile(path);
      if (systemCode(error) !== 'ELOOP') throw this.#readable(error);
      throw new OperationalError('STORE', `${path} is a symbolic link`, { hint });
    }
    try {
      if (!(await file.stat()).isFile()) throw noRegularFile(path);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Opens a new file to write to it. @throws a system error, EEXIST when the name is taken */
  createFile(name: string, mode: number): Promise<FileHandle> {
    return this.#named(open(this.#at(name), 'wx', mode));
  }

  /** Writes a new file and flushes it, as `writeNewFile` does. @throws a system error */
  writeNew(name: string, bytes: Buffer, times?: FileTimes): Promise<void> {
    return this.#named(writeNewFile(this.#at(name), bytes, times));
  }

  /** What has this name, links not followed; undefined: nothing. @throws a system error */
  async look(name: string): Promise<BigIntStats | undefined> {
    try {
      return await lstat(this.#at(name), { bigint: true });
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw this.#readable(error);
    }
  }

  /** Gives a file of this folder a name in another, never over another file. @throws a system error */
  link(name: string, to: Folder, toName: string): Promise<void> {
    return this.#named(link(this.#at(name), to.#at(toName)), to);
  }

  /** Moves a file of this folder to another, in place of what has that name. @throws a system error */
  rename(name: string, to: Folder, toName: string): Promise<void> {
    return this.#named(rename(this.#at(name), to.#at(toName)), to);
  }

  /** @throws a system error */
  unlink(name: string): Promise<void> {
    return this.#named(unlink(this.#at(name)));
  }

  /** Removes a file as far as that is possible: on a broken disk the first error is the one to tell. */
  async removeIfThere(name: string): Promise<void> {
    await unlink(this.#at(name)).catch(() => undefined);
  }

  /** Removes an empty folder as far as that is possible. */
  async removeFolderIfEmpty(name: string): Promise<void> {
    await rmdir(this.#at(name)).catch(() => undefined);
  }

  /** The names in it, one by one: a folder may have more than fit into memory. @throws a system error */
  async *names(): AsyncGenerator<string> {
    const folder = await this.#named(opendir(`${this.#reach}/.`));
    for await (const { name } of folder) yield name;
  }

  /** Resolves when every name that it has now is on the disk. @throws a system error */
  sync(): Promise<void> {
    return this.#syncs.join();
  }

  /** Whether its path leads to it still. @throws a system error */
  async isInPlace(): Promise<boolean> {
    return (await idAt(this.path)) === this.id;
  }

  /** Whether a name in this folder is that of a folder that is held open. @throws a system error */
  async holds(name: string, folder: Folder): Promise<boolean> {
    const look = await this.look(name);
    return look !== undefined && idOf(look) === folder.id;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#handle.close();
  }

  #at(name: string): string {
    // The number of a closed handle may be another file's by now.
    if (this.#isClosed) throw new Error(`${this.path} was closed`);
    return `${this.#reach}/${name}`;
  }

  /** Waits for a call, whose error then names the folder as an operator knows it. */
  async #named<T>(call: Promise<T>, other?: Folder): Promise<T> {
    try {
      return await call;
    } catch (error) {
      throw other === undefined ? this.#readable(error) : this.#readable(other.#readable(error));
    }
  }

  #readable(error: unknown): unknown {
    if (error instanceof Error) {
      error.message = error.message.replaceAll(`${this.#reach}/`, `${this.path}/`);
    }
    return error;
  }
}

/** Opens a folder in another, and makes it when it is missing. @throws as `openFolder` does */
export async function openOrMake(parent: Folder, name: string, mode?: number): Promise<Folder> {
  const found = await parent.openFolder(name);
  if (found !== undefined) return found;
  await parent.makeFolder(name, mode);
  const made = await parent.openFolder(name);
  if (made !== undefined) return made;
  throw Object.assign(new Error(`ENOENT: ${join(parent.path, name)} is gone`), { code: 'ENOENT' });
}

/** Opens a folder in another, if it is one and we may look into it. @throws a system error */
export async function openIfFolder(parent: Folder, name: string): Promise<Folder | undefined> {
  try {
    return await parent.openFolder(name);
  } catch (error) {
    // A link leads to what is not ours, and so does what root keeps on each disk (lost+found).
    if (error instanceof OperationalError || systemCode(error) === 'EACCES') return undefined;
    throw error;
  }
}

function noRegularFile(path: string): OperationalError {
  return new OperationalError('STORE', `${path} is no regular file`, { hint });
}

function idOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** Undefined when there is nothing. */
async function idAt(path: string): Promise<string | undefined> {
  try {
    return idOf(await stat(path, { bigint: true }));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}
