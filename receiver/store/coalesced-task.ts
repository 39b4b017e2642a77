/** Work requested by many callers: calls during a run share the next run, never the running one. */

/** What callers that wait for the next run get when the running one fails. */
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
    if (this.#running === undefined) return this.#start();
    const start = (): Promise<void> => this.#start();
    // The error of the running one is handled by its own callers.
    this.#next ??= this.#running.then(
      start,
      this.#afterFailure === 'run again' ? start : (error: unknown) => this.#fail(error),
    );
    return this.#next;
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const run = this.#work();
    this.#running = run;
    const onEnd = (): void => {
      if (this.#next === undefined) this.#running = undefined;
    };
    run.then(onEnd, onEnd);
    return run;
  }

  #fail(error: unknown): never {
    this.#next = undefined;
    this.#running = undefined;
    throw error;
  }
}
