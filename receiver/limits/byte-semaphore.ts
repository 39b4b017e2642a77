/**
 * Memory for frames that arrive or are being stored. A request waits until there is memory for the whole frame; first
 * come, first served. A frame that has begun always has its memory, so no request waits for ever. Pure.
 */
export class ByteSemaphore {
  readonly #maxBytes: number;
  readonly #waiting: { readonly byteCount: number; readonly grant: () => void }[] = [];
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True while a request waits. */
  get isShort(): boolean {
    return this.#waiting.length > 0;
  }

  /**
   * Resolves when the memory is free. More than the whole budget is granted when nothing else is held.
   * @returns releases the memory; a second call does nothing
   */
  async take(byteCount: number): Promise<() => void> {
    if (this.isShort || !this.#fits(byteCount)) {
      await new Promise<void>((grant) => this.#waiting.push({ byteCount, grant }));
    } else this.#heldBytes += byteCount;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#heldBytes -= byteCount;
      this.#grant();
    };
  }

  #fits(byteCount: number): boolean {
    return this.#heldBytes === 0 || this.#heldBytes + byteCount <= this.#maxBytes;
  }

  #grant(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || !this.#fits(next.byteCount)) return;
      this.#waiting.shift();
      // Counted before the waiter resumes, so that the next one cannot be granted the same bytes.
      this.#heldBytes += next.byteCount;
      next.grant();
    }
  }
}
