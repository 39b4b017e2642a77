/**
 * Locks the files of cameras, those that come within a moment by one process: after a restart of the receiver all cameras
 * connect again, and the start of a process blocks the receiver for some 10 ms.
 */
import type { FileHandle } from 'node:fs/promises';
import { type LockResult, flock, flockAll } from '../../shared/files/flock.js';

/** Between two starts. A camera that comes alone does not wait. */
const pauseMs = 100;
/** Descriptors of one process. */
const maxFiles = 64;

interface Waiting {
  readonly file: FileHandle;
  readonly lock: (isLocked: boolean) => void;
}

export class LockBatches {
  #waiting: Waiting[] = [];
  #nextStartMs = 0;
  #isPlanned = false;

  /**
   * @param waitS how long to wait for the process that holds the lock, in whole seconds
   * @returns and throws as `flock`
   */
  async lock(file: FileHandle, waitS: number): Promise<LockResult> {
    const isLocked = await new Promise<boolean>((lock) => {
      this.#waiting.push({ file, lock });
      this.#plan();
    });
    return isLocked ? 'locked' : await flock(file, { mode: 'exclusive', waitS });
  }

  #plan(): void {
    if (this.#isPlanned || this.#waiting.length === 0) return;
    const waitMs = this.#nextStartMs - performance.now();
    if (waitMs <= 0) {
      this.#start();
      return;
    }
    this.#isPlanned = true;
    setTimeout(() => {
      this.#isPlanned = false;
      this.#start();
    }, waitMs);
  }

  #start(): void {
    this.#nextStartMs = performance.now() + pauseMs;
    const batch = this.#waiting.slice(0, maxFiles);
    this.#waiting = this.#waiting.slice(maxFiles);
    void this.#lockAll(batch);
    this.#plan();
  }

  /** Never rejects. */
  async #lockAll(batch: readonly Waiting[]): Promise<void> {
    const isLocked = batch.length > 1 && (await flockAll(batch.map(({ file }) => file)));
    for (const { lock } of batch) lock(isLocked);
  }
}
