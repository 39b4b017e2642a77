/**
 * A folder that is held open. All operations go through its handle, so that a user who renames folders or plants
 * links on its path cannot redirect them, and no link under the name itself is followed. Node has no openat(2), but
 * every handle has a path, `/proc/self/fd/N`. Where /proc is not mounted the plain path is used, which protects
 * against planted links, not against a race.
 *
 * The handle still works after its folder was moved or replaced: `isInPlace` and `holds` detect that.
 *
 * Calls that the kernel answers from its cache are synchronous (open of what exists, lstat, write, link, rename, unlink):
 * within some ten microseconds, a tenth of what a call in the thread pool costs. Asynchronous are flushes, and the calls
 * that make files and folders: on ext4 a new file waits for the commit that a flush has begun.
 */
import {
  type BigIntStats,
  closeSync,
  fstatSync,
  futimesSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
} from 'node:fs';
import { type FileHandle, constants, mkdir, open, opendir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { secondsOf } from '../../shared/files/durable-file.js';
import { flushFile, openNew, settled, writeAll } from './file-calls.js';
import { FolderHandle, idAt, idOf } from './folder-handle.js';

/** Without O_NONBLOCK the open of a pipe waits for its other end. */
const regularFileFlags = constants.O_NOFOLLOW | constants.O_NONBLOCK;
const hint = 'move it away; to keep frames on another disk, mount that disk there';
/** Errors of open(2) with O_DIRECTORY and O_NOFOLLOW for a link or a file. */
const noFolderCodes = new Set(['ELOOP', 'EMLINK', 'ENOTDIR']);

export class Folder {
  /** The configured path, for messages. */
  readonly path: string;
  readonly #handle: FolderHandle;
  /** A path to the folder by its handle, valid after a move. */
  readonly #handlePath: string;

  /** @param hasHandlePath false: where /proc is not mounted */
  private constructor(path: string, handle: FolderHandle, hasHandlePath: boolean) {
    this.path = path;
    this.#handle = handle;
    this.#handlePath = hasHandlePath ? handle.path : path;
  }

  /**
   * Opens a folder by its path, which may be a link.
   * @param hasHandlePaths false: behaves as on a machine where /proc is not mounted
   * @throws a system error
   */
  static open(path: string, hasHandlePaths = true): Promise<Folder> {
    return settled(() => {
      const handle = FolderHandle.open(path);
      try {
        const isUsable = hasHandlePaths && idAt(`${handle.path}/.`) === handle.id;
        return new Folder(path, handle, isUsable);
      } catch (error) {
        handle.close();
        throw error;
      }
    });
  }

  /** Device and inode: unique while this folder is open. */
  get id(): string {
    return this.#handle.id;
  }

  /**
   * Opens a folder in this one.
   * @returns undefined when there is none
   * @throws {OperationalError} STORE: the name is that of a link or a file; or a system error
   */
  openFolder(name: string): Promise<Folder | undefined> {
    return settled(() => {
      const path = join(this.path, name);
      const hasHandlePath = this.#handlePath !== this.path;
      try {
        const handle = FolderHandle.open(this.#at(name), constants.O_NOFOLLOW);
        return new Folder(path, handle, hasHandlePath);
      } catch (error) {
        const code = systemCode(error) ?? '';
        if (code === 'ENOENT') return undefined;
        if (!noFolderCodes.has(code)) throw this.#withPath(error);
        const found = this.lstat(name)?.isSymbolicLink() ? 'a symbolic link' : 'not a folder';
        throw new OperationalError('STORE', `${path} is ${found}`, { hint });
      }
    });
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
    let file: FileHandle;
    try {
      file = await open(this.#at(name), flags | regularFileFlags);
    } catch (error) {
      throw this.#notOpened(name, error);
    }
    try {
      if (!(await file.stat()).isFile()) throw notRegularFile(join(this.path, name));
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** As `openFile`, at once. @returns its descriptor; undefined when the file is missing */
  openIfThere(name: string, flags: number): number | undefined {
    let fd: number;
    try {
      fd = openSync(this.#at(name), flags | regularFileFlags);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw this.#notOpened(name, error);
    }
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
    throw notRegularFile(join(this.path, name));
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
    return this.#run(this.#handle.flush());
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

  close(): Promise<void> {
    return settled(() => this.#handle.close());
  }

  #at(name: string): string {
    // After the close another file may have the handle's number.
    if (this.#handle.isClosed) throw new Error(`${this.path} was closed`);
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

  #notOpened(name: string, error: unknown): unknown {
    const path = join(this.path, name);
    if (systemCode(error) === 'ENXIO') return notRegularFile(path);
    if (systemCode(error) !== 'ELOOP') return this.#withPath(error);
    return new OperationalError('STORE', `${path} is a symbolic link`, { hint });
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
