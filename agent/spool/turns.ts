/** Runs changes one after the other, in the order of the calls. */

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** @returns the result of the change; when it fails, it rejects for this caller only, and the next change runs */
  run<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
