/** Reads and writes `reports.json`. A failure is logged and never ends the agent: the reports wait in memory. */
import type { Clock } from '../../shared/clock.js';
import type { Log } from '../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import type { StateDirectory } from '../service/state.js';
import { type ReportState, decodeReportState, encodeReportState } from './report-state.js';

const fileName = 'reports.json';
/** A copy of a file that cannot be used, for a look at it or for a newer version. */
const asideName = 'reports.unusable.json';

/**
 * A large file is written less often: on average at most this many bytes a second, so that months without a receiver
 * that takes reports do not wear out an SD card. After a kill, more time is then `off`.
 */
const maxBytesPerSecond = 500;

export class StateFile {
  readonly #directory: StateDirectory;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #errors: RepeatingErrorLog;
  #written: Buffer = Buffer.alloc(0);
  #writtenAtMs = Number.NEGATIVE_INFINITY;

  constructor(directory: StateDirectory, clock: Clock, log: Log) {
    this.#directory = directory;
    this.#clock = clock;
    this.#log = log;
    this.#errors = new RepeatingErrorLog(log, clock);
  }

  /** @returns undefined: there is none, or it cannot be used, which is logged */
  async read(): Promise<ReportState | undefined> {
    try {
      const bytes = await this.#directory.read(fileName);
      if (bytes === undefined) return undefined;
      const state = decodeReportState(bytes);
      if (typeof state !== 'string') return state;
      const facts = { reason: state, copy: asideName };
      this.#log.warn(`reports that waited are lost: ${fileName} cannot be used`, facts);
      await this.#directory.write(asideName, bytes);
    } catch (error) {
      this.#log.warn(`cannot read ${fileName}: what the camera did before is not reported`, {
        error,
      });
    }
    return undefined;
  }

  /** @param isNeeded false: a large file may be written later @returns whether the file has this state now */
  async write(state: Omit<ReportState, 'version'>, isNeeded: boolean): Promise<boolean> {
    const nowMs = this.#clock.monotonicMs();
    const pauseMs = (this.#written.length / maxBytesPerSecond) * 1000;
    if (!isNeeded && nowMs - this.#writtenAtMs < pauseMs) return false;
    const bytes = encodeReportState(state);
    if (bytes.equals(this.#written)) return true;
    try {
      await this.#directory.write(fileName, bytes);
    } catch (error) {
      this.#written = Buffer.alloc(0);
      this.#errors.failed('cannot write the state of the reports: they wait in memory', error);
      return false;
    }
    this.#errors.worked('the state of the reports is written again');
    this.#written = bytes;
    this.#writtenAtMs = nowMs;
    return true;
  }
}
