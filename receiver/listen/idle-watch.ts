/** When a receiver may end: it was told to, or nobody was connected for long enough. */

export class IdleWatch {
  /** Resolves when it is time to end. */
  readonly over: Promise<void>;
  readonly #idleExitMs: number;
  #timer: NodeJS.Timeout | undefined;
  #end: () => void = () => undefined;

  /** @param idleExitMs 0: however long nobody is connected. */
  constructor(idleExitMs: number, signal: AbortSignal) {
    this.#idleExitMs = idleExitMs;
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    signal.addEventListener('abort', () => this.#end(), { once: true });
    if (signal.aborted) this.#end();
    this.note(0);
  }

  /** Tells how many connections there are now. */
  note(connectionCount: number): void {
    clearTimeout(this.#timer);
    if (connectionCount > 0 || this.#idleExitMs === 0) return;
    this.#timer = setTimeout(() => this.#end(), this.#idleExitMs);
  }
}
