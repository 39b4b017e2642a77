/**
 * Flushes folders, and remembers failures: after one the system may count as written what never reached the disk.
 * So such a folder is changed before its next flush.
 */
import { randomUUID } from 'node:crypto';
import type { Folder } from './folder.js';

/** Above this count every folder is treated as one with a failed flush. */
const maxFailed = 1000;

export class FolderFlushes {
  /** Paths of folders whose last flush failed. */
  readonly #failed = new Set<string>();

  /** Resolves when every name that the folder has now is on the disk. @throws a system error */
  async flush(folder: Folder): Promise<void> {
    const { path } = folder;
    const mustChange = this.#failed.has(path) || this.#failed.size >= maxFailed;
    try {
      if (mustChange) {
        const name = `.${randomUUID()}.part`;
        await folder.writeNew(name, Buffer.alloc(0));
        folder.unlink(name);
      }
      await folder.sync();
    } catch (error) {
      if (this.#failed.size < maxFailed) this.#failed.add(path);
      throw error;
    }
    if (mustChange) this.#failed.delete(path);
  }
}
