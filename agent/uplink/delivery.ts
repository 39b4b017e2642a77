/** The uplinks of all receivers together: each empties a spool of its own. */
import type { Clock } from '../../shared/clock.js';
import type { Uplink } from './uplink.js';

/** After SIGTERM, for what waits; with the source's own end it stays below the 5 s of the promise. */
const farewellMs = 3000;

export class Delivery {
  readonly #uplinks: readonly Uplink[];
  readonly #clock: Clock;
  readonly #cut = new AbortController();
  readonly #running: Promise<unknown>;

  /** Begins to deliver. */
  constructor(uplinks: readonly Uplink[], clock: Clock) {
    this.#uplinks = uplinks;
    this.#clock = clock;
    this.#running = Promise.all(uplinks.map((uplink) => uplink.run(this.#cut.signal)));
  }

  /** Rejects when an uplink ends by a bug; resolves when all have ended. */
  get ended(): Promise<unknown> {
    return this.#running;
  }

  /** Whether something waits that its receiver may take. */
  get isPending(): boolean {
    return this.#uplinks.some(({ isPending }) => isPending);
  }

  /**
   * Delivers what waits, for at most so long, and ends. What is left stays in its spool.
   * @param hurry when it aborts, or has, only a moment is left
   * @returns false when time was over before
   */
  async finish(timeLimitMs: number, hurry: AbortSignal): Promise<boolean> {
    for (const uplink of this.#uplinks) uplink.drain();
    const cutAfter = async (ms: number): Promise<void> => {
      await this.#clock.sleep(ms, this.#cut.signal);
      this.#cut.abort();
    };
    const leave = (): void => void cutAfter(farewellMs);
    void cutAfter(timeLimitMs);
    if (hurry.aborted) leave();
    hurry.addEventListener('abort', leave, { once: true });
    await this.#running;
    hurry.removeEventListener('abort', leave);
    const isInTime = !this.#cut.signal.aborted;
    this.#cut.abort();
    return isInTime;
  }
}
