/**
 * Flushes directories to the disk, one flush for all frames that wait for the same directory at the same
 * time: a flush covers every name that was there when it began.
 */
import { flushToDisk } from '../../shared/durable-file.js';
import { NextRun } from './next-run.js';

export class FlushGroup {
  readonly #directories = new Map<string, NextRun>();

  /** Resolves when every name that the directory has now is on the disk. @throws a system error */
  async flush(directory: string): Promise<void> {
    let run = this.#directories.get(directory);
    if (run === undefined) {
      run = new NextRun(() => flushToDisk(directory));
      this.#directories.set(directory, run);
    }
    try {
      await run.join();
    } finally {
      if (run.isIdle) this.#directories.delete(directory);
    }
  }
}
