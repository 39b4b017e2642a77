/** Standard output with back-pressure: waits for a slow reader, stops when the reader closes the pipe. */
import { once } from 'node:events';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';

export class Printer {
  readonly #stream: NodeJS.WriteStream;
  readonly #closed = new AbortController();
  #failure: unknown;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.on('error', (error) => {
      // EPIPE is no error: `| head` closes the pipe when it has enough.
      if (systemCode(error) !== 'EPIPE') this.#failure = error;
      this.#closed.abort();
    });
  }

  /** Aborts when the reader has closed the pipe, or a write failed. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Resolves when the stream has room for more. Does nothing once `closed` is aborted. */
  async print(line: string): Promise<void> {
    if (this.#closed.signal.aborted || this.#stream.write(`${line}\n`)) return;
    try {
      await once(this.#stream, 'drain', { signal: this.#closed.signal });
    } catch {
      // An 'error' event, or the abort that follows it: `close` reports it.
    }
  }

  /** Resolves when everything is written. @throws {OperationalError} OUTPUT: a write failed */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#stream.write('', () => resolve());
    });
    if (this.#failure === undefined) return;
    throw new OperationalError('OUTPUT', 'cannot write to standard output', {
      cause: this.#failure,
    });
  }
}
