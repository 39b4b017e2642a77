/** A captures directory as a store that is read. Follows no link; a running receiver may store meanwhile. */
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { isFrameName, unclockedFolder } from '../../shared/protocol/frame-path.js';
import { recordName } from '../store/day-record.js';
import { type Erasure, erasuresIn } from '../store/erasures.js';
import type { Folder } from '../store/folder.js';
import { readFrameFile } from '../store/read-frame-file.js';
import { storeError } from '../store/store-error.js';
import {
  type NameRange,
  type StoredCaptures,
  type StoredFile,
  isInRange,
} from '../store/stored-captures.js';
import { camerasIn, daysOf, within } from './captures-reader.js';

/** A larger file is no frame of a receiver: `--max-frame` is at most this. */
const maxFrameBytes = 2 ** 30;
/** A day of 100,000 frames has a record of 60 MB. */
const maxRecordBytes = 2 ** 30;

export class DirectoryCaptures implements StoredCaptures {
  readonly #root: Folder;

  /** @param root open for as long as this is in use */
  constructor(root: Folder) {
    this.#root = root;
  }

  cameras(): Promise<readonly string[]> {
    return this.#reading('the cameras', () => camerasIn(this.#root));
  }

  days(camera: string): Promise<readonly string[]> {
    return this.#reading(`the days of ${camera}`, async () => {
      const paths: string[] = [];
      await daysOf(this.#root, camera, undefined, (path) => {
        paths.push(path);
        return Promise.resolve();
      });
      // Version 0.1 stored frames without a clock in one folder.
      const above = unclockedFolder(camera);
      const hasFrames = await within(this.#root, above.split('/'), async (folder) => {
        for await (const name of folder.names()) if (isFrameName(name)) return true;
        return folder.lstat(recordName) !== undefined;
      });
      return hasFrames === true ? [...paths, above] : paths;
    });
  }

  frames(day: string, range?: NameRange): Promise<readonly StoredFile[]> {
    return this.#reading(`the frames of ${day}`, async () => {
      const found = await within(this.#root, day.split('/'), async (folder) => {
        const files: StoredFile[] = [];
        for await (const name of folder.names()) {
          if (!isFrameName(name) || !isInRange(name, range)) continue;
          const stats = folder.lstat(name);
          if (stats?.isFile() === true) files.push({ name, byteCount: Number(stats.size) });
        }
        return files.sort((a, b) => (a.name < b.name ? -1 : 1));
      });
      return found ?? [];
    });
  }

  readFrame(path: string): Promise<Buffer | undefined> {
    return this.#read(path, maxFrameBytes);
  }

  async readRecord(day: string): Promise<Buffer> {
    const bytes = await this.#read(`${day}/${recordName}`, maxRecordBytes);
    // A line that is being written, or was cut off, is not whole.
    return bytes?.subarray(0, bytes.lastIndexOf(0x0a) + 1) ?? Buffer.alloc(0);
  }

  erasures(camera: string): Promise<readonly Erasure[]> {
    return this.#reading(`the erasures of ${camera}`, async () => {
      return (await within(this.#root, [camera], erasuresIn))?.erasures ?? [];
    });
  }

  async #read(path: string, maxBytes: number): Promise<Buffer | undefined> {
    return await this.#reading(path, async () => {
      const at = path.lastIndexOf('/');
      return await within(this.#root, path.slice(0, at).split('/'), async (folder) => {
        try {
          return await readFrameFile(folder, path.slice(at + 1), maxBytes);
        } catch (error) {
          if (systemCode(error) === 'ENOENT') return undefined;
          throw error;
        }
      });
    });
  }

  async #reading<T>(what: string, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (cause) {
      if (cause instanceof OperationalError) throw cause;
      throw storeError(`cannot read ${what} in ${this.#root.path}`, cause);
    }
  }
}
