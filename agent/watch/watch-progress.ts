/** Counts what a watch does, reports it to systemd, and signals the idle exit. */
import type { Clock } from '../../shared/clock.js';
import { describeError } from '../../shared/cli/errors.js';
import type { Decided } from '../events/event-recorder.js';
import { isSent } from '../events/verdict.js';
import type { ServiceManager } from '../service/service-manager.js';
import type { CapturedFrame, PollObserver } from '../source/frame-source.js';
import type { SpoolSet } from '../spool/spool-set.js';
import type { Delivery } from '../uplink/delivery.js';
import type { UplinkStates } from '../uplink/uplink-states.js';
import type { FrameObserver } from './take-frame.js';

/** Is informed of attempts that gave no frame. */
export interface AttemptObserver {
  polled(isPresent: boolean): void;
  failed(error: unknown): void;
}

export interface WatchProgressSettings {
  /** A watch ends when it had no frame for this long and has none to deliver; 0: never. */
  readonly idleExitMs: number;
  readonly clock: Clock;
  readonly spools: Pick<SpoolSet, 'waitingCount'>;
  readonly delivery: Pick<Delivery, 'isPending'>;
  readonly uplinks: Pick<UplinkStates, 'why'>;
  /** Undefined: the agent makes no reports. */
  readonly reports?: AttemptObserver | undefined;
  /** Undefined: no service manager is present. */
  readonly manager: ServiceManager | undefined;
}

export class WatchProgress implements FrameObserver, PollObserver {
  readonly #settings: WatchProgressSettings;
  readonly #idle = new AbortController();
  #seen = 0;
  #chosen = 0;
  #busyAtMs: number;
  /** Why the last attempt gave no frame. */
  #failure: unknown;

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

  judged({ verdict }: Decided<CapturedFrame>): void {
    this.#seen += 1;
    if (isSent(verdict)) this.#chosen += 1;
    this.#busyAtMs = this.#settings.clock.monotonicMs();
  }

  /** An attempt to capture a frame ended. */
  attempted(failure?: unknown): void {
    if (failure !== undefined) this.#settings.reports?.failed(failure);
    this.#failure = failure;
    this.#settings.manager?.attempted(this.#counts());
  }

  /** A receiver takes frames again, or does not any more. */
  changed(): void {
    this.#settings.manager?.changed(this.#counts());
  }

  polled(isQuiet: boolean, isPresent: boolean): void {
    this.attempted();
    const { idleExitMs, clock, delivery, reports } = this.#settings;
    reports?.polled(isPresent);
    const idleMs = clock.monotonicMs() - this.#busyAtMs;
    if (delivery.isPending) this.#busyAtMs = clock.monotonicMs();
    // A write in progress may be a version already taken; it only postpones the idle exit.
    else if (isQuiet && idleExitMs > 0 && idleMs >= idleExitMs) this.#idle.abort();
  }

  #counts() {
    const failure = this.#failure;
    return {
      seen: this.#seen,
      chosen: this.#chosen,
      waiting: this.#settings.spools.waitingCount,
      why: this.#settings.uplinks.why,
      failure: failure === undefined ? undefined : describeError(failure),
    };
  }
}
