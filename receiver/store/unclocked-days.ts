/**
 * The days on which a camera without a clock has sent frames. A frame repeated on a later day is searched in the
 * newest of them, and in the folder above them, where version 0.1 stored such frames.
 */
import { isDayName, unclockedFolder } from '../../shared/protocol/frame-path.js';
import type { CaptureFolders } from './capture-folders.js';

/** An agent sends its oldest frame first: repeated frames are the last ones of the day before. */
const maxDaysTried = 2;
const maxCameras = 1000;

interface Earlier {
  readonly today: string;
  readonly folders: readonly string[];
}

export class UnclockedDays {
  readonly #folders: CaptureFolders;
  readonly #byCamera = new Map<string, Earlier>();

  constructor(folders: CaptureFolders) {
    this.#folders = folders;
  }

  /** Folders beside today's that may have a frame, relative to the captures directory. */
  async before(camera: string, today: string): Promise<readonly string[]> {
    const known = this.#byCamera.get(camera);
    if (known?.today === today) return known.folders;
    const folders = await this.#find(camera, today);
    if (this.#byCamera.size >= maxCameras) this.#byCamera.clear();
    this.#byCamera.set(camera, { today, folders });
    return folders;
  }

  async #find(camera: string, today: string): Promise<readonly string[]> {
    const path = unclockedFolder(camera);
    const found = await this.#folders.useExisting([path], async (folder) => {
      let days: string[] = [];
      let hasFrames = false;
      for await (const name of folder.names()) {
        hasFrames ||= name.endsWith('.jpg');
        if (!isDayName(name) || `${path}/${name}` === today) continue;
        days = [...days, name].sort().slice(-maxDaysTried);
      }
      return [...days.reverse().map((day) => `${path}/${day}`), ...(hasFrames ? [path] : [])];
    });
    return found ?? [];
  }
}
