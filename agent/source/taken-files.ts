/**
 * The files of watched folders whose frames are in the spool, over restarts (`--consume`). Such a file stays in its
 * folder until every receiver has acknowledged its frame. The next process must not take it again: one receiver may
 * have it already.
 *
 * Format of `taken-files` in the state directory: a JSON line for each file before its frame enters the spools, another
 * one, flushed, when the frame is there, and one when its removal has failed. A process that is killed between the first
 * two may have spooled the frame: its bytes tell. The lines of files that are gone are dropped at the start, and when
 * most lines are old.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { OperationalError } from '../../shared/cli/errors.js';
import type { StateDirectory } from '../service/state.js';
import { statVersion } from './pending-file.js';

const name = 'taken-files';
/** Lines of files that are gone: more are dropped. */
const maxOldLines = 1000;

export interface TakenFile {
  readonly path: string;
  /** See `FileVersion`. */
  readonly version: string;
  /** With `sha256`, names the frame in the spool; undefined: it may not be there. */
  readonly capturedAtMs: number | undefined;
  readonly sha256: string;
  /** The frame is needed no more, and the file could not be removed. */
  readonly isReleased?: boolean | undefined;
}

export class TakenFiles {
  readonly #state: StateDirectory;
  /** By path. */
  readonly #files = new Map<string, TakenFile>();
  #handle: FileHandle | undefined;
  #lines = 0;
  /** The last write has failed: it may have left a part of a line. */
  #isTorn = false;

  private constructor(state: StateDirectory) {
    this.#state = state;
  }

  /** The caller holds the state lock. @throws {OperationalError} STATE */
  static async open(state: StateDirectory): Promise<TakenFiles> {
    const taken = new TakenFiles(state);
    const text = (await state.read(name))?.toString('utf8') ?? '';
    for (const file of text.split('\n').flatMap(parseLine)) taken.#files.set(file.path, file);
    for (const { path, version } of taken.#files.values()) {
      // A file of which nothing is known may still be there.
      const isThere = await statVersion(path, false).then(
        (found) => found?.id === version,
        () => true,
      );
      if (!isThere) taken.#files.delete(path);
    }
    if (text !== '') await taken.#rewrite();
    return taken;
  }

  get all(): readonly TakenFile[] {
    return [...this.#files.values()];
  }

  has(path: string, version: string): boolean {
    return this.#files.get(resolve(path))?.version === version;
  }

  /** When it resolves, the line is written; that of a spooled frame is on the disk. @throws {OperationalError} STATE */
  async add(file: TakenFile): Promise<void> {
    const entry = { ...file, path: resolve(file.path) };
    this.#files.set(entry.path, entry);
    try {
      this.#handle ??= await open(join(this.#state.path, name), 'a', 0o600);
      // After a line that a full disk has cut off.
      await this.#handle.appendFile(`${this.#isTorn ? '\n' : ''}${JSON.stringify(entry)}\n`);
      this.#isTorn = false;
      if (file.capturedAtMs !== undefined) await this.#handle.datasync();
    } catch (cause) {
      this.#isTorn = true;
      throw new OperationalError('STATE', `cannot write ${join(this.#state.path, name)}`, {
        cause,
      });
    }
    this.#lines += 1;
    if (this.#lines > 2 * this.#files.size + maxOldLines) await this.#rewrite();
  }

  forget(path: string): void {
    this.#files.delete(resolve(path));
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }

  async #rewrite(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    const lines = this.all.map((file) => `${JSON.stringify(file)}\n`);
    await this.#state.write(name, Buffer.from(lines.join('')));
    this.#lines = lines.length;
  }
}

/** @returns nothing for a line that a power cut tore */
function parseLine(line: string): TakenFile[] {
  try {
    const { path, version, capturedAtMs, sha256, isReleased } = JSON.parse(
      line,
    ) as Partial<TakenFile>;
    if (typeof path !== 'string' || typeof version !== 'string') return [];
    if (typeof sha256 !== 'string' || !/^(?:number|undefined)$/.test(typeof capturedAtMs))
      return [];
    return [{ path, version, capturedAtMs, sha256, isReleased: isReleased === true }];
  } catch {
    return [];
  }
}
