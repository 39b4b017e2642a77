/**
 * Memory for frames that arrive or are being stored. Who wants some waits until there is enough for the whole
 * frame, first come first served: a frame that has begun can always be finished, so nobody waits for ever.
 * Pure.
 */
export class ByteSemaphore {
  readonly #maxBytes: number;
  readonly #waiting: { readonly byteCount: number; readonly grant: () => void }[] = [];
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True while somebody waits. */
  get isShort(): boolean {
    return this.#waiting.length > 0;
  }

  /**
   * Resolves when there is room; more than the whole budget is granted when nothing else is held.
   * @returns gives it back; a second call does nothing
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
      // Before it runs again: the one after it must not take the same room.
      this.#heldBytes += next.byteCount;
      next.grant();
    }
  }
}
