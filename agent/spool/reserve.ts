/**
 * Room on the disk that is kept for small things that must be written though the disk is full: a note of frames that
 * are gone, the mark of the newest sequence. It is a file that is given up for them, and written again afterwards.
 */
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { systemCode } from '../../shared/cli/errors.js';

/** The largest note, and what a file system adds for a name. */
const reserveBytes = 16 * 1024;

export class Reserve {
  readonly #path: string;
  #isFilled = false;

  /** @param path a name that a later start knows for unfinished and removes */
  constructor(path: string) {
    this.#path = path;
  }

  /** Keeps the room, if there is room; called when the disk has taken something. */
  async fill(): Promise<void> {
    if (this.#isFilled) return;
    try {
      // Random: a file system that compresses would keep no room for zeros.
      await writeFile(this.#path, randomBytes(reserveBytes), { flag: 'wx' });
      this.#isFilled = true;
    } catch {
      await this.free();
    }
  }

  /** Does it again in the room that was kept, when there is no other. @throws what `write` throws */
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
