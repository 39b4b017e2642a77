/** Logs what the spools report. A full disk fails at every frame: repeated failures and drops are counted. */
import type { Clock } from '../../shared/clock.js';
import type { Log } from '../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import type { DropReason } from '../../shared/protocol/messages.js';
import { DropLog } from './drop-log.js';
import type { SpoolReport } from './spool-report.js';

export class SpoolLog implements SpoolReport {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #drops: DropLog;
  /** By event. */
  readonly #errors = new Map<string, RepeatingErrorLog>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
    this.#drops = new DropLog(log, clock);
  }

  dropped(count: number, why: DropReason): void {
    this.#drops.note(count, why);
  }

  failed(event: string, error: unknown): void {
    const errors = this.#errors.get(event) ?? new RepeatingErrorLog(this.#log, this.#clock);
    this.#errors.set(event, errors);
    errors.failed(event, error);
  }

  worked(event: string, message: string): void {
    this.#errors.get(event)?.worked(message);
  }

  foreign(path: string): void {
    this.#log.warn('unknown file in the spool ignored', { path });
  }

  orphaned(folder: string, waitingCount: number): void {
    this.#log.warn('frames wait for a receiver that is no --host any more', {
      folder,
      waiting: waitingCount,
      hint: `add it again with --host, or: rm -r '${folder}'`,
    });
  }
}
