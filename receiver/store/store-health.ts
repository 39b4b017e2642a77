/**
 * Whether a store takes frames: the newest attempt to store decides. While no camera sends, a trial is one: the store
 * writes a few bytes. So an idle receiver knows that its disk or its object store has failed, and that it works again.
 */
import type { Log } from '../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import type { Clock } from '../../shared/clock.js';
import type { FrameStore } from './store-port.js';

/** Within this time of an attempt no trial is made. */
const freshMs = 5000;
/** A store that takes longer for a trial has failed, as far as is known. */
const patienceMs = 1500;

export class StoreHealth {
  readonly #clock: Clock;
  /** Writes a few bytes. @throws {OperationalError} STORE, KEYS */
  readonly #trial: () => Promise<void>;
  #worked = true;
  #attemptMs = Number.NEGATIVE_INFINITY;
  #trying: Promise<void> | undefined;
  /** A balancer sends no camera where the answer is 503: no refused frame would be logged. */
  readonly #errors: RepeatingErrorLog;

  constructor(clock: Clock, log: Log, trial: () => Promise<void>) {
    this.#clock = clock;
    this.#errors = new RepeatingErrorLog(log, clock);
    this.#trial = trial;
  }

  /** The same store; its attempts are noted. */
  watch(store: FrameStore): FrameStore {
    const noted = async <T>(attempt: Promise<T>): Promise<T> => {
      try {
        const result = await attempt;
        this.#note(true);
        return result;
      } catch (error) {
        this.#note(false);
        throw error;
      }
    };
    return {
      id: store.id,
      put: (frame) => noted(store.put(frame)),
      recordGap: (gap) => noted(store.recordGap(gap)),
      recordReport: (report) => noted(store.recordReport(report)),
      lock: (claim) => store.lock(claim),
      close: () => store.close(),
    };
  }

  /** Never rejects, and answers within two seconds. */
  async takesFrames(): Promise<boolean> {
    if (this.#clock.monotonicMs() - this.#attemptMs <= freshMs) return this.#worked;
    this.#trying ??= this.#try();
    const patience = new AbortController();
    const isAnswered = await Promise.race([
      this.#trying.then(() => true),
      this.#clock.sleep(patienceMs, patience.signal).then(() => false),
    ]);
    patience.abort();
    return isAnswered && this.#worked;
  }

  async #try(): Promise<void> {
    try {
      await this.#trial();
      this.#note(true);
    } catch (error) {
      this.#note(false);
      this.#errors.failed('the store takes no frames', error);
    } finally {
      this.#trying = undefined;
    }
  }

  #note(worked: boolean): void {
    if (worked) this.#errors.worked('the store takes frames again');
    this.#worked = worked;
    this.#attemptMs = this.#clock.monotonicMs();
  }
}
