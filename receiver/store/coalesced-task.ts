/** Work that many ask for at once: whoever asks while it runs shares the next run, never the running one. */

/** What becomes of those who wait for the next run when the running one fails. */
export type AfterFailure = 'run again' | 'fail the next';

export class CoalescedTask {
  readonly #work: () => Promise<void>;
  readonly #afterFailure: AfterFailure;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(work: () => Promise<void>, afterFailure: AfterFailure = 'run again') {
    this.#work = work;
    this.#afterFailure = afterFailure;
  }

  /** Resolves after a run that began after this call. @throws what that run throws */
  join(): Promise<void> {
    if (this.#running === undefined) return this.#begin();
    const begin = (): Promise<void> => this.#begin();
    // Why the running one failed is told to those who wait for it.
    this.#next ??= this.#running.then(
      begin,
      this.#afterFailure === 'run again' ? begin : (error: unknown) => this.#fail(error),
    );
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#next = undefined;
    const run = this.#work();
    this.#running = run;
    const rest = (): void => {
      if (this.#next === undefined) this.#running = undefined;
    };
    run.then(rest, rest);
    return run;
  }

  #fail(error: unknown): never {
    this.#next = undefined;
    this.#running = undefined;
    throw error;
  }
}
