/**
 * The JPEGs that a one-shot run holds for the next, in a folder of their own where the system offers memory
 * for that. Only their bytes: which frames are buffered, and why, stands in the memory in the state directory,
 * and writing that is the one moment at which anything changes. A file here that it does not name is removed;
 * one that it names and that is not there, or not the same, is passed over.
 */
import { lstat, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import type { Buffered } from './event-recorder.js';
import type { CapturedFrame } from '../source/frame-source.js';
import { sha256Of } from '../spool/entry.js';

export class BufferedFrames {
  readonly #folder: string;
  readonly #log: Log;
  /** Names that are there, whole. */
  readonly #present = new Set<string>();

  private constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /**
   * Makes the folder when it is missing. Anybody may have made it before us in a directory such as /tmp.
   * @param base the runtime directory
   * @param statePath the state directory, each of which has a folder of its own
   * @throws {OperationalError} STATE: it cannot be made, or is not ours alone
   */
  static async open(base: string, statePath: string, log: Log): Promise<BufferedFrames> {
    const folder = join(
      base,
      `picchanged-${sha256Of(Buffer.from(resolve(statePath))).slice(0, 16)}`,
    );
    try {
      await mkdir(folder, { mode: 0o700 });
    } catch (cause) {
      if (systemCode(cause) !== 'EEXIST') throw unusable(`cannot make ${folder}`, cause);
    }
    const stats = await lstat(folder).catch((cause: unknown) => {
      throw unusable(`cannot look at ${folder}`, cause);
    });
    if (!stats.isDirectory()) throw unusable(`${folder} is no directory`);
    if (stats.uid !== process.getuid?.()) {
      throw unusable(`${folder} belongs to user ${stats.uid}, not to us`);
    }
    if ((stats.mode & 0o077) !== 0) {
      throw unusable(`${folder} is open to others: mode ${(stats.mode & 0o777).toString(8)}`);
    }
    return new BufferedFrames(folder, log);
  }

  /** @returns those that are there, whole; of the others it says how many, and what is wrong with the first */
  async read(buffered: readonly Buffered<string>[]): Promise<readonly Buffered<CapturedFrame>[]> {
    const found: Buffered<CapturedFrame>[] = [];
    const wrong: unknown[] = [];
    for (const each of buffered) {
      const path = this.#pathOf(each.frame);
      try {
        const jpeg = await readWhole(path, each);
        this.#present.add(each.frame);
        found.push({ ...each, frame: { jpeg, capturedAtMs: each.capturedAtMs, origin: path } });
      } catch (error) {
        wrong.push(error);
      }
    }
    const [error] = wrong;
    if (error !== undefined) {
      const frames = wrong.length;
      this.#log.warn('frames that an earlier run held are of no use', { frames, error });
    }
    return found;
  }

  /**
   * Writes those that are not there yet. They are not flushed: what a power cut takes was held in state.
   * @returns what there is to remember, without those that could not be written
   */
  async keep(buffered: readonly Buffered<CapturedFrame>[]): Promise<readonly Buffered<string>[]> {
    const kept: Buffered<string>[] = [];
    for (const each of buffered) {
      const { jpeg } = each.frame;
      const sha256 = sha256Of(jpeg);
      try {
        if (!this.#present.has(sha256)) await this.#write(sha256, jpeg);
        kept.push({ ...each, frame: sha256 });
      } catch (error) {
        this.#log.warn('cannot hold a frame for the next run', { error });
      }
    }
    return kept;
  }

  /** Removes what is not remembered, once the memory is written. */
  async tidy(remembered: readonly Buffered<string>[]): Promise<void> {
    const wanted = new Set(remembered.map(({ frame }) => nameOf(frame)));
    try {
      for (const name of await readdir(this.#folder)) {
        if (namePattern.test(name) && !wanted.has(name)) await rm(join(this.#folder, name));
      }
    } catch (error) {
      this.#log.warn('cannot remove a frame that was held', { error });
    }
  }

  async #write(sha256: string, jpeg: Buffer): Promise<void> {
    const path = this.#pathOf(sha256);
    // Left in part by a run that was killed.
    await rm(path, { force: true });
    await writeFile(path, jpeg, { flag: 'wx', mode: 0o600 });
    this.#present.add(sha256);
  }

  #pathOf(sha256: string): string {
    return join(this.#folder, nameOf(sha256));
  }
}

const nameOf = (sha256: string): string => `${sha256}.jpg`;
const namePattern = /^[0-9a-f]{64}\.jpg$/;

async function readWhole(path: string, { frame, byteCount }: Buffered<string>): Promise<Buffer> {
  const stats = await lstat(path);
  // Nothing is read that is larger than what we wrote, or that is no file.
  if (stats.isFile() && stats.size === byteCount) {
    const jpeg = await readFile(path);
    if (sha256Of(jpeg) === frame) return jpeg;
  }
  throw new OperationalError('FRAME', `${path} is not what was written there`);
}

function unusable(message: string, cause?: unknown): OperationalError {
  const hint = 'set $XDG_RUNTIME_DIR to a folder of this user';
  return new OperationalError('STATE', message, { hint, cause });
}
