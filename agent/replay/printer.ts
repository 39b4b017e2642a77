/** Standard output for a program that says much: waits for a slow reader, stops for one that has gone. */
import { once } from 'node:events';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';

export class Printer {
  readonly #stream: NodeJS.WriteStream;
  readonly #gone = new AbortController();
  #failure: unknown;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.on('error', (error) => {
      // `| head` has seen enough: no reason to say anything.
      if (systemCode(error) !== 'EPIPE') this.#failure = error;
      this.#gone.abort();
    });
  }

  /** Aborts when nobody reads any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resolves when there is room for more. Says nothing once the reader has gone. */
  async print(line: string): Promise<void> {
    if (this.#gone.signal.aborted || this.#stream.write(`${line}\n`)) return;
    try {
      await once(this.#stream, 'drain', { signal: this.#gone.signal });
    } catch {
      // 'error' or the abort that follows it: told by `close`.
    }
  }

  /** Resolves when all has been written. @throws {OperationalError} OUTPUT: it could not be written */
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
