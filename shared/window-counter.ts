/** Counts in a window of fixed length, separately for each key; after it all counts start anew. Pure. */

/** Stands for all keys beyond `maxKeys`. */
const others = 'others';

export class WindowCounter {
  readonly #windowMs: number;
  readonly #maxKeys: number;
  /** Of the running window only, so that old keys take no memory. */
  readonly #totals = new Map<string, number>();
  #startedAtMs = Number.NEGATIVE_INFINITY;

  /** @param maxKeys keys that are counted separately; further ones are counted together */
  constructor(windowMs: number, maxKeys = 1) {
    this.#windowMs = windowMs;
    this.#maxKeys = maxKeys;
  }

  /** Adds to the total of a key. @returns the new total */
  add(nowMs: number, amount = 1, key = ''): number {
    const total = this.total(nowMs, key) + amount;
    this.#totals.set(this.#keyOf(key), total);
    return total;
  }

  /** The total of a key in the running window. The first call after a window starts the next one. */
  total(nowMs: number, key = ''): number {
    if (nowMs - this.#startedAtMs >= this.#windowMs) {
      this.#startedAtMs = nowMs;
      this.#totals.clear();
    }
    return this.#totals.get(this.#keyOf(key)) ?? 0;
  }

  /** Time until the end of the window that the last call was in. */
  remainingMs(nowMs: number): number {
    return this.#startedAtMs + this.#windowMs - nowMs;
  }

  #keyOf(key: string): string {
    const isRoom = this.#totals.has(key) || this.#totals.size < this.#maxKeys;
    return isRoom ? key : others;
  }
}
