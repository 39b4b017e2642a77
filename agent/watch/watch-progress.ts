/** Counts what a watch does, reports it to systemd, and signals the idle exit. */
import type { Clock } from '../../shared/clock.js';
import { describeError } from '../../shared/cli/errors.js';
import type { ServiceManager } from '../service/service-manager.js';

export interface WatchProgressSettings {
  /** A watch ends when it had no frame for this long and has none to deliver; 0: never. */
  readonly idleExitMs: number;
  readonly clock: Clock;
  /** Frames that no receiver has acknowledged yet. */
  readonly waitingCount: () => number;
  /** Whether a waiting frame may still be delivered: a receiver may refuse frames. */
  readonly isPending: () => boolean;
  /** Undefined: no service manager is present. */
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

  /** Aborts when the watch ends because no frame arrived. */
  get idle(): AbortSignal {
    return this.#idle.signal;
  }

  ready(): void {
    this.#settings.manager?.ready(this.#counts());
  }

  /** A frame got its verdict. */
  judged(isToSend: boolean): void {
    this.#seen += 1;
    if (isToSend) this.#chosen += 1;
    this.#busyAtMs = this.#settings.clock.monotonicMs();
  }

  /** An attempt to capture a frame ended. */
  attempted(failure?: unknown): void {
    this.#settings.manager?.attempted(this.#counts(failure));
  }

  /** A source that waits for a frame checked and found none; `isQuiet`: no file is being written either. */
  polled(isQuiet: boolean): void {
    this.attempted();
    const { idleExitMs, clock, isPending } = this.#settings;
    const idleMs = clock.monotonicMs() - this.#busyAtMs;
    if (isPending()) this.#busyAtMs = clock.monotonicMs();
    // A write in progress may be a version already taken; it only postpones the idle exit.
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
