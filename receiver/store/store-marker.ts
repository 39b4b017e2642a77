/**
 * The file `.picchanged.json` at the root of the captures directory: its random id, made once. It also tells
 * the directory from an empty mount point or another disk: where it is not, nothing is stored.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { constants } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Folder } from './folder.js';
import { CoalescedTask } from './coalesced-task.js';
import { publishFile } from './publish.js';

export const markerName = '.picchanged.json';

export class StoreMarker {
  /** 32 hex digits. */
  readonly id: string;
  /** The file as it was when its id was last read. */
  #seen: string;
  /** That of whoever waits for the next check. */
  #root: Folder | undefined;
  readonly #checks = new CoalescedTask(() => this.#check());

  private constructor(id: string, seen: string) {
    this.id = id;
    this.#seen = seen;
  }

  /**
   * Reads the marker, or makes it durably; of two processes that make it at once, one's id stays.
   * @throws {OperationalError} STORE when it is there and has no id; or a system error
   */
  static async open(root: Folder): Promise<StoreMarker> {
    const isMade = (await lookOf(root)) === undefined && (await make(root));
    try {
      // Whoever made it may not have come as far as this.
      await root.sync();
    } catch (error) {
      // What failed to be flushed is made anew the next time, not flushed again.
      if (isMade) await root.removeIfThere(markerName);
      throw error;
    }
    const seen = (await lookOf(root)) ?? '';
    const id = await readId(root);
    if (id === undefined) {
      const hint = 'if no agent is to know this directory again, remove that file';
      const path = join(root.path, markerName);
      throw new OperationalError('STORE', `${path} holds no id`, { hint });
    }
    return new StoreMarker(id, seen);
  }

  /** Resolves when the directory is still the one that was opened. @throws {OperationalError} STORE */
  check(root: Folder): Promise<void> {
    this.#root = root;
    return this.#checks.join();
  }

  async #check(): Promise<void> {
    const root = this.#root;
    if (root === undefined) return;
    const path = join(root.path, markerName);
    const look = await lookOf(root);
    if (look === this.#seen) return;
    if (look === undefined || (await readId(root)) !== this.id) {
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

/** @returns false when another process was first */
async function make(root: Folder): Promise<boolean> {
  const temporary = { folder: root, name: `${markerName}.${randomUUID()}.part` };
  try {
    const id = randomBytes(16).toString('hex');
    await root.writeNew(temporary.name, Buffer.from(`${JSON.stringify({ id })}\n`));
    return await publishFile(temporary, { folder: root, name: markerName });
  } finally {
    await root.removeIfThere(temporary.name);
  }
}

/** What changes when the file is another one; undefined when there is none. */
async function lookOf(root: Folder): Promise<string | undefined> {
  const look = await root.look(markerName);
  if (look === undefined) return undefined;
  const { dev, ino, ctimeNs, size } = look;
  return `${dev} ${ino} ${ctimeNs} ${size}`;
}

async function readId(root: Folder): Promise<string | undefined> {
  const file = await root.openFile(markerName, constants.O_RDONLY);
  try {
    // Ours has some 40 bytes.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1024), 0, 1024, 0);
    return /"id":\s*"([0-9a-f]{32})"/.exec(buffer.toString('utf8', 0, bytesRead))?.[1];
  } finally {
    await file.close();
  }
}
