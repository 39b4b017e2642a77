/**
 * Stores a spool's entries as files in a folder. After a power cut at any moment the file names give the waiting
 * entries and the last sequence. Files with other names are never touched.
 *
 *   epoch                    id of this spool's life, written once; a folder without it counts as missing
 *   000000000012.jpg         an entry (`entry-name.ts`, `entry.ts`), flushed before it gets this name
 *   000000000011.report      a report; the tombstone has its sequence or a newer one, since 0.1 does not know the name
 *   000000000011.sent        the tombstone: this sequence was used; a restart continues after it
 *   receiver                 the id of the last receiver that answered
 *   rejected/                entries that are set aside (`rejected-folder.ts`)
 *   .<random>.part           an entry that is being written, or the space reserve (`reserve.ts`)
 */
import { randomBytes } from 'node:crypto';
import { link, readFile, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  flushToDisk,
  makeDirectory,
  replaceFile,
  writeNewFile,
} from '../../shared/files/durable-file.js';
import { ifExists } from '../../shared/files/if-exists.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { type Entry, type EntryHeader, decodeEntry } from './entry.js';
import { entryName, parseEntryName } from './entry-name.js';
import { lacksHardLinks, partName, removeParts, writeEntry } from './part-file.js';
import { RejectedFolder } from './rejected-folder.js';
import { Reserve } from './reserve.js';
import { leftoversOf } from './leftovers.js';
import type { SpoolReport } from './spool-report.js';
import type { Prepared, EntryStore, StoredEntry, SpoolLife } from './entry-store.js';

type Kind = EntryHeader['type'];

const epochName = 'epoch';
const epochPattern = /^[0-9a-f]{32}$/;
/** File with the id of the last receiver that answered; SpoolSet writes it. */
export const receiverName = 'receiver';
const rejectedName = 'rejected';

export class DiskStore implements EntryStore {
  readonly #folder: string;
  readonly #epoch: string;
  readonly #rejected: RejectedFolder;
  readonly #reserve: Reserve;
  /** Of the file `epoch`, as it was when it had this spool's epoch. */
  #epochVersion: string | undefined;
  /** The path of the tombstone. */
  #tombstone: string | undefined;
  /** False: a flush of the tombstone failed; the next one is a new file. */
  #isTombstoneFlushed = true;

  private constructor(folder: string, epoch: string, tombstone: string | undefined) {
    this.#folder = folder;
    this.#epoch = epoch;
    this.#tombstone = tombstone;
    this.#rejected = new RejectedFolder(join(folder, rejectedName));
    this.#reserve = new Reserve(join(folder, partName()));
  }

  /**
   * Opens a folder, makes it when it is missing, and reads its entries.
   * @throws a system error; {OperationalError} STATE: the file `epoch` is invalid
   */
  static async open(
    folder: string,
    report: Pick<SpoolReport, 'foreign'>,
  ): Promise<{ readonly store: DiskStore; readonly life: SpoolLife }> {
    await makeDirectory(folder);
    await removeParts(folder);
    const found: StoredEntry[] = [];
    let tombstoneSequence = 0;
    for (const name of (await readdir(folder)).sort()) {
      const { sequence, kind } = parseEntryName(name) ?? {};
      const path = join(folder, name);
      if (sequence === undefined || kind === undefined || kind === 'damaged') {
        if (![epochName, receiverName, rejectedName].includes(name)) report.foreign(path);
      } else if (kind === 'sent') {
        if (tombstoneSequence > 0) {
          await unlink(join(folder, entryName({ sequence: tombstoneSequence, kind })));
        }
        tombstoneSequence = sequence;
      } else {
        const { size, mtimeMs } = await stat(path);
        const byteCount = kind === 'report' ? 0 : size;
        found.push({ sequence, kind, byteCount, atMs: Math.round(mtimeMs) });
      }
    }
    const epoch = await readEpoch(folder);
    const tombstone =
      tombstoneSequence > 0
        ? join(folder, entryName({ sequence: tombstoneSequence, kind: 'sent' }))
        : undefined;
    const store = new DiskStore(folder, epoch, tombstone);
    const aside = await store.#rejected.open();
    const sequences = [...found, ...aside].map(({ sequence }) => sequence);
    const lastSequence = sequences.reduce((a, b) => Math.max(a, b), tombstoneSequence);
    const gaps = found.filter(({ kind }) => kind === 'dropped');
    const headers = await Promise.all(gaps.map((gap) => store.#headerOf(gap)));
    const sorted = leftoversOf(found, aside, headers);
    const hasTombstone = lastSequence === tombstoneSequence;
    return { store, life: { epoch, lastSequence, hasTombstone, ...sorted } };
  }

  async put(sequence: number, { entry, path }: Prepared): Promise<void> {
    try {
      await this.#check();
      if (path === undefined || !(await this.#link(path, sequence, entry))) {
        await this.#write(sequence, entry);
      }
    } finally {
      await this.#reserve.fill();
    }
  }

  async replace(sequence: number, entry: Entry): Promise<void> {
    await this.#check();
    await this.#write(sequence, entry);
  }

  async get(sequence: number, kind: Kind): Promise<Entry> {
    const path = this.#pathOf(sequence, kind);
    let bytes: Buffer;
    try {
      bytes = await readFile(path).catch(async (error: unknown) => {
        if (systemCode(error) !== 'ENOENT') throw error;
        // Gone for good only when the spool folder exists; otherwise the folder may come back with the file.
        await this.#check();
        return readFile(path);
      });
    } catch (cause) {
      const isGone = systemCode(cause) === 'ENOENT' && (await this.#exists());
      if (isGone) {
        throw new OperationalError('FRAME', `the spool entry ${path} is missing`, { cause });
      }
      throw new OperationalError('STATE', `cannot read from the spool ${this.#folder}`, { cause });
    }
    return decodeEntry(bytes);
  }

  async remove(sequence: number, kind: Kind, tombstone: number | undefined): Promise<void> {
    // The removals of the frames that a gap entry counts reach the disk before its own removal.
    if (kind === 'dropped') await flushToDisk(this.#folder);
    const path = this.#pathOf(sequence, kind);
    try {
      if (tombstone === undefined) await unlink(path);
      // A rename is atomic: after a power cut one of both names exists, and the sequence does not restart.
      else await this.#renameToTombstone(path, tombstone);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      await this.#check();
      if (tombstone !== undefined) await this.writeTombstone(tombstone);
    }
  }

  async writeTombstone(sequence: number): Promise<void> {
    await this.#check();
    const path = join(this.#folder, entryName({ sequence, kind: 'sent' }));
    // Renaming the old tombstone needs no disk space; after a failed flush a new file is written.
    const isMoved =
      this.#isTombstoneFlushed && this.#tombstone !== path && (await this.#moveTombstone(sequence));
    if (!isMoved) {
      const part = this.#part();
      await this.#reserve.use(() => writeNewFile(part, Buffer.alloc(0)));
      await this.#renameToTombstone(part, sequence);
    }
    this.#isTombstoneFlushed = false;
    await flushToDisk(this.#folder);
    this.#isTombstoneFlushed = true;
  }

  async setAside(entry: StoredEntry, why: string, isDamaged: boolean): Promise<boolean> {
    await this.#check();
    await this.#rejected.take(this.#pathOf(entry.sequence, entry.kind), entry, why, isDamaged);
    return true;
  }

  async removeAside(entry: StoredEntry, isDamaged: boolean): Promise<void> {
    await this.#check();
    await this.#rejected.remove(entry, isDamaged);
  }

  close(): Promise<void> {
    return this.#reserve.free();
  }

  /** @returns false: the file system has no hard links */
  async #link(path: string, sequence: number, { header }: Entry): Promise<boolean> {
    const temporary = this.#part();
    try {
      // Through a temporary name: link(2) fails when the name exists.
      await replaceFile(this.#pathOf(sequence, header.type), temporary, (part) => link(path, part));
      return true;
    } catch (error) {
      if (lacksHardLinks(error)) return false;
      throw error;
    } finally {
      // The name may have been a link to this file already, and the temporary one is still there.
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  /** Writes the whole entry, also over an existing one: after a failed flush a file may not be on the disk. */
  async #write(sequence: number, entry: Entry): Promise<void> {
    const { type } = entry.header;
    const write = (): Promise<void> =>
      replaceFile(this.#pathOf(sequence, type), this.#part(), (part) => writeEntry(part, entry));
    await (type === 'dropped' ? this.#reserve.use(write) : write());
  }

  async #moveTombstone(sequence: number): Promise<boolean> {
    if (this.#tombstone === undefined) return false;
    try {
      await this.#renameToTombstone(this.#tombstone, sequence);
      return true;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  async #renameToTombstone(from: string, sequence: number): Promise<void> {
    const path = join(this.#folder, entryName({ sequence, kind: 'sent' }));
    await rename(from, path);
    const previous = this.#tombstone;
    this.#tombstone = path;
    if (previous !== undefined && previous !== path) await ifExists(unlink(previous));
  }

  /** @throws {OperationalError} STATE: the folder is missing, or is not this spool */
  async #check(): Promise<void> {
    if (await this.#exists()) return;
    const hint = 'restore the folder (is its disk mounted?), or restart the agent for a new spool';
    throw new OperationalError('STATE', `the spool ${this.#folder} is missing`, { hint });
  }

  /**
   * Looks for the epoch: when a disk is unmounted, an empty folder may remain at the mount point. It is read again only
   * when its file is another one or has changed.
   */
  async #exists(): Promise<boolean> {
    const path = join(this.#folder, epochName);
    const found = await ifExists(stat(path));
    if (found === undefined) return false;
    const version = `${found.dev} ${found.ino} ${found.mtimeMs} ${found.ctimeMs} ${found.size}`;
    if (version === this.#epochVersion) return true;
    const epoch = await ifExists(readFile(path, 'utf8'));
    if (epoch?.trim() !== this.#epoch) return false;
    this.#epochVersion = version;
    return true;
  }

  /** @returns undefined: it cannot be read now; sending it reports the error */
  async #headerOf({ sequence, kind }: StoredEntry): Promise<EntryHeader | undefined> {
    return this.get(sequence, kind).then(
      ({ header }) => header,
      () => undefined,
    );
  }

  #pathOf(sequence: number, kind: Kind): string {
    return join(this.#folder, entryName({ sequence, kind }));
  }

  #part(): string {
    return join(this.#folder, partName());
  }
}

async function readEpoch(folder: string): Promise<string> {
  const path = join(folder, epochName);
  const existing = (await ifExists(readFile(path, 'utf8')))?.trim();
  if (existing !== undefined) {
    if (epochPattern.test(existing)) return existing;
    throw new OperationalError('STATE', `invalid epoch in ${path}: '${existing.slice(0, 40)}'`, {
      hint: 'remove this file: the waiting frames are then sent under a new epoch',
    });
  }
  const epoch = randomBytes(16).toString('hex');
  try {
    await replaceFile(path, join(folder, partName()), (part) => writeNewFile(part, `${epoch}\n`));
  } catch (error) {
    // After a failed flush the name may not be on the disk: the next start writes a new epoch.
    await rm(path, { force: true });
    throw error;
  }
  return epoch;
}
