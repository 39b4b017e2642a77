/**
 * Keeps count of what a watch does: systemd hears of it, and a watch that is to end when nothing comes any more
 * is told so.
 */
import type { Clock } from '../../shared/clock.js';
import { describeError } from '../../shared/cli/errors.js';
import type { ServiceManager } from '../service/service-manager.js';

export interface WatchProgressSettings {
  /** A watch that had no frame for this long, and has none to deliver, is over; 0: never. */
  readonly idleExitMs: number;
  readonly clock: Clock;
  /** How many frames no receiver has acknowledged yet. */
  readonly waitingCount: () => number;
  /** Whether one of them may be delivered yet: a receiver need not take all. */
  readonly isPending: () => boolean;
  /** Undefined: nobody wants to know. */
  readonly manager: ServiceManager | undefined;
}

export class WatchProgress {
  readonly #settings: WatchProgressSettings;
  readonly #idle = new AbortController();
  #seen = 0;
  #chosen = 0;
  #busyAtMs: number;

  constructor(settings: WatchProgressSettings) {
    this.#settings = settings;
    this.#busyAtMs = settings.clock.monotonicMs();
  }

  /** Aborts when the watch is over because nothing came. */
  get idle(): AbortSignal {
    return this.#idle.signal;
  }

  ready(): void {
    this.#settings.manager?.ready(this.#counts());
  }

  /** A frame was judged. */
  judged(isToSend: boolean): void {
    this.#seen += 1;
    if (isToSend) this.#chosen += 1;
    this.#busyAtMs = this.#settings.clock.monotonicMs();
  }

  /** An attempt to have a frame ended. */
  attempted(failure?: unknown): void {
    this.#settings.manager?.attempted(this.#counts(failure));
  }

  /** A source that waits for a frame has looked, and there was none; `isQuiet`: none is being written either. */
  polled(isQuiet: boolean): void {
    this.attempted();
    const { idleExitMs, clock, isPending } = this.#settings;
    const idleMs = clock.monotonicMs() - this.#busyAtMs;
    if (isPending()) this.#busyAtMs = clock.monotonicMs();
    // A look that is not quiet may find a version that is no news: it only puts the end off.
    else if (isQuiet && idleExitMs > 0 && idleMs >= idleExitMs) this.#idle.abort();
  }

  #counts(failure?: unknown) {
    return {
      seen: this.#seen,
      chosen: this.#chosen,
      waiting: this.#settings.waitingCount(),
      failure: failure === undefined ? undefined : describeError(failure),
    };
  }
}
