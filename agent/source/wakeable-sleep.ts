/** A sleep that a call from elsewhere ends early. */
import type { Clock } from '../../shared/clock.js';

export class WakeableSleep {
  #rung = new AbortController();

  /** Ends the sleep in hand, or else the next one at once. */
  wake(): void {
    this.#rung.abort();
  }

  /** Resolves after `ms`, when rung or when `signal` aborts: look at the signal afterwards. Never rejects. */
  async sleep(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const rung = this.#rung;
    const ring = (): void => rung.abort();
    // Not AbortSignal.any: on Node 20 it keeps every result alive as long as the signal lives.
    signal.addEventListener('abort', ring);
    await clock.sleep(ms, rung.signal);
    signal.removeEventListener('abort', ring);
    if (rung.signal.aborted) this.#rung = new AbortController();
  }
}
