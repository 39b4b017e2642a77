/** A sleep that another task can end early. */
import type { Clock } from '../../shared/clock.js';

export class WakeableSleep {
  #wakeup = new AbortController();

  /** Ends the current sleep; without one, the next sleep ends at once. */
  wake(): void {
    this.#wakeup.abort();
  }

  /** Resolves after `ms`, at `wake`, or when `signal` aborts: check the signal afterwards. Never rejects. */
  async sleep(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const wakeup = this.#wakeup;
    const onAbort = (): void => wakeup.abort();
    // Not AbortSignal.any: on Node 20 its results stay in memory as long as the signal lives.
    signal.addEventListener('abort', onAbort);
    await clock.sleep(ms, wakeup.signal);
    signal.removeEventListener('abort', onAbort);
    if (wakeup.signal.aborted) this.#wakeup = new AbortController();
  }
}
