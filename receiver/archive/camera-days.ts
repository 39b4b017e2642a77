/** The cameras of a captures directory and the names of their days: a folder is listed again when it has changed. */
import { systemCode } from '../../shared/cli/errors.js';
import type { Clock } from '../../shared/clock.js';
import { isDayName, unclockedFolder } from '../../shared/protocol/frame-path.js';
import { naturalOrder } from '../../shared/natural-order.js';
import { type Folder, openIfFolder } from '../store/folder.js';
import { cameraPattern } from './frame-entry.js';

/** What a camera's folder has. */
interface Listed {
  /** Of the folder, when it was listed. */
  readonly inode: bigint;
  readonly mtimeNs: bigint;
  /** Oldest first. */
  readonly days: readonly string[];
  readonly isCamera: boolean;
  /** It has a folder of frames without a clock. */
  readonly hasUnclocked: boolean;
}

const unclocked = unclockedFolder('').slice(1);
/** A folder that has changed so shortly before may change again at the same time of the file system's clock. */
const settledMs = 1000;

export class CameraDays {
  readonly #clock: Clock;
  readonly #listed = new Map<string, Listed>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Names of the cameras that have a day, sorted. @param captures may be opened anew for each call @throws a system error */
  async cameras(captures: Folder): Promise<string[]> {
    const names: string[] = [];
    for await (const name of captures.names()) {
      const isCamera =
        cameraPattern.test(name) && (await this.#list(captures, name))?.isCamera === true;
      if (isCamera) names.push(name);
    }
    for (const name of this.#listed.keys()) if (!names.includes(name)) this.#listed.delete(name);
    return names.sort(naturalOrder);
  }

  /** The days of a camera, oldest first. @throws a system error */
  async of(captures: Folder, camera: string): Promise<readonly string[]> {
    return (await this.#list(captures, camera))?.days ?? [];
  }

  /** Whether it has frames without a clock, in folders of their own. @throws a system error */
  async hasUnclocked(captures: Folder, camera: string): Promise<boolean> {
    return (await this.#list(captures, camera))?.hasUnclocked ?? false;
  }

  async #list(captures: Folder, camera: string): Promise<Listed | undefined> {
    const stats = captures.lstat(camera);
    if (stats?.isDirectory() !== true) return undefined;
    const known = this.#listed.get(camera);
    if (known?.inode === stats.ino && known.mtimeNs === stats.mtimeNs) return known;
    const isSettled = this.#clock.nowMs() - Number(stats.mtimeMs) > settledMs;
    const folder = await openIfFolder(captures, camera);
    if (folder === undefined) return undefined;
    try {
      const days: string[] = [];
      let hasUnclocked = false;
      for await (const name of folder.names()) {
        if (isDayName(name)) days.push(name);
        hasUnclocked ||= name === unclocked;
      }
      const isCamera = hasUnclocked || days.length > 0;
      const { ino: inode, mtimeNs } = stats;
      const listed = { inode, mtimeNs, days: days.sort(), isCamera, hasUnclocked };
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
