/**
 * Reports the names in one directory whose files may have changed, by chokidar. Each is only a hint: names are reported
 * twice, without a change, or while the file is still being written. Files that exist at the start are not reported.
 * Continues after the directory is deleted, replaced and created again, and reports that.
 *
 * Chokidar may miss a file: in a burst, when it takes longer than a second to read the directory, or when the kernel's
 * event queue overflows. So the names are compared once a second, and all names are reported every `rescanMs`.
 */
import type { FSWatcher } from 'chokidar';
import { constants } from 'node:fs';
import { access, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Clock } from '../../shared/clock.js';
import { OperationalError, systemCode, UsageError } from '../../shared/cli/errors.js';

/** Minimum time between two reads of the directory by `check`. */
export const checkMs = 1000;
/** From a failure of the watcher to its next start; meanwhile each check reports all names. */
export const retryMs = 10_000;
/** How often all names are reported: this is the only way to find a missed change of a known file. */
export const rescanMs = 30_000;
/** Coarsest time resolution of a file system (FAT): within it a directory can change and keep its time. */
const timeResolutionMs = 2000;

export interface DirectoryWatchSettings {
  readonly directory: string;
  readonly clock: Clock;
  /** Other names are ignored. */
  readonly wants: (name: string) => boolean;
  readonly onName: (name: string) => void;
  /** True: a symbolic link in the directory is watched at its target. False: links are ignored. */
  readonly followsLinks: boolean;
}

export class DirectoryWatch {
  readonly #directory: string;
  readonly #settings: DirectoryWatchSettings;
  #watcher: FSWatcher | undefined;
  /** Identity of the watched directory; undefined: none, the watch must be restarted. */
  #watchedId: string | undefined;
  /** Error of the whole watcher. */
  #failure: unknown;
  /** By path, errors of files that the watcher cannot watch, not yet reported. */
  readonly #unwatched = new Map<string, unknown>();
  readonly #reported = new Set<string>();
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
   * @throws {OperationalError} CAMERA: the directory is missing or cannot be watched; once, until it works again.
   *   FRAME: a file cannot be watched; once for each file
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
      await this.close();
      const failure =
        error instanceof OperationalError ? error : missingError(this.#directory, error);
      if (failure.message === this.#reportedMessage) return false;
      this.#reportedMessage = failure.message;
      throw failure;
    }
    this.#reportUnwatched();
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

  async close(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    this.#watchedId = undefined;
    this.#failure = undefined;
    const closed = watcher?.close();
    // `close` removes all listeners; an error of pending work would then end the process.
    watcher?.on('error', () => undefined);
    await closed;
  }

  /** Watches the current directory, unless the watcher failed less than `retryMs` ago. Reports all names. */
  async #restart(id: string, nowMs: number): Promise<boolean> {
    const failure = this.#failure;
    await this.close();
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
    if (isRescan) this.#rescanAtMs = nowMs + rescanMs;
  }

  #reportUnwatched(): void {
    for (const [path, cause] of this.#unwatched) {
      this.#unwatched.delete(path);
      if (this.#reported.has(path)) continue;
      this.#reported.add(path);
      throw new OperationalError('FRAME', `cannot watch ${path}`, {
        hint: `the file is checked every ${rescanMs / 1000} s instead`,
        cause,
      });
    }
  }

  async #start(id: string): Promise<void> {
    this.#known = new Set(await this.names());
    this.#comparedMtimeMs = undefined;
    this.#rescanAtMs = this.#settings.clock.monotonicMs() + rescanMs;
    // Also without `followsLinks`, the path of the directory itself may contain links.
    const directory = await realpath(this.#directory);
    // Loaded here: a one-shot run does not need chokidar.
    const { watch } = await import('chokidar');
    const { wants, onName, followsLinks } = this.#settings;
    const watcher = watch(directory, {
      ignoreInitial: true,
      depth: 0,
      atomic: false,
      followSymlinks: followsLinks,
      // Else one unreadable file would be an error of the whole watch.
      ignorePermissionErrors: true,
      ignored: (path) => path !== directory && !wants(basename(path)),
    });
    this.#watcher = watcher;
    for (const event of ['add', 'change', 'unlink'] as const) {
      watcher.on(event, (path) => {
        const name = basename(path);
        if (event === 'unlink') this.#known.delete(name);
        else this.#known.add(name);
        onName(name);
      });
    }
    // After this event chokidar reports nothing more, also for a new directory at the same path.
    watcher.on('unlinkDir', (path) => {
      if (path === directory) this.#watchedId = undefined;
    });
    await new Promise<void>((resolve) => {
      watcher.once('ready', resolve);
      watcher.on('error', (error) => {
        const path = fileOf(error, directory);
        if (path !== undefined) this.#unwatched.set(path, error);
        else {
          this.#failure ??= error;
          resolve();
        }
      });
    });
    if (this.#failure !== undefined) {
      const failure = this.#failure;
      await this.close();
      throw watchError(this.#directory, failure);
    }
    this.#watchedId = id;
  }
}

/** The file that an error of the watcher concerns; undefined: the error concerns the whole watch. */
function fileOf(error: unknown, directory: string): string | undefined {
  if (!(error instanceof Error) || !('path' in error) || typeof error.path !== 'string') return;
  const isLimit = ['ENOSPC', 'EMFILE', 'ENFILE'].includes(systemCode(error) ?? '');
  return !isLimit && dirname(error.path) === directory ? error.path : undefined;
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
