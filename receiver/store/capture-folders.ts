/** The folders of the captures directory: made when needed, their names flushed before anything is in them. */
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { flushToDisk, makeDirectory } from '../../shared/durable-file.js';
import type { FlushGroup } from './flush-group.js';

/** Those that need not be made again. */
const maxKnown = 10_000;

/** Makes the captures directory and those above it. @throws a system error */
export async function makeCapturesDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true });
  if (first === undefined) return;
  for (let made = resolve(directory); ; made = dirname(made)) {
    await flushToDisk(dirname(made));
    if (made === resolve(first)) return;
  }
}

export class CaptureFolders {
  readonly #directory: string;
  readonly #flushes: FlushGroup;
  readonly #known = new Set<string>();

  constructor(directory: string, flushes: FlushGroup) {
    this.#directory = directory;
    this.#flushes = flushes;
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
