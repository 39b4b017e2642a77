/**
 * The file `.picchanged.json` at the root of the captures directory: its random id, made once. It also tells
 * the directory from an empty mount point or another disk: where it is not, nothing is stored.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { constants, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { flushToDisk, writeNewFile } from '../../shared/durable-file.js';
import { OperationalError, systemCode } from '../../shared/errors.js';
import { NextRun } from './next-run.js';
import { openOwnFile } from './own-entries.js';
import { publishFile } from './publish.js';
import { removeIfThere } from './unfinished.js';

export const markerName = '.picchanged.json';

export class StoreMarker {
  /** 32 hex digits. */
  readonly id: string;
  readonly #directory: string;
  /** The file as it was when its id was last read. */
  #seen: string;
  readonly #checks = new NextRun(() => this.#check());

  private constructor(directory: string, id: string, seen: string) {
    this.#directory = directory;
    this.id = id;
    this.#seen = seen;
  }

  /**
   * Reads the marker, or makes it durably; of two processes that make it at once, one's id stays.
   * @throws {OperationalError} STORE when it is there and has no id; or a system error
   */
  static async open(directory: string): Promise<StoreMarker> {
    const path = join(directory, markerName);
    if ((await lookOf(path)) === undefined) {
      const temporary = `${path}.${randomUUID()}.part`;
      try {
        const id = randomBytes(16).toString('hex');
        await writeNewFile(temporary, Buffer.from(`${JSON.stringify({ id })}\n`));
        if (!(await publishFile(temporary, path))) await removeIfThere(temporary);
      } catch (error) {
        await removeIfThere(temporary);
        throw error;
      }
    }
    // Whoever made it may not have come as far as this.
    await flushToDisk(directory);
    const seen = (await lookOf(path)) ?? '';
    const id = await readId(path);
    if (id === undefined) {
      const hint = 'if no agent is to know this directory again, remove that file';
      throw new OperationalError('STORE', `${path} holds no id`, { hint });
    }
    return new StoreMarker(directory, id, seen);
  }

  /** Resolves when the directory is still the one that was opened. @throws {OperationalError} STORE */
  check(): Promise<void> {
    return this.#checks.join();
  }

  async #check(): Promise<void> {
    const path = join(this.#directory, markerName);
    const look = await lookOf(path);
    if (look === this.#seen) return;
    if (look === undefined || (await readId(path)) !== this.id) {
      const found = look === undefined ? 'is gone' : 'is another';
      throw new OperationalError(
        'STORE',
        `the captures directory is not in its place: ${path} ${found}`,
        {
          hint: 'mount it again; if it was removed or replaced on purpose, restart the receiver',
        },
      );
    }
    this.#seen = look;
  }
}

/** What changes when the file is another one; undefined when there is none. */
async function lookOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, ctimeMs, size } = await lstat(path);
    return `${dev} ${ino} ${ctimeMs} ${size}`;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function readId(path: string): Promise<string | undefined> {
  const file = await openOwnFile(path, constants.O_RDONLY);
  try {
    // Ours has some 40 bytes.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1024), 0, 1024, 0);
    return /"id":\s*"([0-9a-f]{32})"/.exec(buffer.toString('utf8', 0, bytesRead))?.[1];
  } finally {
    await file.close();
  }
}
