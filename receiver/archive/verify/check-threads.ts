/**
 * Checks entries in worker threads, which are started when they are needed. When one of them ends, what it had to check
 * is not checked: all that wait get an error, and so does each later call.
 */
import { Worker } from 'node:worker_threads';
import type { EntryBatch, EntryResult } from './entry-check.js';
import type { EntryChecker } from './entry-queue.js';

/** Megabytes of objects of a thread; frames are not among them. */
const maxHeapMb = 64;
/** Of these, new ones. */
const maxYoungMb = 4;

/** Not all is checked. */
export class CheckEndedError extends Error {}

interface Waiting {
  readonly jobs: number;
  readonly resolve: (results: readonly EntryResult[]) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  /** It answers in the order of the calls. */
  readonly waiting: Waiting[];
}

export class CheckThreads implements EntryChecker {
  /** One batch is checked by each thread, and one waits for it. */
  readonly width: number;
  readonly #url: URL;
  readonly #maxThreads: number;
  readonly #threads: Thread[] = [];
  #failure: Error | undefined;

  /** @param url of the built worker */
  constructor(url: URL, maxThreads: number) {
    this.#url = url;
    this.#maxThreads = maxThreads;
    this.width = 2 * maxThreads;
  }

  /** @throws {CheckEndedError} a thread ended */
  check(batch: EntryBatch): Promise<readonly EntryResult[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const { worker, waiting } = this.#leastBusy();
    return new Promise((resolve, reject) => {
      waiting.push({ jobs: batch.jobs.length, resolve, reject });
      worker.postMessage(batch);
    });
  }

  /** What is being checked is not needed any more. */
  async close(): Promise<void> {
    this.#fail('the check was ended');
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #leastBusy(): Thread {
    const [first, ...others] = this.#threads.toSorted(
      (one, other) => one.waiting.length - other.waiting.length,
    );
    const mayStart = 1 + others.length < this.#maxThreads;
    return first === undefined || (first.waiting.length > 0 && mayStart) ? this.#start() : first;
  }

  #start(): Thread {
    const worker = new Worker(this.#url, {
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb, maxYoungGenerationSizeMb: maxYoungMb },
    });
    const waiting: Waiting[] = [];
    worker.on('message', (results: readonly EntryResult[]) => {
      const jobs = waiting[0]?.jobs;
      if (jobs === results.length) waiting.shift()?.resolve(results);
      else this.#fail(`a thread checked ${results.length} of ${jobs ?? 0} entries`);
    });
    worker.on('error', (cause) => this.#fail('a thread that checks entries failed', cause));
    worker.on('exit', (code) => this.#fail(`a thread that checks entries ended with ${code}`));
    const thread = { worker, waiting };
    this.#threads.push(thread);
    return thread;
  }

  #fail(message: string, cause?: Error): void {
    this.#failure ??= new CheckEndedError(message, { cause });
    for (const { waiting } of this.#threads) {
      for (const { reject } of waiting.splice(0)) reject(this.#failure);
    }
  }
}
