/** Runs works beside each other, up to a limit. */
export class Lanes {
  readonly #limit: number;
  readonly #running = new Set<Promise<void>>();
  #error: { readonly cause: unknown } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Starts a work when fewer than the limit run. @throws the error of an earlier one */
  async start(work: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#limit) await Promise.race(this.#running);
    this.#throwFirst();
    const running: Promise<void> = work()
      .catch((cause: unknown) => {
        this.#error ??= { cause };
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Waits for all. @throws the error of the first that failed */
  async end(): Promise<void> {
    await Promise.all(this.#running);
    this.#throwFirst();
  }

  #throwFirst(): void {
    const error = this.#error;
    if (error === undefined) return;
    this.#error = undefined;
    throw error.cause;
  }
}
