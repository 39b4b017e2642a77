/** Runs the uplinks of all receivers; each uplink sends the entries of its own spool. */
import type { Clock } from '../../shared/clock.js';
import type { Uplink } from './uplink.js';

/** Time for waiting frames after SIGTERM. Together with the end of the source it is below the documented 5 s. */
const stopTimeoutMs = 3000;

export class Delivery {
  readonly #uplinks: readonly Uplink[];
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  #running: Promise<unknown> | undefined;

  constructor(uplinks: readonly Uplink[], clock: Clock) {
    this.#uplinks = uplinks;
    this.#clock = clock;
  }

  /** Starts the uplinks; call it once. @returns resolves when all of them have ended; rejects when a bug ends one */
  start(): Promise<unknown> {
    this.#running = Promise.all(this.#uplinks.map((uplink) => uplink.run(this.#abort.signal)));
    return this.#running;
  }

  /** Whether an entry waits that its receiver may accept. */
  get isPending(): boolean {
    return this.#uplinks.some(({ isPending }) => isPending);
  }

  /**
   * Delivers the waiting entries within a time limit, and ends; starts the uplinks if they do not run. The other
   * entries stay in their spools.
   * @param stop when it is aborted, the time limit becomes `stopTimeoutMs`
   * @returns false: the time limit was reached
   */
  async finish(timeLimitMs: number, stop: AbortSignal): Promise<boolean> {
    const running = this.#running ?? this.start();
    for (const uplink of this.#uplinks) uplink.drain();
    const abortAfter = async (ms: number): Promise<void> => {
      await this.#clock.sleep(ms, this.#abort.signal);
      this.#abort.abort();
    };
    const onStop = (): void => void abortAfter(stopTimeoutMs);
    void abortAfter(timeLimitMs);
    if (stop.aborted) onStop();
    stop.addEventListener('abort', onStop, { once: true });
    await running;
    stop.removeEventListener('abort', onStop);
    const isInTime = !this.#abort.signal.aborted;
    this.#abort.abort();
    return isInTime;
  }
}
