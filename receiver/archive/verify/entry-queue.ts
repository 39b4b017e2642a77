/**
 * Entries that wait for their check. They are checked in batches, some beside each other, and each result is used in
 * the order of the entries: what verify prints does not depend on which thread is faster.
 */
import type { KeyObject } from 'node:crypto';
import type { EntryBatch, EntryJob, EntryResult } from './entry-check.js';

/** Entries of a batch: a message between threads costs as much as the check of a small frame. */
const batchEntries = 64;
/** Bytes of files after which a batch ends: the threads end together, and progress shows. */
const batchBytes = 4 * 1024 * 1024;

export interface EntryChecker {
  /** Batches that it takes beside each other. */
  readonly width: number;
  /** @returns a result for each job, in their order */
  check(batch: EntryBatch): Promise<readonly EntryResult[]>;
}

type Use = (result: EntryResult) => void;

interface Sent {
  readonly uses: readonly Use[];
  readonly results: Promise<readonly EntryResult[]>;
}

export class EntryQueue {
  readonly #checker: EntryChecker;
  readonly #keys: readonly KeyObject[];
  readonly #sent: Sent[] = [];
  #jobs: EntryJob[] = [];
  #uses: Use[] = [];
  #bytes = 0;

  /** @param keys of the camera */
  constructor(checker: EntryChecker, keys: readonly KeyObject[]) {
    this.#checker = checker;
    this.#keys = keys;
  }

  /** Waits while the checker has enough to do. @throws the error of the checker */
  async add(job: EntryJob, use: Use): Promise<void> {
    this.#jobs.push(job);
    this.#uses.push(use);
    this.#bytes += job.file?.byteCount ?? 0;
    if (this.#jobs.length < batchEntries && this.#bytes < batchBytes) return;
    this.#send();
    if (this.#sent.length >= this.#checker.width) await this.#useOldest();
  }

  /** Waits for all. @throws the error of the checker */
  async end(): Promise<void> {
    this.#send();
    while (this.#sent.length > 0) await this.#useOldest();
  }

  #send(): void {
    if (this.#jobs.length === 0) return;
    const results = this.#checker.check({ jobs: this.#jobs, keys: this.#keys });
    // Its error is thrown when its turn comes.
    results.catch(() => undefined);
    this.#sent.push({ uses: this.#uses, results });
    [this.#jobs, this.#uses, this.#bytes] = [[], [], 0];
  }

  async #useOldest(): Promise<void> {
    const oldest = this.#sent.shift();
    if (oldest === undefined) return;
    const results = await oldest.results;
    for (const [at, use] of oldest.uses.entries()) {
      const result = results[at];
      if (result === undefined)
        throw new Error(`entry ${at} of ${oldest.uses.length} has no result`);
      use(result);
    }
  }
}
