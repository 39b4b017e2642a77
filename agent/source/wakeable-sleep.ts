/** A sleep that another task can end early. */
import type { Clock } from '../../shared/clock.js';

/** A timer that runs. It may outlast the sleep that began it: the next sleep waits for it too. */
interface Alarm {
  /** Monotonic time. */
  readonly atMs: number;
  readonly signal: AbortSignal;
  readonly stop: () => void;
  hasRung: boolean;
}

/**
 * Most sleeps of a stream end by a frame, long before their time: one timer serves many of them, so that a frame needs
 * no timer and no signal of its own.
 */
export class WakeableSleep {
  #isWoken = false;
  #alarm: Alarm | undefined;
  /** Ends the wait of the current sleep, which then looks why. */
  #look: () => void = () => undefined;

  /** Ends the current sleep; without one, the next sleep ends at once. */
  wake(): void {
    this.#isWoken = true;
    this.#look();
  }

  /** Ends the timer that a sleep may have left. It would keep the process from ending. */
  endTimer(): void {
    this.#alarm?.stop();
    this.#alarm = undefined;
  }

  /** Resolves after `ms`, at `wake`, or when `signal` aborts: check the signal afterwards. Never rejects. */
  async sleep(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    const dueAtMs = clock.monotonicMs() + ms;
    while (!signal.aborted && !this.#isWoken) {
      if (clock.monotonicMs() >= dueAtMs) return;
      const alarm = this.#alarmBy(dueAtMs, clock, signal);
      await new Promise<void>((resolve) => (this.#look = resolve));
      if (alarm.hasRung && alarm.atMs >= dueAtMs) return;
    }
    if (!signal.aborted) this.#isWoken = false;
  }

  /** The timer that runs, when it ends in time, else a new one. */
  #alarmBy(atMs: number, clock: Clock, signal: AbortSignal): Alarm {
    const running = this.#alarm;
    if (running?.signal === signal && running.atMs <= atMs) return running;
    this.endTimer();
    const stopping = new AbortController();
    const stop = (): void => stopping.abort();
    const alarm: Alarm = { atMs, signal, stop, hasRung: false };
    this.#alarm = alarm;
    // Not AbortSignal.any: on Node 20 its results stay in memory as long as the signal lives.
    signal.addEventListener('abort', stop);
    void clock.sleep(atMs - clock.monotonicMs(), stopping.signal).then(() => {
      signal.removeEventListener('abort', stop);
      if (this.#alarm !== alarm) return;
      this.#alarm = undefined;
      alarm.hasRung = true;
      this.#look();
    });
    return alarm;
  }
}
