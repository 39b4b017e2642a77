/**
 * A file to which lines are appended, opened at once where it exists: the record of a camera that sends a frame now and
 * then is opened for each of them. One caller uses it at a time.
 */
import { type BigIntStats, type Stats, closeSync, constants, fstatSync } from 'node:fs';
import { systemCode } from '../../shared/cli/errors.js';
import { flushFile, readAt, writeAll } from './file-calls.js';
import type { Folder } from './folder.js';

const appendFlags = constants.O_RDWR | constants.O_APPEND;
/** Of a new file: the umask takes the rest. */
const mode = 0o666;
/** Until a file that other processes make and remove is an error. */
const maxAttempts = 3;

export class AppendedFile {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** To read only. @returns undefined when it is missing @throws as `Folder.openFile` */
  static openIfThere(folder: Folder, name: string): AppendedFile | undefined {
    const fd = folder.openIfThere(name, constants.O_RDONLY);
    return fd === undefined ? undefined : new AppendedFile(fd);
  }

  /** Makes it when it is missing. @throws as `Folder.openFile` */
  static async open(folder: Folder, name: string): Promise<AppendedFile> {
    for (let attempt = 1; ; attempt += 1) {
      const fd = folder.openIfThere(name, appendFlags);
      if (fd !== undefined) return new AppendedFile(fd);
      try {
        await (await folder.createFile(name, mode)).close();
      } catch (error) {
        // Another process has made it.
        if (systemCode(error) !== 'EEXIST' || attempt === maxAttempts) throw error;
      }
    }
  }

  stats(): Stats {
    return fstatSync(this.#fd);
  }

  /** Whether it still has this name in a folder. */
  isNamed(folder: Folder, name: string): boolean {
    const stats: BigIntStats | undefined = folder.lstat(name);
    const { dev, ino } = fstatSync(this.#fd, { bigint: true });
    return stats?.dev === dev && stats.ino === ino;
  }

  /** @returns the number of bytes; 0 at its end @throws a system error */
  read(bytes: Buffer, position: number): Promise<number> {
    return readAt(this.#fd, bytes, position);
  }

  /** One write call: O_APPEND keeps its bytes together between those of other processes. @throws a system error */
  append(bytes: Buffer): void {
    writeAll(this.#fd, bytes);
  }

  /** Resolves when it is on the disk. @throws a system error */
  flush(): Promise<void> {
    return flushFile(this.#fd);
  }

  /** Never throws: what is not on the disk is known without it. */
  close(): void {
    try {
      closeSync(this.#fd);
    } catch {
      // On a network file system it reports an earlier write that has failed.
    }
  }
}
