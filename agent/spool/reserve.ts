/**
 * Reserved disk space for small files that have to be written on a full disk: a gap entry, the tombstone. The reserve
 * is a file that is removed to free its space, and is written again later.
 */
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { systemCode } from '../../shared/cli/errors.js';

/** The largest gap entry plus the file system's overhead of a new name. */
const reserveBytes = 16 * 1024;

export class Reserve {
  readonly #path: string;
  #isFilled = false;

  /** @param path a temporary name, which a later start removes */
  constructor(path: string) {
    this.#path = path;
  }

  /** Writes the reserve if there is space; called after each write. */
  async fill(): Promise<void> {
    if (this.#isFilled) return;
    try {
      // Random bytes: a compressing file system would reserve no space for zeros.
      await writeFile(this.#path, randomBytes(reserveBytes), { flag: 'wx' });
      this.#isFilled = true;
    } catch {
      await this.free();
    }
  }

  /** Calls `write`; when the disk is full, frees the reserve and calls it again. @throws what `write` throws */
  async use(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      const isFull = ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '');
      if (!isFull || !this.#isFilled) throw error;
      await this.free();
      await write();
    }
  }

  async free(): Promise<void> {
    this.#isFilled = false;
    await rm(this.#path, { force: true }).catch(() => undefined); // the next start removes it
  }
}
