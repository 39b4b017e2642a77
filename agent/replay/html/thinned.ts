/**
 * A list with a limited length that covers all of a long series evenly: when it is full, every second entry leaves, and
 * from then on every second new one is taken, and so on. Pure.
 */
export class Thinned<T> {
  readonly #limit: number;
  #entries: T[] = [];
  #step = 1;
  #offered = 0;

  /** @param limit at least 1 */
  constructor(limit: number) {
    this.#limit = Math.max(1, Math.floor(limit));
  }

  /** @param make called when the entry is taken */
  offer(make: () => T): void {
    const isTaken = this.#offered % this.#step === 0;
    this.#offered += 1;
    if (!isTaken) return;
    this.#entries.push(make());
    if (this.#entries.length <= this.#limit) return;
    this.#entries = this.#entries.filter((_, index) => index % 2 === 0);
    this.#step *= 2;
  }

  get entries(): readonly T[] {
    return this.#entries;
  }

  /** Each n-th entry of the series is in the list. */
  get step(): number {
    return this.#step;
  }
}
