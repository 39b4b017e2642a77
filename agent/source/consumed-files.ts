/** The files of a watched folder with `--consume`: each is removed when its frame is needed no more. */
import { createHash } from 'node:crypto';
import { lstatSync, unlinkSync } from 'node:fs';
import type { Clock } from '../../shared/clock.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import type { FrameLifecycle } from './frame-source.js';
import { type FileVersion, versionOf } from './pending-file.js';
import type { TakenFile, TakenFiles } from './taken-files.js';

/** The spools of an earlier process. */
export interface EarlierSpools {
  /** Calls `onDelivered` once every receiver has acknowledged it for which it still waits. @returns false: for none */
  resume(
    frame: { readonly capturedAtMs: number; readonly sha256: string },
    onDelivered: () => void,
  ): Promise<boolean>;
  /** Capture time of the frame that was spooled last, if it has these bytes and waits for every receiver. */
  newestOf(sha256: string): Promise<number | undefined>;
}

export class ConsumedFiles {
  readonly #taken: TakenFiles | undefined;
  readonly #log: Pick<Log, 'warn'>;
  readonly #removals: RepeatingErrorLog;
  readonly #notes: RepeatingErrorLog;

  /** @param taken undefined: frames wait in memory, and the next process takes their files again */
  constructor(taken: TakenFiles | undefined, log: Log, clock: Clock) {
    this.#taken = taken;
    this.#log = log;
    this.#removals = new RepeatingErrorLog(log, clock);
    this.#notes = new RepeatingErrorLog(log, clock);
  }

  /** To be called before delivery starts: removes the files that an earlier process took, once they are delivered. */
  async resume(spools: EarlierSpools): Promise<void> {
    const left: string[] = [];
    const all = this.#taken?.all ?? [];
    const known = new Set(all.map(({ capturedAtMs, sha256 }) => `${capturedAtMs} ${sha256}`));
    for (const file of all) {
      const { path, sha256, isReleased } = file;
      const isSpooled = file.capturedAtMs !== undefined;
      const newestMs = isSpooled ? undefined : await spools.newestOf(sha256);
      // Another file may have the same bytes.
      const isNewest = newestMs !== undefined && !known.has(`${newestMs} ${sha256}`);
      const capturedAtMs = file.capturedAtMs ?? (isNewest ? newestMs : undefined);
      const remove = (): void => this.#remove(file);
      if (isReleased === true) remove();
      else if (capturedAtMs === undefined) this.#taken?.forget(path);
      else if (!(await spools.resume({ capturedAtMs, sha256 }, remove))) left.push(path);
    }
    if (left.length === 0) return;
    const event = 'files stay: their frames were taken before, and refused or dropped';
    this.#log.warn(event, { files: left.length, first: left[0] });
  }

  /** Whether a process before this one took this version of a file: it is no new frame. */
  isTaken(path: string, version: FileVersion): boolean {
    return this.#taken?.has(path, version.id) ?? false;
  }

  /** For a frame that is taken now. */
  lifecycle(path: string, version: FileVersion, jpeg: Buffer): FrameLifecycle {
    let file: TakenFile | undefined;
    return {
      spooling: async () => {
        if (this.#taken === undefined) return;
        const sha256 = createHash('sha256').update(jpeg).digest('hex');
        await this.#note({ path, version: version.id, capturedAtMs: undefined, sha256 });
      },
      spooled: async ({ capturedAtMs, sha256, isOnDisk }) => {
        // A frame in memory is lost with the process: then the next one takes the file again.
        if (isOnDisk)
          await this.#note((file = { path, version: version.id, capturedAtMs, sha256 }));
      },
      released: () => this.#remove(file ?? { path, version: version.id }),
    };
  }

  /** Removes a file, if it still is the version that was taken. Does not throw. */
  #remove(file: Pick<TakenFile, 'path' | 'version'> | TakenFile): void {
    const { path, version } = file;
    try {
      // Without a pause between the two calls: the writer may overwrite the file at any time.
      const stats = lstatSync(path);
      if (stats.isFile() && versionOf(stats).id === version) unlinkSync(path);
      this.#removals.worked('files are removed again');
    } catch (cause) {
      if (systemCode(cause) !== 'ENOENT') {
        const hint = 'give the agent write access to the folder';
        const error = new OperationalError('FRAME', `cannot remove ${path}`, { hint, cause });
        this.#removals.failed('a delivered file stays', error);
        if ('sha256' in file) void this.#note({ ...file, isReleased: true });
        return;
      }
    }
    this.#taken?.forget(path);
  }

  /** Does not throw. */
  async #note(file: TakenFile): Promise<void> {
    try {
      await this.#taken?.add(file);
      this.#notes.worked('taken files are remembered again');
    } catch (error) {
      this.#notes.failed('a taken file is not remembered: it may be sent again', error);
    }
  }
}
