/**
 * A spool's entries as files in a folder. Whatever moment the power fails in, the folder's names tell what
 * waits and where the sequence goes on; a name that is not ours is never touched.
 *
 *   epoch                    made once: this spool's life
 *   000000000012.jpg         an entry (`entry-name.ts`, `entry.ts`), flushed before it has this name
 *   000000000011.sent        the newest entry that was acknowledged: it keeps the sequence from starting anew
 *   receiver                 the id of the receiver that answered last
 *   rejected/                what the receiver refused for good, with the reason beside it
 *   .<random>.part           an entry being written
 */
import { randomBytes } from 'node:crypto';
import {
  copyFile,
  link,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { flushToDisk, makeDirectory, writeNewFile } from '../../shared/durable-file.js';
import { OperationalError, systemCode } from '../../shared/errors.js';
import { type Entry, type EntryHeader, decodeEntry, encodeEntry } from './entry.js';
import { entryName, parseEntryName } from './entry-name.js';
import type { SpoolLife } from './queue-spool.js';
import type { Prepared, Shelf, ShelvedEntry } from './shelf.js';

type Kind = EntryHeader['type'];

const epochName = 'epoch';
const epochPattern = /^[0-9a-f]{32}$/;
/** Which receiver answered last: whoever keeps the set of spools writes it. */
export const receiverName = 'receiver';
const rejectedName = 'rejected';
/** Kept for somebody to look at; of more, the oldest go. */
const maxRejected = 200;

/** A name for a file that is being written, which a later start knows for ours. */
export function partName(): string {
  return `.${randomBytes(8).toString('hex')}.part`;
}
const partPattern = /^\.[0-9a-f]{16}\.part$/;

/** Removes what a killed process was writing. Only for whoever holds the lock. @throws a system error */
export async function removeParts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (partPattern.test(name)) await unlink(join(folder, name));
  }
}

export class FolderShelf implements Shelf {
  readonly #folder: string;
  /** What is left of the newest entry that was acknowledged. */
  #tombstone: string | undefined;

  private constructor(folder: string, tombstone: string | undefined) {
    this.#folder = folder;
    this.#tombstone = tombstone;
  }

  /**
   * Opens a folder, which is made when it is missing, and reads what waits in it.
   * @param onForeign told of each name that is not ours
   * @throws a system error; {OperationalError} STATE when its epoch is no epoch
   */
  static async open(
    folder: string,
    onForeign: (path: string) => void,
  ): Promise<{ readonly shelf: FolderShelf; readonly life: SpoolLife }> {
    await makeDirectory(folder);
    await removeParts(folder);
    const entries: ShelvedEntry[] = [];
    // What was set aside has had its sequence too.
    const aside = await namesIn(join(folder, rejectedName));
    let lastSequence = Math.max(0, ...aside.map((name) => parseEntryName(name)?.sequence ?? 0));
    let tombstone: string | undefined;
    for (const name of (await readdir(folder)).sort()) {
      const parsed = parseEntryName(name);
      const path = join(folder, name);
      if (parsed === undefined) {
        if (![epochName, receiverName, rejectedName].includes(name)) onForeign(path);
        continue;
      }
      const { sequence, kind } = parsed;
      lastSequence = Math.max(lastSequence, sequence);
      if (kind !== 'sent') {
        const { size, mtimeMs } = await stat(path);
        entries.push({ sequence, kind, byteCount: size, atMs: mtimeMs });
      } else {
        if (tombstone !== undefined) await unlink(tombstone);
        tombstone = path;
      }
    }
    const epoch = await readEpoch(folder);
    return { shelf: new FolderShelf(folder, tombstone), life: { epoch, entries, lastSequence } };
  }

  async put(sequence: number, { entry, path }: Prepared): Promise<void> {
    const final = this.#pathOf(sequence, entry.header.type);
    if (path === undefined || !(await linkInto(path, final, this.#part()))) {
      await this.replace(sequence, entry);
    } else await flushToDisk(this.#folder);
  }

  async replace(sequence: number, entry: Entry): Promise<void> {
    const part = this.#part();
    try {
      await writeEntry(part, entry);
      await rename(part, this.#pathOf(sequence, entry.header.type));
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    await flushToDisk(this.#folder);
  }

  async get(sequence: number, kind: Kind): Promise<Entry> {
    let bytes: Buffer;
    try {
      bytes = await readFile(this.#pathOf(sequence, kind));
    } catch (cause) {
      const isLost = ['ENOENT', 'EIO', 'EISDIR'].includes(systemCode(cause) ?? '');
      const path = this.#pathOf(sequence, kind);
      throw new OperationalError(isLost ? 'FRAME' : 'STATE', `cannot read ${path}`, { cause });
    }
    return decodeEntry(bytes);
  }

  async remove(sequence: number, kind: Kind, isNewest: boolean): Promise<void> {
    const path = this.#pathOf(sequence, kind);
    if (!isNewest) {
      await rm(path, { force: true });
      return;
    }
    const tombstone = join(this.#folder, entryName({ sequence, kind: 'sent' }));
    try {
      // One step: whatever a power cut takes back, one of both names is there and the sequence goes on.
      await rename(path, tombstone);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      await writeFile(tombstone, ''); // it waited in memory, for want of room on the disk
    }
    if (this.#tombstone !== undefined) await rm(this.#tombstone, { force: true });
    this.#tombstone = tombstone;
  }

  async setAside(sequence: number, kind: Kind, why: string): Promise<void> {
    const rejected = join(this.#folder, rejectedName);
    await makeDirectory(rejected);
    const names = (await readdir(rejected)).sort();
    for (const name of names.slice(0, Math.max(0, names.length - 2 * maxRejected))) {
      await rm(join(rejected, name));
    }
    const name = entryName({ sequence, kind });
    await writeFile(join(rejected, `${name}.txt`), `${why}\n`);
    const [path, final] = [join(this.#folder, name), join(rejected, name)];
    const part = join(rejected, partName());
    // Two names until the new one is flushed, or a power cut could take both.
    if (await linkInto(path, final, part)) {
      await rm(part, { force: true }); // rename(2) leaves it where the final name was there already
    } else {
      await copyFile(path, final);
      await flushToDisk(final);
    }
    await flushToDisk(rejected);
    await rm(path);
  }

  #pathOf(sequence: number, kind: Kind): string {
    return join(this.#folder, entryName({ sequence, kind }));
  }

  #part(): string {
    return join(this.#folder, partName());
  }
}

/** Writes an entry as a new, flushed file, its time that of the capture. @throws a system error */
export async function writeEntry(path: string, { header, body }: Entry): Promise<void> {
  const modifiedAtMs = header.type === 'frame' ? header.capturedAtMs : header.lastCapturedAtMs;
  // A clock that is absurd would make a time that no file system keeps.
  const times = modifiedAtMs >= 0 && modifiedAtMs < 2 ** 31 * 1000 ? { modifiedAtMs } : undefined;
  await writeNewFile(path, encodeEntry({ header, body }), times);
}

/** @returns false where the file system has no links: each spool then writes its own */
async function linkInto(path: string, final: string, part: string): Promise<boolean> {
  try {
    await link(path, part);
    // By way of another name: link(2) fails on a name that is there, rename(2) does not.
    await rename(part, final);
    return true;
  } catch (error) {
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(systemCode(error) ?? '')) {
      return false;
    }
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function readEpoch(folder: string): Promise<string> {
  const path = join(folder, epochName);
  try {
    const epoch = (await readFile(path, 'utf8')).trim();
    if (epochPattern.test(epoch)) return epoch;
    throw new OperationalError('STATE', `${path} holds no epoch: '${epoch.slice(0, 40)}'`, {
      hint: 'remove it: what waits is then sent under a new one',
    });
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  const epoch = randomBytes(16).toString('hex');
  const part = join(folder, partName());
  await writeNewFile(part, Buffer.from(`${epoch}\n`));
  await rename(part, path);
  await flushToDisk(folder);
  return epoch;
}
