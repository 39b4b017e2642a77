/**
 * The file `.picchanged-sweep` at the root of the captures directory: one process at a time deletes or keeps frames,
 * by a lock that ends with its process. It names the day whose files are being removed: where a sweep was killed, the
 * next one finishes it. Its modification time is that of the last sweep.
 */
import { type FileHandle, constants } from 'node:fs/promises';
import { OperationalError } from '../../../shared/cli/errors.js';
import { flock } from '../../../shared/files/flock.js';
import type { Folder } from '../../store/folder.js';
import { giveToOwner } from '../../store/give-to-owner.js';

export const sweepFileName = '.picchanged-sweep';
const flags = constants.O_RDWR | constants.O_CREAT;
/** Longer than any path of a day. The file is overwritten in place: a full disk has no block for a new one. */
const maxPathBytes = 128;
const dayPath = /^[a-z0-9][a-z0-9-]{0,62}\/(?:unclocked|(?:unclocked\/)?\d{4}_\d\d_\d\d)$/;

export class SweepLock {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /**
   * A file system without locks is taken to have one process.
   * @param waitS how long to wait for the process that holds it
   * @returns undefined: another process holds it @throws a system error
   */
  static async take(root: Folder, waitS: number): Promise<SweepLock | undefined> {
    const file = await root.openFile(sweepFileName, flags);
    try {
      await giveToOwner(file, root);
      if ((await flock(file, { mode: 'exclusive', waitS })) !== 'held') return new SweepLock(file);
    } catch (error) {
      await file.close();
      throw error;
    }
    await file.close();
    return undefined;
  }

  /** The day whose deletion a killed process has left. */
  async unfinishedDay(): Promise<string | undefined> {
    const { buffer, bytesRead } = await this.#file.read(
      Buffer.alloc(maxPathBytes),
      ...[0, maxPathBytes, 0],
    );
    const path = buffer.toString('latin1', 0, bytesRead).trim();
    return dayPath.test(path) ? path : undefined;
  }

  /** Names the day on the disk, before anything of it is deleted. @throws a system error */
  async begin(path: string): Promise<void> {
    await this.#write(path);
    await this.#file.sync();
  }

  /** Names no day. @throws a system error */
  async end(): Promise<void> {
    await this.#write('');
  }

  async release(): Promise<void> {
    await this.#file.close();
  }

  async #write(text: string): Promise<void> {
    await this.#file.write(`${text.padEnd(maxPathBytes - 1)}\n`, 0);
    const now = new Date();
    await this.#file.utimes(now, now);
  }
}

/** When the last sweep ended; undefined: there was none. */
export function lastSweepMs(root: Folder): number | undefined {
  const stats = root.lstat(sweepFileName);
  return stats?.isFile() === true ? Number(stats.mtimeMs) : undefined;
}

/** Holds the lock while `act` runs. @throws {OperationalError} STORE: another process holds it for long */
export async function withSweepLock<T>(
  root: Folder,
  waitS: number,
  act: (lock: SweepLock) => Promise<T>,
): Promise<T> {
  const lock = await SweepLock.take(root, waitS);
  if (lock === undefined) {
    throw new OperationalError('STORE', `another process deletes frames in ${root.path}`, {
      hint: 'try again when it has ended',
    });
  }
  try {
    return await act(lock);
  } finally {
    await lock.release();
  }
}
