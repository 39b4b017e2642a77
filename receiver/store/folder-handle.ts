/** The descriptor of an open folder: which folder it is, the path that leads through it, its flushes. */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { systemCode } from '../../shared/cli/errors.js';
import { CoalescedTask } from './coalesced-task.js';
import { flushFile } from './file-calls.js';

export class FolderHandle {
  /** Device and inode: unique while it is open. */
  readonly id: string;
  readonly #fd: number;
  /** Names made before a failed flush may never reach the disk: callers that wait for the next flush fail too. */
  readonly #flushes = new CoalescedTask(() => this.#flush(), 'fail the next');
  #isFlushing = false;
  #isClosed = false;

  private constructor(fd: number) {
    this.#fd = fd;
    this.id = idOf(fstatSync(fd, { bigint: true }));
  }

  /** @param flags of open(2), beside those of a folder @throws a system error, ENOTDIR when it is no folder */
  static open(path: string, flags = 0): FolderHandle {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | flags);
    try {
      return new FolderHandle(fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** It leads to the folder also after a move. */
  get path(): string {
    return `/proc/self/fd/${this.#fd}`;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Resolves when every name that the folder has now is on the disk. @throws a system error */
  flush(): Promise<void> {
    return this.#flushes.join();
  }

  /** A running flush ends before: the number could be that of another file. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isFlushing) closeSync(this.#fd);
  }

  async #flush(): Promise<void> {
    if (this.isClosed) throw new Error('a closed folder cannot be flushed');
    this.#isFlushing = true;
    try {
      await flushFile(this.#fd);
    } finally {
      this.#isFlushing = false;
      if (this.#isClosed) closeSync(this.#fd);
    }
  }
}

export function idOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** @returns undefined when the path does not exist @throws a system error */
export function idAt(path: string): string | undefined {
  try {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats && idOf(stats);
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
