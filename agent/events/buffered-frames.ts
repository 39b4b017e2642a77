/**
 * The JPEGs that a one-shot run buffers for the next run, in a folder below the runtime directory, which is in
 * memory where the system has such a file system. The folder holds only the bytes; the state file (kept-state.ts)
 * lists the buffered frames, and writing it commits every change. A file here that the state does not list is
 * removed; a listed file that is missing or altered is skipped.
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
  /** SHA-256 of each complete file. */
  readonly #present = new Set<string>();

  private constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /**
   * Makes the folder when it is missing. In a directory such as /tmp another user may have made it: owner and mode
   * are checked.
   * @param base the runtime directory
   * @param statePath the state directory; each state directory has its own folder
   * @throws {OperationalError} STATE: the folder cannot be made, or another user has access to it
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
      throw unusable(`cannot stat ${folder}`, cause);
    });
    if (!stats.isDirectory()) throw unusable(`${folder} is not a directory`);
    const uid = process.getuid?.();
    if (stats.uid !== uid) {
      throw unusable(`${folder} belongs to user ${stats.uid}; this process runs as user ${uid}`);
    }
    if ((stats.mode & 0o077) !== 0) {
      const mode = (stats.mode & 0o777).toString(8);
      throw unusable(`${folder} has mode ${mode}; other users must have no access (mode 700)`);
    }
    return new BufferedFrames(folder, log);
  }

  /** @returns the frames whose files are complete; the others are logged with their number and the first error */
  async read(buffered: readonly Buffered<string>[]): Promise<readonly Buffered<CapturedFrame>[]> {
    const found: Buffered<CapturedFrame>[] = [];
    const errors: unknown[] = [];
    for (const entry of buffered) {
      const path = this.#pathOf(entry.frame);
      try {
        const jpeg = await readWhole(path, entry);
        this.#present.add(entry.frame);
        found.push({ ...entry, frame: { jpeg, capturedAtMs: entry.capturedAtMs, origin: path } });
      } catch (error) {
        errors.push(error);
      }
    }
    const [error] = errors;
    if (error !== undefined) {
      const frames = errors.length;
      this.#log.warn('buffered frames of an earlier run cannot be used', { frames, error });
    }
    return found;
  }

  /**
   * Writes the frames that have no file yet. The files are not flushed: a power cut may lose undecided frames.
   * @returns the entries for the state, without frames that could not be written
   */
  async keep(buffered: readonly Buffered<CapturedFrame>[]): Promise<readonly Buffered<string>[]> {
    const kept: Buffered<string>[] = [];
    for (const entry of buffered) {
      const { jpeg } = entry.frame;
      const sha256 = sha256Of(jpeg);
      try {
        if (!this.#present.has(sha256)) await this.#write(sha256, jpeg);
        kept.push({ ...entry, frame: sha256 });
      } catch (error) {
        this.#log.warn('cannot buffer a frame for the next run', { error });
      }
    }
    return kept;
  }

  /** Removes the files that the state does not list; call it after the state is written. */
  async tidy(kept: readonly Buffered<string>[]): Promise<void> {
    const wanted = new Set(kept.map(({ frame }) => nameOf(frame)));
    try {
      for (const name of await readdir(this.#folder)) {
        if (namePattern.test(name) && !wanted.has(name)) await rm(join(this.#folder, name));
      }
    } catch (error) {
      this.#log.warn('cannot remove a buffered frame', { error });
    }
  }

  async #write(sha256: string, jpeg: Buffer): Promise<void> {
    const path = this.#pathOf(sha256);
    // A killed run may have left a partial file.
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
  // Reads only a regular file of the expected size.
  if (stats.isFile() && stats.size === byteCount) {
    const jpeg = await readFile(path);
    if (sha256Of(jpeg) === frame) return jpeg;
  }
  throw new OperationalError('FRAME', `${path} was altered: its size or SHA-256 differs`);
}

function unusable(message: string, cause?: unknown): OperationalError {
  const hint = 'set $XDG_RUNTIME_DIR to a directory that only this user can access';
  return new OperationalError('STATE', message, { hint, cause });
}
