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
 * that takes reports do not wear out an SD card. After a kill more time is then `off`; quiet one-shot runs in between
 * are not counted.
 */
const maxBytesPerSecond = 500;
/** A file of one block costs a disk what any write costs: it is never written late. */
const blockBytes = 4096;

export type SavedState = Omit<ReportState, 'version' | 'savedAtMs'>;

export class StateFile {
  readonly #directory: StateDirectory;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #errors: RepeatingErrorLog;
  /** The state in the file; undefined: not known. */
  #written: string | undefined;
  #byteCount = 0;
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
      if (typeof state !== 'string') {
        this.#byteCount = bytes.length;
        const sinceMs = this.#clock.nowMs() - state.savedAtMs;
        if (sinceMs >= 0) this.#writtenAtMs = this.#clock.monotonicMs() - sinceMs;
        return state;
      }
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

  /** The time between two writes that are not needed at once. */
  get pauseMs(): number {
    return (Math.max(0, this.#byteCount - blockBytes) / maxBytesPerSecond) * 1000;
  }

  /** @param isNeeded false: a large file may be written later @returns whether the file has this state now */
  async write(state: SavedState, isNeeded: boolean): Promise<boolean> {
    const nowMs = this.#clock.monotonicMs();
    if (!isNeeded && nowMs - this.#writtenAtMs < this.pauseMs) return false;
    const content = JSON.stringify(state);
    if (content === this.#written) return true;
    const bytes = encodeReportState({ savedAtMs: Math.round(this.#clock.nowMs()), ...state });
    try {
      await this.#directory.write(fileName, bytes);
    } catch (error) {
      this.#written = undefined;
      this.#errors.failed('cannot write the state of the reports: they wait in memory', error);
      return false;
    }
    this.#errors.worked('the state of the reports is written again');
    this.#written = content;
    this.#byteCount = bytes.length;
    this.#writtenAtMs = nowMs;
    return true;
  }
}
