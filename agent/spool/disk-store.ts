/**
 * A spool's entries as files in a folder. Whatever moment the power fails in, the folder's names tell what
 * waits and where the sequence goes on; a name that is not ours is never touched.
 *
 *   epoch                    made once: this spool's life; without it the folder is not there, whatever is
 *   000000000012.jpg         an entry (`entry-name.ts`, `entry.ts`), flushed before it has this name
 *   000000000011.sent        the mark: this sequence was given, and no entry's name needs to show it
 *   receiver                 the id of the receiver that answered last
 *   rejected/                what is not sent any more (`rejected-folder.ts`)
 *   .<random>.part           an entry being written, or the room that is kept for a note (`reserve.ts`)
 */
import { randomBytes } from 'node:crypto';
import { readFile, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { flushToDisk, makeDirectory, writeNewFile } from '../../shared/files/durable-file.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { type Entry, type EntryHeader, decodeEntry } from './entry.js';
import { entryName, parseEntryName } from './entry-name.js';
import { linkInto, partName, removeParts, writeEntry } from './part-file.js';
import { RejectedFolder } from './rejected-folder.js';
import { Reserve } from './reserve.js';
import { leftoversOf } from './leftovers.js';
import type { Prepared, EntryStore, StoredEntry, SpoolLife } from './entry-store.js';

type Kind = EntryHeader['type'];

const epochName = 'epoch';
const epochPattern = /^[0-9a-f]{32}$/;
/** Which receiver answered last: whoever keeps the set of spools writes it. */
export const receiverName = 'receiver';
const rejectedName = 'rejected';

export class DiskStore implements EntryStore {
  readonly #folder: string;
  readonly #epoch: string;
  readonly #rejected: RejectedFolder;
  readonly #reserve: Reserve;
  /** The path of the mark. */
  #mark: string | undefined;
  /** False when a flush of the mark failed: its name is made anew then. */
  #isMarkFlushed = true;

  private constructor(folder: string, epoch: string, mark: string | undefined) {
    this.#folder = folder;
    this.#epoch = epoch;
    this.#mark = mark;
    this.#rejected = new RejectedFolder(join(folder, rejectedName));
    this.#reserve = new Reserve(join(folder, partName()));
  }

  /**
   * Opens a folder, which is made when it is missing, and reads what waits in it.
   * @param onForeign told of each name that is not ours
   * @throws a system error; {OperationalError} STATE when its epoch is no epoch
   */
  static async open(
    folder: string,
    onForeign: (path: string) => void,
  ): Promise<{ readonly store: DiskStore; readonly life: SpoolLife }> {
    await makeDirectory(folder);
    await removeParts(folder);
    const found: StoredEntry[] = [];
    let marked = 0;
    for (const name of (await readdir(folder)).sort()) {
      const { sequence, kind } = parseEntryName(name) ?? {};
      const path = join(folder, name);
      if (sequence === undefined || kind === undefined || kind === 'damaged') {
        if (![epochName, receiverName, rejectedName].includes(name)) onForeign(path);
      } else if (kind === 'sent') {
        if (marked > 0) await unlink(join(folder, entryName({ sequence: marked, kind })));
        marked = sequence;
      } else {
        const { size, mtimeMs } = await stat(path);
        found.push({ sequence, kind, byteCount: size, atMs: Math.round(mtimeMs) });
      }
    }
    const epoch = await readEpoch(folder);
    const mark =
      marked > 0 ? join(folder, entryName({ sequence: marked, kind: 'sent' })) : undefined;
    const store = new DiskStore(folder, epoch, mark);
    const aside = await store.#rejected.open();
    const sequences = [...found, ...aside].map(({ sequence }) => sequence);
    const lastSequence = sequences.reduce((last, each) => Math.max(last, each), marked);
    const notes = found.filter(({ kind }) => kind === 'dropped');
    const headers = await Promise.all(notes.map((note) => store.#headerOf(note)));
    const sorted = leftoversOf(found, aside, headers);
    const isMarked = lastSequence === marked;
    return { store, life: { epoch, lastSequence, isMarked, ...sorted } };
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
        // Gone for good only from a folder that was there before and after: it may be on its way back.
        await this.#check();
        return readFile(path);
      });
    } catch (cause) {
      const isGone = systemCode(cause) === 'ENOENT' && (await this.#isThere());
      if (isGone)
        throw new OperationalError('FRAME', `the spool entry is gone: ${path}`, { cause });
      throw new OperationalError('STATE', `cannot read from the spool ${this.#folder}`, { cause });
    }
    return decodeEntry(bytes);
  }

  async remove(sequence: number, kind: Kind, mark: number | undefined): Promise<void> {
    // What a note counts as gone must not come back after it: its removal is on the disk first.
    if (kind === 'dropped') await flushToDisk(this.#folder);
    const path = this.#pathOf(sequence, kind);
    try {
      if (mark === undefined) await unlink(path);
      // One step: whatever a power cut takes back, one of both names is there and the sequence goes on.
      else await this.#renameToMark(path, mark);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      await this.#check();
      if (mark !== undefined) await this.mark(mark);
    }
  }

  async mark(sequence: number): Promise<void> {
    await this.#check();
    const path = join(this.#folder, entryName({ sequence, kind: 'sent' }));
    // A new name for the old mark needs no room; a mark whose flush failed is made anew.
    const isMoved = this.#isMarkFlushed && this.#mark !== path && (await this.#moveMark(sequence));
    if (!isMoved) {
      const part = this.#part();
      await this.#reserve.use(() => writeNewFile(part, Buffer.alloc(0)));
      await this.#renameToMark(part, sequence);
    }
    this.#isMarkFlushed = false;
    await flushToDisk(this.#folder);
    this.#isMarkFlushed = true;
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

  /** @returns false where there are no links */
  async #link(path: string, sequence: number, { header }: Entry): Promise<boolean> {
    const part = this.#part();
    try {
      if (!(await linkInto(path, this.#pathOf(sequence, header.type), part))) return false;
    } finally {
      await rm(part, { force: true });
    }
    await flushToDisk(this.#folder);
    return true;
  }

  /** Writes the whole entry, whatever is there: what a failed flush left need not be on the disk. */
  async #write(sequence: number, entry: Entry): Promise<void> {
    const { type } = entry.header;
    const write = async (): Promise<void> => {
      const part = this.#part();
      try {
        await writeEntry(part, entry);
        await rename(part, this.#pathOf(sequence, type));
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      }
      await flushToDisk(this.#folder);
    };
    await (type === 'dropped' ? this.#reserve.use(write) : write());
  }

  async #moveMark(sequence: number): Promise<boolean> {
    if (this.#mark === undefined) return false;
    try {
      await this.#renameToMark(this.#mark, sequence);
      return true;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  async #renameToMark(from: string, sequence: number): Promise<void> {
    const path = join(this.#folder, entryName({ sequence, kind: 'sent' }));
    await rename(from, path);
    const before = this.#mark;
    this.#mark = path;
    if (before !== undefined && before !== path) await rm(before, { force: true });
  }

  /** @throws {OperationalError} STATE: the folder is not there, or is another */
  async #check(): Promise<void> {
    if (await this.#isThere()) return;
    const hint = 'put it back, or start the agent again for a new one';
    throw new OperationalError('STATE', `the spool ${this.#folder} is not there`, { hint });
  }

  /** Looks into it: where a disk was mounted an empty folder may be. */
  async #isThere(): Promise<boolean> {
    try {
      return (await readFile(join(this.#folder, epochName), 'utf8')).trim() === this.#epoch;
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return false;
      throw error;
    }
  }

  /** @returns undefined when it cannot be read: it is told when it is to be sent */
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
  try {
    await writeNewFile(part, Buffer.from(`${epoch}\n`));
    await rename(part, path);
    await flushToDisk(folder);
  } catch (error) {
    // A name whose flush failed need not be on the disk: the next start makes another.
    await rm(part, { force: true });
    await rm(path, { force: true });
    throw error;
  }
  return epoch;
}
