/**
 * Flushes folders, and remembers where that failed: the system may then take for written what never reached the
 * disk. So the next flush of such a folder comes after a change of it.
 */
import { randomUUID } from 'node:crypto';
import type { Folder } from './folder.js';

/** With more of them, every folder counts as one. */
const maxDoubted = 1000;

export class FolderFlushes {
  /** By path: a flush has failed, and none has worked since. */
  readonly #doubted = new Set<string>();

  /** Resolves when every name that the folder has now is on the disk. @throws a system error */
  async flush(folder: Folder): Promise<void> {
    const { path } = folder;
    const isDoubted = this.#doubted.has(path) || this.#doubted.size >= maxDoubted;
    try {
      if (isDoubted) {
        const name = `.${randomUUID()}.part`;
        await folder.writeNew(name, Buffer.alloc(0));
        await folder.unlink(name);
      }
      await folder.sync();
    } catch (error) {
      if (this.#doubted.size < maxDoubted) this.#doubted.add(path);
      throw error;
    }
    if (isDoubted) this.#doubted.delete(path);
  }
}
