/** The folders of the captures directory: made when needed, their names flushed before anything is in them. */
import { dirname, join } from 'node:path';
import { makeDirectory } from '../../shared/durable-file.js';
import type { FlushGroup } from './flush-group.js';
import { isOwnFolder } from './own-entries.js';

/** Those that need not be made again. */
const maxKnown = 10_000;

export class CaptureFolders {
  readonly #directory: string;
  readonly #flushes: FlushGroup;
  readonly #known = new Set<string>();

  constructor(directory: string, flushes: FlushGroup) {
    this.#directory = directory;
    this.#flushes = flushes;
  }

  /**
   * Looks at those that are there. Each time anew: one may have been put in another's place.
   * @param folders relative, each after its parent
   * @throws {OperationalError} STORE: one is a link or no folder; or a system error
   */
  async check(folders: readonly string[]): Promise<void> {
    for (const folder of folders) await isOwnFolder(join(this.#directory, folder));
  }

  /**
   * Makes folders below the captures directory, never that itself: one that was unmounted must not come back
   * as an empty folder.
   * @param folders relative, each after its parent
   * @throws a system error
   */
  async make(folders: readonly string[]): Promise<void> {
    for (const folder of folders) {
      if (this.#known.has(folder)) continue;
      const path = join(this.#directory, folder);
      await makeDirectory(path);
      // Another process may have made it and not come as far as flushing its name.
      await this.#flushes.flush(dirname(path));
      if (this.#known.size >= maxKnown) this.#known.clear();
      this.#known.add(folder);
    }
  }

  /** Makes them all again when they are needed: somebody removed one. */
  forget(): void {
    this.#known.clear();
  }
}
