/** Work that many ask for at once: whoever asks while it runs shares the next run, never the running one. */

export class NextRun {
  readonly #work: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  get isIdle(): boolean {
    return this.#running === undefined;
  }

  /** Resolves after a run that began after this call. @throws what that run throws */
  join(): Promise<void> {
    if (this.#running === undefined) return this.#begin();
    const begin = (): Promise<void> => this.#begin();
    // Why the running one failed is told to those who wait for it.
    this.#next ??= this.#running.then(begin, begin);
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
}
