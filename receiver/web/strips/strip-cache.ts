/**
 * A cache in memory of what takes long to make, such as film strips. It holds a number of bytes and forgets what was
 * not used for longest. Callers that want the same share one making; makings run one after the other.
 */

export type Make<Value> = (signal: AbortSignal) => Promise<Value>;

interface Making<Value> {
  readonly controller: AbortController;
  readonly outcome: Promise<Value>;
  /** Callers that still wait for it. */
  waiters: number;
  /** False: what it makes is outdated. */
  isCurrent: boolean;
}

/** What an entry takes beside its value: the key, and the objects that hold it. */
const entryBytes = 500;

export class StripCache<Value> {
  readonly #maxBytes: number;
  readonly #bytesOf: (value: Value) => number;
  /** The one used last is last. */
  readonly #entries = new Map<string, { readonly value: Value; readonly bytes: number }>();
  readonly #makings = new Map<string, Making<Value>>();
  /** Resolves when the makings before have ended. */
  #queue: Promise<unknown> = Promise.resolve();
  #bytes = 0;

  /** @param bytesOf memory that a value takes */
  constructor(maxBytes: number, bytesOf: (value: Value) => number) {
    this.#maxBytes = maxBytes;
    this.#bytesOf = bytesOf;
  }

  /** Memory that the entries take, at most the limit. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * @param key of the value; the caller puts everything into it on which the value depends
   * @param make called when the value is not there and no other caller has it made. It obeys its signal, which is
   * aborted when no caller waits for it any more; a making that fails is not kept
   * @throws what `make` throws; the reason of `signal`
   */
  async get(key: string, make: Make<Value>, signal: AbortSignal): Promise<Value> {
    signal.throwIfAborted();
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      return entry.value;
    }
    const making = this.#makings.get(key) ?? this.#start(key, make);
    making.waiters += 1;
    try {
      return await untilAborted(making.outcome, signal);
    } finally {
      making.waiters -= 1;
      if (making.waiters === 0) this.#abandon(key, making);
    }
  }

  /** Forgets everything, also what is being made: after frames were deleted, say. Callers that wait get it. */
  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
    for (const making of this.#makings.values()) making.isCurrent = false;
    this.#makings.clear();
  }

  #start(key: string, make: Make<Value>): Making<Value> {
    const controller = new AbortController();
    const { signal } = controller;
    const run = (): Promise<Value> => {
      signal.throwIfAborted();
      return make(signal);
    };
    const outcome = this.#queue.then(run, run);
    const making: Making<Value> = { controller, outcome, waiters: 0, isCurrent: true };
    this.#makings.set(key, making);
    const onEnd = (): void => {
      if (this.#makings.get(key) === making) this.#makings.delete(key);
    };
    this.#queue = outcome.then((value) => {
      if (making.isCurrent) this.#keep(key, value);
      onEnd();
    }, onEnd);
    return making;
  }

  /** No caller waits: a making that has not ended is aborted, and the next caller begins another. */
  #abandon(key: string, making: Making<Value>): void {
    if (this.#makings.get(key) === making) this.#makings.delete(key);
    making.isCurrent = false;
    making.controller.abort();
  }

  #keep(key: string, value: Value): void {
    const bytes = entryBytes + 2 * key.length + this.#bytesOf(value);
    if (bytes > this.#maxBytes) return;
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#entries.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }
}

/** Settles as the promise, or rejects when the signal is aborted before. */
async function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
