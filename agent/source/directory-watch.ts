/**
 * Reports the names in one directory whose files may have changed, by one inotify watch on the directory. Each is only
 * a hint: names are reported several times, without a change, or while the file is still being written. Files that
 * exist at the start are not reported. Continues after the directory is deleted, replaced and created again, and
 * reports that.
 *
 * The kernel's event queue may overflow, and network mounts report nothing: so the directory's modification time is
 * compared once a second, its names when the time has changed, and all names are reported at each rescan. The pause
 * between rescans grows with the number of names, so that a large directory without changes costs next to nothing.
 */
import { type FSWatcher, constants, watch } from 'node:fs';
import { access, readdir, realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Clock } from '../../shared/clock.js';
import { OperationalError, systemCode, UsageError } from '../../shared/cli/errors.js';

/** Minimum time between two reads of the directory by `check`. */
export const checkMs = 1000;
/** From a failure of the watcher to its next start; meanwhile each check reports all names. */
export const retryMs = 10_000;
/** Shortest time between two reports of all names: they find a missed change of a known file. */
export const rescanMs = 30_000;
/** A rescan checks at most one file in this time on average: 10,000 files every five minutes. */
const rescanMsPerName = 30;
/** Coarsest time resolution of a file system (FAT): within it a directory can change and keep its time. */
const timeResolutionMs = 2000;

export interface DirectoryWatchSettings {
  readonly directory: string;
  readonly clock: Clock;
  /** Other names are ignored. */
  readonly wants: (name: string) => boolean;
  readonly onName: (name: string) => void;
}

export class DirectoryWatch {
  readonly #directory: string;
  readonly #settings: DirectoryWatchSettings;
  #watcher: FSWatcher | undefined;
  /** Identity of the watched directory; undefined: none, the watch must be restarted. */
  #watchedId: string | undefined;
  /** Error of the whole watcher. */
  #failure: unknown;
  #checkAtMs = 0;
  #startAtMs = 0;
  #rescanAtMs = 0;
  /** Names that existed or were reported, and whose removal was not seen. */
  #known = new Set<string>();
  /** Modification time of the directory at the last comparison of names. */
  #comparedMtimeMs: number | undefined;
  #compareUntilMs = 0;
  /** Message of the current error, which has been thrown already. */
  #reportedMessage: string | undefined;

  private constructor(settings: DirectoryWatchSettings) {
    this.#settings = settings;
    this.#directory = resolve(settings.directory);
  }

  /** @throws {UsageError} no such directory @throws {OperationalError} CAMERA: it cannot be watched */
  static async open(settings: DirectoryWatchSettings): Promise<DirectoryWatch> {
    const self = new DirectoryWatch(settings);
    let id: string;
    try {
      ({ id } = await identify(self.#directory));
    } catch (cause) {
      throw new UsageError(`cannot watch the directory ${settings.directory}`, {
        hint: 'create the directory before the agent starts, and give the agent read access',
        cause,
      });
    }
    await self.#start(id);
    return self;
  }

  /** False: the directory does not exist, or cannot be watched. */
  get isWatching(): boolean {
    return this.#watchedId !== undefined;
  }

  /** The wanted names that exist now. */
  async names(): Promise<string[]> {
    return (await readdir(this.#directory)).filter(this.#settings.wants);
  }

  /**
   * To be called often. Once a second it checks whether the directory is still the watched one; after a replacement it
   * watches the new one and reports all its names. Reports names that the watcher has missed.
   * @returns true when the watch was restarted
   * @throws {OperationalError} CAMERA: the directory is missing or cannot be watched; once, until it works again
   */
  async check(): Promise<boolean> {
    const nowMs = this.#settings.clock.monotonicMs();
    if (nowMs < this.#checkAtMs) return false;
    this.#checkAtMs = nowMs + checkMs;
    try {
      const { id, mtimeMs } = await identify(this.#directory);
      if (id !== this.#watchedId || this.#failure !== undefined) {
        return await this.#restart(id, nowMs);
      }
      await this.#reportMissed(mtimeMs, nowMs);
    } catch (error) {
      this.close();
      const failure =
        error instanceof OperationalError ? error : missingError(this.#directory, error);
      if (failure.message === this.#reportedMessage) return false;
      this.#reportedMessage = failure.message;
      throw failure;
    }
    return false;
  }

  /** Reports new names now, if the directory's modification time shows that names were added or removed. */
  async reportNew(): Promise<void> {
    if (this.#watchedId === undefined) return;
    try {
      const { mtimeMs } = await identify(this.#directory);
      if (mtimeMs === this.#comparedMtimeMs) return;
      await this.#reportMissed(mtimeMs, this.#settings.clock.monotonicMs());
    } catch {
      // Missing or unreadable: the next `check` reports it.
    }
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#watchedId = undefined;
    this.#failure = undefined;
  }

  /** Watches the current directory, unless the watcher failed less than `retryMs` ago. Reports all names. */
  async #restart(id: string, nowMs: number): Promise<boolean> {
    const failure = this.#failure;
    this.close();
    try {
      if (failure !== undefined) throw watchError(this.#directory, failure);
      if (nowMs < this.#startAtMs) return false;
      await this.#start(id);
      this.#reportedMessage = undefined;
      return true;
    } catch (error) {
      this.#startAtMs = nowMs + retryMs;
      throw error;
    } finally {
      for (const name of await this.names()) this.#settings.onName(name);
    }
  }

  async #reportMissed(mtimeMs: number, nowMs: number): Promise<void> {
    if (mtimeMs !== this.#comparedMtimeMs)
      this.#compareUntilMs = nowMs + timeResolutionMs + checkMs;
    const isRescan = nowMs >= this.#rescanAtMs;
    if (!isRescan && nowMs > this.#compareUntilMs) return;
    this.#comparedMtimeMs = mtimeMs;
    const previous = this.#known;
    const names = await this.names();
    this.#known = new Set(names);
    const candidates = isRescan ? new Set([...previous, ...names]) : names;
    for (const name of candidates) if (isRescan || !previous.has(name)) this.#settings.onName(name);
    if (isRescan) this.#rescanAtMs = nowMs + this.#rescanPauseMs;
  }

  async #start(id: string): Promise<void> {
    let watcher: FSWatcher;
    try {
      watcher = watch(await realpath(this.#directory));
    } catch (cause) {
      throw watchError(this.#directory, cause);
    }
    this.#watcher = watcher;
    watcher.on('error', (error) => (this.#failure ??= error));
    watcher.on('change', (event, name) => this.#reported(event, String(name)));
    const names = await this.names();
    this.#known = new Set(names);
    this.#comparedMtimeMs = undefined;
    this.#rescanAtMs = this.#settings.clock.monotonicMs() + this.#rescanPauseMs;
    this.#watchedId = id;
  }

  #reported(event: string, name: string): void {
    if (!this.#settings.wants(name)) return;
    // Created or removed: the next comparison reports the name again if the file exists.
    if (event === 'rename') this.#known.delete(name);
    this.#settings.onName(name);
  }

  get #rescanPauseMs(): number {
    return Math.max(rescanMs, this.#known.size * rescanMsPerName);
  }
}

/** The error of the whole watch, with a hint for inotify limits. */
export function watchError(directory: string, cause: unknown): OperationalError {
  const code = systemCode(cause);
  const limit =
    code === 'ENOSPC' ? 'max_user_watches' : code === 'EMFILE' ? 'max_user_instances' : undefined;
  return new OperationalError('CAMERA', `cannot watch the directory ${directory}`, {
    ...(limit && { hint: `raise the limit: sysctl fs.inotify.${limit}=524288` }),
    cause,
  });
}

function missingError(directory: string, cause: unknown): OperationalError {
  const problem = systemCode(cause) === 'ENOENT' ? 'does not exist' : 'cannot be read';
  return new OperationalError('CAMERA', `the watched directory ${directory} ${problem}`, {
    hint: 'the agent continues when the directory can be read again',
    cause,
  });
}

/** @throws when the path is not a readable directory */
async function identify(directory: string): Promise<{ id: string; mtimeMs: number }> {
  const stats = await stat(directory);
  await access(directory, constants.R_OK | constants.X_OK);
  if (!stats.isDirectory()) throw new Error('not a directory');
  // Inode numbers are reused at once; the birth time distinguishes a new directory.
  const id = `${stats.dev}:${stats.ino}:${stats.birthtimeMs}`;
  return { id, mtimeMs: stats.mtimeMs };
}
