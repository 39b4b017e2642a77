/** Rate limit for messages without payload: pings, unknown types, unsolicited answers. Pure. */

const minuteMs = 60_000;

export class MessageRateLimit {
  readonly #maxPerMinute: number;
  #minuteAtMs = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(maxPerMinute: number) {
    this.#maxPerMinute = maxPerMinute;
  }

  /** Counts a message. @returns true when it exceeds the limit of the running minute */
  exceeds(monotonicMs: number): boolean {
    if (monotonicMs - this.#minuteAtMs >= minuteMs) {
      this.#minuteAtMs = monotonicMs;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count > this.#maxPerMinute;
  }
}
