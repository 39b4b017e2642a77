/**
 * Entries that wait for their check. They are checked in batches, some beside each other, and each result is used in
 * the order of the entries: what verify prints does not depend on which thread is faster.
 */
import type { KeyObject } from 'node:crypto';
import { mapAtOnce } from '../../store/at-once.js';
import type { FilePlace, LocalPlace, RemotePlace } from './day-folder.js';
import type { EntryBatch, EntryJob, EntryResult } from './entry-check.js';

/** Entries of a batch: a message between threads costs as much as the check of a small frame. */
const batchEntries = 64;
/** Bytes of files after which a batch ends: the threads end together, and progress shows. */
const batchBytes = 4 * 1024 * 1024;
/** Files of an object store that are loaded at the same time. */
const loadsAtOnce = 16;

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
  /** One batch is loaded after the other. */
  #loading: Promise<unknown> = Promise.resolve();

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
    const results = this.#check(this.#jobs);
    // Its error is thrown when its turn comes.
    results.catch(() => undefined);
    this.#sent.push({ uses: this.#uses, results });
    [this.#jobs, this.#uses, this.#bytes] = [[], [], 0];
  }

  async #check(jobs: readonly EntryJob[]): Promise<readonly EntryResult[]> {
    const keys = this.#keys;
    if (jobs.every(isLocal)) return await this.#checker.check({ jobs, keys });
    const loading = this.#loading.then(() => mapAtOnce(jobs, loadsAtOnce, load));
    this.#loading = loading.catch(() => undefined);
    return await this.#checker.check({ jobs: await loading, keys });
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

const isRemote = (place: FilePlace | undefined): place is RemotePlace =>
  place !== undefined && 'load' in place;

const isLocal = (job: EntryJob): job is EntryJob<LocalPlace> => !isRemote(job.file?.place);

async function load({ text, file }: EntryJob): Promise<EntryJob<LocalPlace>> {
  if (file === undefined) return { text };
  const { place } = file;
  return { text, file: { ...file, place: isRemote(place) ? await place.load() : place } };
}
