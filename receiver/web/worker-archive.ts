/** The archive in a worker thread. A worker that ends by a fault is replaced at the next call. */
import { Worker } from 'node:worker_threads';
import type { Archive, ArchiveMethod } from './archive-port.js';
import { QueryError } from './queries/query-error.js';
import type { Call, Reply, WorkerSettings } from './worker-messages.js';

/** Calls that wait: more are refused. */
const maxWaiting = 200;
/** Megabytes of objects that the worker may have; the frames of an answer are not among them. */
const maxHeapMb = 96;
/** Of these, new ones: a larger part fills with what a query leaves behind. */
const maxYoungMb = 3;

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class WorkerArchive {
  readonly #url: URL;
  readonly #settings: WorkerSettings;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #calls = 0;
  #isClosed = false;

  /** @param url of the built worker */
  constructor(url: URL, settings: WorkerSettings) {
    this.#url = url;
    this.#settings = settings;
  }

  get archive(): Archive {
    const call =
      (method: ArchiveMethod) =>
      (...args: readonly unknown[]): Promise<never> =>
        this.#call(method, args) as Promise<never>;
    const strip: Archive['strip'] = (wish, signal) =>
      this.#call('strip', [wish], signal) as Promise<Uint8Array>;
    return {
      ...{ cameras: call('cameras'), states: call('states'), days: call('days') },
      ...{ timeline: call('timeline'), frames: call('frames'), events: call('events') },
      ...{ frame: call('frame'), strip, look: call('look') },
      metrics: call('metrics'),
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
  }

  #call(method: ArchiveMethod, args: readonly unknown[], signal?: AbortSignal): Promise<unknown> {
    if (this.#waiting.size >= maxWaiting) {
      const message = `${maxWaiting} queries wait already: try again in a moment`;
      return Promise.reject(new QueryError('busy', message));
    }
    if (this.#isClosed) return Promise.reject(new QueryError('busy', 'the viewer ends'));
    const worker = (this.#worker ??= this.#start());
    const id = (this.#calls += 1);
    const message: Call = { id, method, args };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage(message);
      // The worker answers with an error then.
      signal?.addEventListener('abort', () => worker.postMessage({ abort: id }), { once: true });
    });
  }

  #start(): Worker {
    const worker = new Worker(this.#url, {
      workerData: this.#settings,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb, maxYoungGenerationSizeMb: maxYoungMb },
    });
    worker.on('message', (reply: Reply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if ('result' in reply) waiting?.resolve(reply.result);
      else if (reply.code === undefined) waiting?.reject(new Error(reply.error));
      else waiting?.reject(new QueryError(reply.code, reply.error));
    });
    worker.on('error', (cause) => this.#end(worker, cause));
    worker.on('exit', (code) => this.#end(worker, new Error(`the worker ended with ${code}`)));
    return worker;
  }

  #end(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}
