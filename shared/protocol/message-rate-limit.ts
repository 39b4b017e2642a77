/** Counts messages that carry nothing: who sends nothing else is no peer but a load. Pure. */

const minuteMs = 60_000;

export class MessageRateLimit {
  readonly #maxPerMinute: number;
  #minuteAtMs = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(maxPerMinute: number) {
    this.#maxPerMinute = maxPerMinute;
  }

  /** Another one. @returns true when that is one too many in the running minute */
  exceeds(monotonicMs: number): boolean {
    if (monotonicMs - this.#minuteAtMs >= minuteMs) {
      this.#minuteAtMs = monotonicMs;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count > this.#maxPerMinute;
  }
}
