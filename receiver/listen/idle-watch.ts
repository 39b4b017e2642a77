/** When the receiver ends: at a signal, or after the idle exit time without a connection. */

export class IdleWatch {
  /** Resolves when the receiver is to end. */
  readonly over: Promise<void>;
  readonly #idleExitMs: number;
  #timer: NodeJS.Timeout | undefined;
  #end: () => void = () => undefined;

  /** @param idleExitMs 0: only at the signal */
  constructor(idleExitMs: number, signal: AbortSignal) {
    this.#idleExitMs = idleExitMs;
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    signal.addEventListener('abort', () => this.#end(), { once: true });
    if (signal.aborted) this.#end();
    this.note(0);
  }

  /** Sets the current number of connections. */
  note(connectionCount: number): void {
    clearTimeout(this.#timer);
    if (connectionCount > 0 || this.#idleExitMs === 0) return;
    this.#timer = setTimeout(() => this.#end(), this.#idleExitMs);
  }
}
