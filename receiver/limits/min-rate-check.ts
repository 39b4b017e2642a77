/** How fast a message that has begun arrives: who drips it byte by byte holds a place and memory. Pure. */

export class MinRateCheck {
  readonly #windowMs: number;
  #byteCount = 0;
  #waitedMs = 0;

  /** @param windowMs how long is looked at before judging: a radio that is away for a moment is no attack */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** The message is whole; the next one is looked at anew. */
  reset(): void {
    this.#byteCount = 0;
    this.#waitedMs = 0;
  }

  /**
   * More of it came.
   * @param waitedMs how long we waited for it: the time in which we did not read is our own
   * @returns true when it comes more slowly than it must
   */
  isTooSlow(byteCount: number, waitedMs: number, minBytesPerSecond: number): boolean {
    this.#byteCount += byteCount;
    this.#waitedMs += waitedMs;
    if (this.#waitedMs < this.#windowMs) return false;
    const isTooSlow = this.#byteCount < (minBytesPerSecond * this.#waitedMs) / 1000;
    this.reset();
    return isTooSlow;
  }
}
