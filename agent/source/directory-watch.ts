/**
 * Tells the names in one directory whose files may have changed, by chokidar. A hint each, never a promise:
 * names come twice, for nothing, or while the file is still being written. Files that are there when it opens
 * are not told. Survives the directory being deleted, replaced and made again, and says so.
 *
 * Chokidar may miss a file: in a burst, when a look at the directory takes it longer than a second, or when the
 * system's queue of events runs over. So new names are compared once a second, and now and then every name is told.
 */
import type { FSWatcher } from 'chokidar';
import { constants } from 'node:fs';
import { access, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Clock } from '../../shared/clock.js';
import { OperationalError, systemCode, UsageError } from '../../shared/cli/errors.js';

/** How often `check` really looks. */
export const checkMs = 1000;
/** From a failure of the watcher to its next start; meanwhile every name is told at each check. */
export const retryMs = 10_000;
/** How often every name is told: a change of a known file that the watcher missed has no other trace. */
export const tellAllMs = 30_000;
/** The coarsest clock of a file system (FAT): within it a directory can change and keep its time. */
const clockTickMs = 2000;

export interface DirectoryWatchSettings {
  readonly directory: string;
  readonly clock: Clock;
  /** Other names cost nothing and are not told. */
  readonly wants: (name: string) => boolean;
  readonly onName: (name: string) => void;
  /** A symbolic link in the directory is watched at its target; otherwise it is no file. */
  readonly followsLinks: boolean;
}

export class DirectoryWatch {
  readonly #directory: string;
  readonly #settings: DirectoryWatchSettings;
  #watcher: FSWatcher | undefined;
  /** Which directory is watched; undefined: none, begin again. */
  #watchedId: string | undefined;
  /** What ended the watcher. */
  #failure: unknown;
  /** By path, files that the watcher cannot watch and that are to be reported. */
  readonly #unwatched = new Map<string, unknown>();
  readonly #reported = new Set<string>();
  #checkAtMs = 0;
  #startAtMs = 0;
  #tellAllAtMs = 0;
  /** Names that were there, or were told, and have not been seen to go. */
  #known = new Set<string>();
  /** When the directory had last got or lost a name, as it was when the names were last compared. */
  #comparedMtimeMs: number | undefined;
  #compareUntilMs = 0;
  /** The trouble that has been told and is not over. */
  #toldMessage: string | undefined;

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
        hint: 'it must be there before the agent starts, and the agent must be allowed to read it',
        cause,
      });
    }
    await self.#start(id);
    return self;
  }

  /** The names wanted that are there now. */
  async names(): Promise<string[]> {
    return (await readdir(this.#directory)).filter(this.#settings.wants);
  }

  /**
   * To be called often; looks once a second whether the directory is still the one that is watched, and
   * watches the new one if not, whose every name is told. Tells what the watcher has missed.
   * @returns true when it has begun again
   * @throws {OperationalError} CAMERA: it is gone, or cannot be watched; once, until it is back. FRAME: one file
   *   cannot be watched; once for each
   */
  async check(): Promise<boolean> {
    const nowMs = this.#settings.clock.monotonicMs();
    if (nowMs < this.#checkAtMs) return false;
    this.#checkAtMs = nowMs + checkMs;
    try {
      const { id, mtimeMs } = await identify(this.#directory);
      if (id !== this.#watchedId || this.#failure !== undefined) {
        return await this.#beginAgain(id, nowMs);
      }
      await this.#tellMissed(mtimeMs, nowMs);
    } catch (error) {
      await this.close();
      const told = error instanceof OperationalError ? error : missingError(this.#directory, error);
      if (told.message === this.#toldMessage) return false;
      this.#toldMessage = told.message;
      throw told;
    }
    this.#reportUnwatched();
    return false;
  }

  /** Tells now the names that came since they were last compared, if the directory's time says that some did. */
  async tellNew(): Promise<void> {
    if (this.#watchedId === undefined) return;
    try {
      const { mtimeMs } = await identify(this.#directory);
      if (mtimeMs === this.#comparedMtimeMs) return;
      await this.#tellMissed(mtimeMs, this.#settings.clock.monotonicMs());
    } catch {
      // It is gone, or cannot be read: the next `check` says so.
    }
  }

  async close(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    this.#watchedId = undefined;
    this.#failure = undefined;
    const closed = watcher?.close();
    // It has dropped every listener, and an error of what was under way would now end the process.
    watcher?.on('error', () => undefined);
    await closed;
  }

  /** Watches the directory that is there now, unless the watcher has failed a moment ago. Tells every name. */
  async #beginAgain(id: string, nowMs: number): Promise<boolean> {
    const failure = this.#failure;
    await this.close();
    try {
      if (failure !== undefined) throw watchError(this.#directory, failure);
      if (nowMs < this.#startAtMs) return false;
      await this.#start(id);
      this.#toldMessage = undefined;
      return true;
    } catch (error) {
      this.#startAtMs = nowMs + retryMs;
      throw error;
    } finally {
      for (const name of await this.names()) this.#settings.onName(name);
    }
  }

  async #tellMissed(mtimeMs: number, nowMs: number): Promise<void> {
    if (mtimeMs !== this.#comparedMtimeMs) this.#compareUntilMs = nowMs + clockTickMs + checkMs;
    const isTellAll = nowMs >= this.#tellAllAtMs;
    if (!isTellAll && nowMs > this.#compareUntilMs) return;
    this.#comparedMtimeMs = mtimeMs;
    const before = this.#known;
    const names = await this.names();
    this.#known = new Set(names);
    const told = isTellAll ? new Set([...before, ...names]) : names;
    for (const name of told) if (isTellAll || !before.has(name)) this.#settings.onName(name);
    if (isTellAll) this.#tellAllAtMs = nowMs + tellAllMs;
  }

  #reportUnwatched(): void {
    for (const [path, cause] of this.#unwatched) {
      this.#unwatched.delete(path);
      if (this.#reported.has(path)) continue;
      this.#reported.add(path);
      throw new OperationalError('FRAME', `cannot watch ${path}`, {
        hint: `it is looked at every ${tellAllMs / 1000} s`,
        cause,
      });
    }
  }

  async #start(id: string): Promise<void> {
    this.#known = new Set(await this.names());
    this.#comparedMtimeMs = undefined;
    this.#tellAllAtMs = this.#settings.clock.monotonicMs() + tellAllMs;
    // Where links are not followed, the directory itself may still be named by one.
    const directory = await realpath(this.#directory);
    // Here and not above: a one-shot run watches nothing and would pay for loading it.
    const { watch } = await import('chokidar');
    const { wants, onName, followsLinks } = this.#settings;
    const watcher = watch(directory, {
      ignoreInitial: true,
      depth: 0,
      atomic: false,
      followSymlinks: followsLinks,
      // Or one file that may not be read would be an error of the whole watch.
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
    // After this chokidar is deaf, also for a new directory in the old one's place.
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

/** The file that an error of the watcher is about; undefined: it is about the whole watch. */
function fileOf(error: unknown, directory: string): string | undefined {
  if (!(error instanceof Error) || !('path' in error) || typeof error.path !== 'string') return;
  const isLimit = ['ENOSPC', 'EMFILE', 'ENFILE'].includes(systemCode(error) ?? '');
  return !isLimit && dirname(error.path) === directory ? error.path : undefined;
}

/** What to tell of an error of the watcher itself. */
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
  const what = systemCode(cause) === 'ENOENT' ? 'is gone' : 'cannot be read';
  return new OperationalError('CAMERA', `the watched directory ${directory} ${what}`, {
    hint: 'frames are taken again when it is back',
    cause,
  });
}

/** @throws when it is no directory, or none that may be read */
async function identify(directory: string): Promise<{ id: string; mtimeMs: number }> {
  const stats = await stat(directory);
  await access(directory, constants.R_OK | constants.X_OK);
  if (!stats.isDirectory()) throw new Error('it is no directory');
  // Inodes are used again at once; the time of birth tells a directory from the next one.
  const id = `${stats.dev}:${stats.ino}:${stats.birthtimeMs}`;
  return { id, mtimeMs: stats.mtimeMs };
}
