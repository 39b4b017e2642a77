/** The cameras of a captures directory and the names of their days: a folder is listed again when it has changed. */
import { systemCode } from '../../../shared/cli/errors.js';
import type { Clock } from '../../../shared/clock.js';
import { isDayName, unclockedFolder } from '../../../shared/protocol/frame-path.js';
import { cameraPattern } from '../../archive/frame-entry.js';
import { type Folder, openIfFolder } from '../../store/folder.js';

/** What a camera's folder has. */
interface Listed {
  /** Of the folder, when it was listed. */
  readonly inode: bigint;
  readonly mtimeNs: bigint;
  /** Oldest first. */
  readonly days: readonly string[];
  readonly isCamera: boolean;
}

const unclocked = unclockedFolder('').slice(1);
/** A folder that has changed so shortly before may change again at the same time of the file system's clock. */
const settledMs = 1000;

export class CameraDays {
  readonly #captures: Folder;
  readonly #clock: Clock;
  readonly #listed = new Map<string, Listed>();

  constructor(captures: Folder, clock: Clock) {
    this.#captures = captures;
    this.#clock = clock;
  }

  /** Names of the cameras that have a day, sorted. @throws a system error */
  async cameras(): Promise<string[]> {
    const names: string[] = [];
    for await (const name of this.#captures.names()) {
      if (cameraPattern.test(name) && (await this.#list(name))?.isCamera === true) names.push(name);
    }
    for (const name of this.#listed.keys()) if (!names.includes(name)) this.#listed.delete(name);
    return names.sort();
  }

  /** The days of a camera, oldest first. @throws a system error */
  async of(camera: string): Promise<readonly string[]> {
    return (await this.#list(camera))?.days ?? [];
  }

  async #list(camera: string): Promise<Listed | undefined> {
    const stats = this.#captures.lstat(camera);
    if (stats?.isDirectory() !== true) return undefined;
    const known = this.#listed.get(camera);
    if (known?.inode === stats.ino && known.mtimeNs === stats.mtimeNs) return known;
    const isSettled = this.#clock.nowMs() - Number(stats.mtimeMs) > settledMs;
    const folder = await openIfFolder(this.#captures, camera);
    if (folder === undefined) return undefined;
    try {
      const days: string[] = [];
      let isCamera = false;
      for await (const name of folder.names()) {
        if (isDayName(name)) days.push(name);
        isCamera ||= isDayName(name) || name === unclocked;
      }
      const listed = { inode: stats.ino, mtimeNs: stats.mtimeNs, days: days.sort(), isCamera };
      if (isSettled) this.#listed.set(camera, listed);
      else this.#listed.delete(camera);
      return listed;
    } catch (error) {
      // Deleted while it was listed.
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    } finally {
      await folder.close();
    }
  }
}
