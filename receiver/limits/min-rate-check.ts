/** Minimum rate of a message that has begun: one that trickles in holds a slot and memory. Pure. */

export class MinRateCheck {
  readonly #windowMs: number;
  #byteCount = 0;
  #waitedMs = 0;

  /** @param windowMs time over which the rate is measured; tolerates a radio link that fails for a moment */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** The message is complete; the next one is measured anew. */
  reset(): void {
    this.#byteCount = 0;
    this.#waitedMs = 0;
  }

  /**
   * Counts bytes that arrived.
   * @param waitedMs time spent waiting for them; time in which the receiver did not read does not count
   * @returns true when the message arrives more slowly than `minBytesPerSecond`
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
