/**
 * The file `.picchanged.json` at the root of the captures directory: its random id, made once. It distinguishes the
 * directory from an empty mount point and from another disk: without it nothing is stored.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { constants } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Folder } from './folder.js';
import { publishFile } from './publish.js';

export const markerName = '.picchanged.json';

export class StoreMarker {
  /** 32 hex digits. */
  readonly id: string;
  /** The file's fingerprint when its id was last read. */
  #fingerprint: string;

  private constructor(id: string, fingerprint: string) {
    this.id = id;
    this.#fingerprint = fingerprint;
  }

  /**
   * Reads the marker, or makes it durably; when two processes make it at once, the id of the first stays.
   * @param isRequired true: it is not made
   * @throws {OperationalError} STORE: the file has no id, or is missing and required; or a system error
   */
  static async open(root: Folder, isRequired = false): Promise<StoreMarker> {
    const isMissing = fingerprintOf(root) === undefined;
    if (isMissing && isRequired) {
      throw new OperationalError('STORE', `${root.path} has no ${markerName}`, {
        hint: 'mount the disk of the captures there; a receiver without --require-marker makes a new one',
      });
    }
    const isMade = isMissing && (await make(root));
    try {
      // Another process that made it may not have flushed it.
      await root.sync();
    } catch (error) {
      // After a failed flush the file is made anew at the next start: a second flush may succeed without writing.
      if (isMade) root.removeIfThere(markerName);
      throw error;
    }
    const fingerprint = fingerprintOf(root) ?? '';
    const id = await readId(root);
    if (id === undefined) {
      const hint = 'remove that file: the directory gets a new id, as a new receiver has';
      const path = join(root.path, markerName);
      throw new OperationalError('STORE', `${path} has no id`, { hint });
    }
    return new StoreMarker(id, fingerprint);
  }

  /** Resolves when the directory is still the one that was opened. @throws {OperationalError} STORE */
  async check(root: Folder): Promise<void> {
    const path = join(root.path, markerName);
    const fingerprint = fingerprintOf(root);
    if (fingerprint === this.#fingerprint) return;
    if (fingerprint === undefined || (await readId(root)) !== this.id) {
      const found = fingerprint === undefined ? 'is missing' : 'has another id';
      throw new OperationalError(
        'STORE',
        `the captures directory was unmounted or replaced: ${path} ${found}`,
        {
          hint: 'mount it again; if it was removed or replaced on purpose, restart the receiver',
        },
      );
    }
    this.#fingerprint = fingerprint;
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
    root.removeIfThere(temporary.name);
  }
}

/** Differs between two versions of the file; undefined when it is missing. */
function fingerprintOf(root: Folder): string | undefined {
  const stats = root.lstat(markerName);
  if (stats === undefined) return undefined;
  const { dev, ino, ctimeNs, size } = stats;
  return `${dev} ${ino} ${ctimeNs} ${size}`;
}

async function readId(root: Folder): Promise<string | undefined> {
  const file = await root.openFile(markerName, constants.O_RDONLY);
  try {
    // A marker has some 40 bytes.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1024), 0, 1024, 0);
    return /"id":\s*"([0-9a-f]{32})"/.exec(buffer.toString('utf8', 0, bytesRead))?.[1];
  } finally {
    await file.close();
  }
}
