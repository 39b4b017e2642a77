/**
 * A folder that is held open. All operations go through its handle, so that a user who renames folders or plants
 * links on its path cannot redirect them, and no link under the name itself is followed. Node has no openat(2), but
 * every handle has a path, `/proc/self/fd/N`. Where /proc is not mounted the plain path is used, which protects
 * against planted links, not against a race.
 *
 * The handle still works after its folder was moved or replaced: `isInPlace` and `holds` detect that.
 *
 * Calls that the kernel answers from its cache are synchronous (lstat, write, link, rename, unlink): within some ten
 * microseconds, a tenth of what a call in the thread pool costs. Asynchronous are flushes, and the calls that make
 * files and folders: on ext4 a new file waits for the commit that a flush has begun.
 */
import {
  type BigIntStats,
  closeSync,
  futimesSync,
  linkSync,
  lstatSync,
  renameSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { type FileHandle, constants, mkdir, open, opendir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { secondsOf } from '../../shared/files/durable-file.js';
import { flushFile, openNew, writeAll } from './file-calls.js';
import { CoalescedTask } from './coalesced-task.js';

const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY;
const hint = 'move it away; to keep frames on another disk, mount that disk there';
/** Errors of open(2) with O_DIRECTORY and O_NOFOLLOW for a link or a file. */
const noFolderCodes = new Set(['ELOOP', 'EMLINK', 'ENOTDIR']);

export class Folder {
  /** The configured path, for messages. */
  readonly path: string;
  /** Device and inode: unique while this folder is open. */
  readonly id: string;
  readonly #handle: FileHandle;
  /** A path to the folder by its handle, valid after a move. */
  readonly #handlePath: string;
  /** Names made before a failed flush may never reach the disk: callers that wait for the next flush fail too. */
  readonly #syncs = new CoalescedTask(() => this.#run(this.#handle.sync()), 'fail the next');
  #isClosed = false;

  private constructor(path: string, handle: FileHandle, id: string, handlePath: string) {
    this.path = path;
    this.#handle = handle;
    this.id = id;
    this.#handlePath = handlePath;
  }

  /**
   * Opens a folder by its path, which may be a link.
   * @param hasHandlePaths false: behaves as on a machine where /proc is not mounted
   * @throws a system error
   */
  static async open(path: string, hasHandlePaths = true): Promise<Folder> {
    const handle = await open(path, folderFlags);
    try {
      const id = idOf(await handle.stat({ bigint: true }));
      const handlePath = `/proc/self/fd/${handle.fd}`;
      const isUsable = hasHandlePaths && idAt(`${handlePath}/.`) === id;
      return new Folder(path, handle, id, isUsable ? handlePath : path);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * Opens a folder in this one.
   * @returns undefined when there is none
   * @throws {OperationalError} STORE: the name is that of a link or a file; or a system error
   */
  async openFolder(name: string): Promise<Folder | undefined> {
    let handle: FileHandle;
    try {
      handle = await open(this.#at(name), folderFlags | constants.O_NOFOLLOW);
    } catch (error) {
      const code = systemCode(error) ?? '';
      if (code === 'ENOENT') return undefined;
      if (!noFolderCodes.has(code)) throw this.#withPath(error);
      const found = this.lstat(name)?.isSymbolicLink() ? 'a symbolic link' : 'not a folder';
      throw new OperationalError('STORE', `${join(this.path, name)} is ${found}`, { hint });
    }
    try {
      const id = idOf(await handle.stat({ bigint: true }));
      const path = join(this.path, name);
      const hasHandlePaths = this.#handlePath !== this.path;
      return new Folder(path, handle, id, hasHandlePaths ? `/proc/self/fd/${handle.fd}` : path);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** @returns false when the name is taken @throws a system error */
  async makeFolder(name: string, mode = 0o777): Promise<boolean> {
    try {
      await this.#run(mkdir(this.#at(name), { mode }));
      return true;
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false;
      throw error;
    }
  }

  /**
   * Opens a regular file, without blocking.
   * @param flags of open(2)
   * @throws {OperationalError} STORE: it is not a regular file; or a system error, ENOENT when it is missing
   */
  async openFile(name: string, flags: number): Promise<FileHandle> {
    const path = join(this.path, name);
    let file: FileHandle;
    try {
      // Without O_NONBLOCK the open of a pipe waits for its other end.
      file = await open(this.#at(name), flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (systemCode(error) === 'ENXIO') throw notRegularFile(path);
      if (systemCode(error) !== 'ELOOP') throw this.#withPath(error);
      throw new OperationalError('STORE', `${path} is a symbolic link`, { hint });
    }
    try {
      if (!(await file.stat()).isFile()) throw notRegularFile(path);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Opens a new file to write to it. @throws a system error, EEXIST when the name is taken */
  createFile(name: string, mode: number): Promise<FileHandle> {
    return this.#run(open(this.#at(name), 'wx', mode));
  }

  /**
   * Writes a new file and flushes it. The folder is not flushed: a power cut may still remove the name.
   * @param modifiedAtMs becomes the file's modification time, milliseconds since 1970 UTC
   * @throws a system error, EEXIST when the name is taken; after another error a partial file may exist
   */
  async writeNew(name: string, bytes: Buffer, modifiedAtMs?: number): Promise<void> {
    const fd = await this.#run(openNew(this.#at(name)));
    try {
      writeAll(fd, bytes);
      if (modifiedAtMs !== undefined) {
        const seconds = secondsOf(modifiedAtMs);
        futimesSync(fd, seconds, seconds);
      }
      await flushFile(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** Links are not followed. @returns undefined when nothing has this name @throws a system error */
  lstat(name: string): BigIntStats | undefined {
    return this.#call(() => lstatSync(this.#at(name), { bigint: true, throwIfNoEntry: false }));
  }

  /** For other threads, while this folder is open: the path by its handle, and the configured one. */
  pathsOf(name: string): { readonly path: string; readonly shownPath: string } {
    return { path: this.#at(name), shownPath: join(this.path, name) };
  }

  /** Gives a file of this folder a name in another, never over another file. @throws a system error */
  link(name: string, to: Folder, toName: string): void {
    this.#call(() => linkSync(this.#at(name), to.#at(toName)), to);
  }

  /** Moves a file of this folder to another, replacing what has that name. @throws a system error */
  rename(name: string, to: Folder, toName: string): void {
    this.#call(() => renameSync(this.#at(name), to.#at(toName)), to);
  }

  /** @throws a system error */
  unlink(name: string): void {
    this.#call(() => unlinkSync(this.#at(name)));
  }

  /** Removes a file, ignoring errors: on a broken disk the earlier error is the one to report. */
  removeIfThere(name: string): void {
    try {
      unlinkSync(this.#at(name));
    } catch {
      // It is missing, or a later start removes it.
    }
  }

  /** Removes an empty folder, ignoring errors. */
  async removeFolderIfEmpty(name: string): Promise<void> {
    await rmdir(this.#at(name)).catch(() => undefined);
  }

  /** Its names, one by one: a folder may have more than fit into memory. @throws a system error */
  async *names(): AsyncGenerator<string> {
    const folder = await this.#run(opendir(`${this.#handlePath}/.`));
    for await (const { name } of folder) yield name;
  }

  /** Resolves when every name that the folder has now is on the disk. @throws a system error */
  sync(): Promise<void> {
    return this.#syncs.join();
  }

  /** Whether its path still leads to this folder. @throws a system error */
  isInPlace(): boolean {
    return idAt(this.path) === this.id;
  }

  /** Whether a name in this folder is that of the given open folder. @throws a system error */
  holds(name: string, folder: Folder): boolean {
    const stats = this.lstat(name);
    return stats !== undefined && idOf(stats) === folder.id;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#handle.close();
  }

  #at(name: string): string {
    // After the close another file may have the handle's number.
    if (this.#isClosed) throw new Error(`${this.path} was closed`);
    return `${this.#handlePath}/${name}`;
  }

  /** The error of a call names the configured path, not that of the handle. */
  #call<T>(call: () => T, other?: Folder): T {
    try {
      return call();
    } catch (error) {
      throw other === undefined ? this.#withPath(error) : this.#withPath(other.#withPath(error));
    }
  }

  /** As `#call`, for an asynchronous call. */
  async #run<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      throw this.#withPath(error);
    }
  }

  #withPath(error: unknown): unknown {
    if (error instanceof Error) {
      error.message = error.message.replaceAll(`${this.#handlePath}/`, `${this.path}/`);
    }
    return error;
  }
}

/** Opens a folder in another, made when it is missing. @throws as `openFolder` */
export async function openOrMake(parent: Folder, name: string, mode?: number): Promise<Folder> {
  const found = await parent.openFolder(name);
  if (found !== undefined) return found;
  await parent.makeFolder(name, mode);
  const made = await parent.openFolder(name);
  if (made !== undefined) return made;
  throw Object.assign(new Error(`ENOENT: ${join(parent.path, name)} was removed`), {
    code: 'ENOENT',
  });
}

/** Opens a folder in another. @returns undefined for no folder, or one without permission @throws a system error */
export async function openIfFolder(parent: Folder, name: string): Promise<Folder | undefined> {
  try {
    return await parent.openFolder(name);
  } catch (error) {
    // Links are never followed; lost+found belongs to root.
    if (error instanceof OperationalError || systemCode(error) === 'EACCES') return undefined;
    throw error;
  }
}

function notRegularFile(path: string): OperationalError {
  return new OperationalError('STORE', `${path} is not a regular file`, { hint });
}

function idOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** @returns undefined when the path does not exist */
function idAt(path: string): string | undefined {
  try {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats && idOf(stats);
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
