/**
 * Tells the names in one directory whose files may have changed, by chokidar. A hint each, never a promise:
 * names come twice, for nothing, or while the file is still being written. Files that are there when it opens
 * are not told. Survives the directory being deleted, replaced and made again, and says so.
 */
import type { FSWatcher } from 'chokidar';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { Clock } from '../../shared/clock.js';
import { OperationalError, systemCode, UsageError } from '../../shared/errors.js';

/** How often `check` really looks. */
export const checkMs = 1000;
/** After an error that will not go away by itself soon. */
const retryMs = 10_000;

export interface DirectoryWatchSettings {
  readonly directory: string;
  readonly clock: Clock;
  /** Other names cost nothing and are not told. */
  readonly wants: (name: string) => boolean;
  readonly onName: (name: string) => void;
}

export class DirectoryWatch {
  readonly #directory: string;
  readonly #settings: DirectoryWatchSettings;
  #watcher: FSWatcher | undefined;
  /** Which directory is watched; undefined: none, begin again. */
  #watchedId: string | undefined;
  #failure: unknown;
  #checkAtMs = 0;
  /** Names that were there, or were told, and have not been seen to go. */
  #known = new Set<string>();
  /** When the directory had last got or lost a name, as it was when the names were last compared. */
  #comparedMtimeMs = 0;
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
   * watches the new one if not, whose every name is told. New names that chokidar has not told are told too:
   * in a burst, or when the system's queue of events runs over, it may miss some.
   * @returns true when it has begun again
   * @throws {OperationalError} CAMERA: it is gone, or cannot be watched; once, until it is back
   */
  async check(): Promise<boolean> {
    const nowMs = this.#settings.clock.monotonicMs();
    if (nowMs < this.#checkAtMs) return false;
    this.#checkAtMs = nowMs + checkMs;
    try {
      if (this.#failure !== undefined) throw watchError(this.#directory, this.#failure);
      const { id, mtimeMs } = await identify(this.#directory);
      if (id === this.#watchedId) {
        await this.#tellMissed(mtimeMs);
        return false;
      }
      await this.close();
      try {
        await this.#start(id);
      } finally {
        // Also when it cannot be watched: a look now and then is then all there is.
        for (const name of await this.names()) this.#settings.onName(name);
      }
      this.#toldMessage = undefined;
      return true;
    } catch (error) {
      await this.close();
      const told = error instanceof OperationalError ? error : missingError(this.#directory, error);
      if (error instanceof OperationalError) this.#checkAtMs = nowMs + retryMs;
      if (told.message === this.#toldMessage) return false;
      this.#toldMessage = told.message;
      throw told;
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

  async #tellMissed(mtimeMs: number): Promise<void> {
    if (mtimeMs === this.#comparedMtimeMs) return;
    const names = await this.names();
    for (const name of names) if (!this.#known.has(name)) this.#settings.onName(name);
    this.#known = new Set(names);
    this.#comparedMtimeMs = mtimeMs;
  }

  async #start(id: string): Promise<void> {
    this.#known = new Set(await this.names());
    // Here and not above: a one-shot run watches nothing and would pay for loading it.
    const { watch } = await import('chokidar');
    const { wants, onName } = this.#settings;
    const watcher = watch(this.#directory, {
      ignoreInitial: true,
      depth: 0,
      atomic: false,
      // Or one file that may not be read would be an error of the whole watch.
      ignorePermissionErrors: true,
      ignored: (path) => path !== this.#directory && !wants(basename(path)),
    });
    this.#watcher = watcher;
    for (const event of ['add', 'change', 'unlink'] as const) {
      watcher.on(event, (path) => {
        const name = basename(path);
        if (event !== 'unlink') this.#known.add(name);
        onName(name);
      });
    }
    // After this chokidar is deaf, also for a new directory in the old one's place.
    watcher.on('unlinkDir', (path) => {
      if (path === this.#directory) this.#watchedId = undefined;
    });
    watcher.on('error', (error) => (this.#failure ??= error));
    try {
      await once(watcher, 'ready');
    } catch (error) {
      await this.close();
      throw watchError(this.#directory, error);
    }
    this.#watchedId = id;
  }
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
