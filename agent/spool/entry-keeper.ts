/**
 * Keeps a spool's entries whatever the disk does: on the store, or in memory while the store takes none. What cannot
 * be removed now is removed later. It gives the sequences, and sends none out that a restart would give again.
 */
import { systemCode } from '../../shared/cli/errors.js';
import type { Entry, EntryHeader } from './entry.js';
import type { Prepared, EntryStore, StoredEntry, SpoolLife } from './entry-store.js';

/** Frames that the store does not take wait in memory up to this much. */
const maxMemoryBytes = 16 * 1024 * 1024;
/** Of many removals that fail, so many are tried at a time. */
const maxFailuresAtOnce = 3;

const untaken = 'the disk does not take a frame: it waits in memory';
const unremoved = 'an entry cannot be removed from the spool';

export interface KeeperReport {
  /** Told of each failure of the disk. */
  readonly onTrouble: (event: string, error: unknown) => void;
  /** Told that what was told as `event` is over. */
  readonly onWorked: (event: string, words: string) => void;
}

interface Removal {
  readonly entry: StoredEntry;
  /** It is counted by a note: until that is on the disk, its file is the only trace. */
  readonly isGone: boolean;
  readonly isAside: boolean;
  /** To be kept aside. */
  readonly isDamaged: boolean;
}

export class EntryKeeper {
  readonly #store: EntryStore;
  readonly #report: KeeperReport;
  /** Entries that the store has not taken. */
  readonly #memory = new Map<number, Entry>();
  #memoryBytes = 0;
  #removals: Removal[] = [];
  #lastSequence: number;
  /** The newest sequence that a restart would find. */
  #shownSequence: number;
  /** The entry whose name shows it; undefined: the mark does. */
  #shownBy: number | undefined;

  constructor(store: EntryStore, life: SpoolLife, report: KeeperReport) {
    this.#store = store;
    this.#report = report;
    this.#lastSequence = this.#shownSequence = life.lastSequence;
    this.#shownBy = life.isMarked ? undefined : life.lastSequence;
    this.#removals = life.leftovers.map(({ isAside, isDamaged, ...entry }) => {
      return { entry, isGone: true, isAside, isDamaged };
    });
  }

  nextSequence(): number {
    return (this.#lastSequence += 1);
  }

  /** True while something is in memory, or is to be removed. */
  get isBehind(): boolean {
    return this.#memory.size > 0 || this.#removals.length > 0;
  }

  isInMemory(sequence: number): boolean {
    return this.#memory.has(sequence);
  }

  /** True for a note that is not to be sent yet: what it counts would wait again after a restart. */
  isHeld({ sequence, kind }: StoredEntry): boolean {
    return kind === 'dropped' && this.#memory.has(sequence) && this.#hasGone;
  }

  /** @returns false when neither the store nor memory takes it */
  async put(sequence: number, prepared: Prepared): Promise<boolean> {
    const { entry } = prepared;
    try {
      await this.#store.put(sequence, prepared);
      this.#show(sequence);
      return true;
    } catch (error) {
      const isNote = entry.header.type === 'dropped';
      if (!isNote && this.#memoryBytes + entry.body.length > maxMemoryBytes) {
        this.#report.onTrouble('the disk does not take a frame and memory is full', error);
        // A flush may have failed after the name was made.
        const { header, body } = entry;
        this.#removeLater({ sequence, kind: header.type, byteCount: body.length, atMs: 0 }, true);
        return false;
      }
      const what = isNote ? 'the note of dropped frames waits in memory' : untaken;
      this.#report.onTrouble(what, error);
      this.#memory.set(sequence, entry);
      this.#memoryBytes += entry.body.length;
      return true;
    }
  }

  /** Puts a note with more in it in a note's place. */
  async replaceNote(sequence: number, entry: Entry): Promise<void> {
    try {
      // A frame that is dropped before it is kept leaves no name of its own.
      await this.#showAll();
      await this.#store.replace(sequence, entry);
      this.#memory.delete(sequence);
    } catch (error) {
      this.#report.onTrouble('the note of dropped frames waits in memory', error);
      this.#memory.set(sequence, entry);
    }
  }

  /** An entry that is about to be sent. @throws as `EntryStore.get` and `EntryStore.mark` */
  async get(sequence: number, kind: EntryHeader['type']): Promise<Entry> {
    const entry = this.#memory.get(sequence);
    if (entry === undefined) return this.#store.get(sequence, kind);
    if (sequence > this.#shownSequence) await this.#mark();
    return entry;
  }

  /** Whether an entry is on the store and can be read. */
  peek(sequence: number, kind: EntryHeader['type']): Promise<Entry | undefined> {
    return this.#store.get(sequence, kind).catch(() => undefined);
  }

  /** @param isGone a note counts it */
  async remove(entry: StoredEntry, isGone: boolean): Promise<void> {
    this.#forget(entry.sequence);
    this.#removeLater(entry, isGone);
    await this.#removeAll();
  }

  async removeAside(entry: StoredEntry, isDamaged: boolean): Promise<void> {
    this.#removals.push({ entry, isGone: !isDamaged, isAside: true, isDamaged });
    await this.#removeAll();
  }

  /** @returns false when there is no place for it @throws a system error: it waits as before */
  async setAside(entry: StoredEntry, why: string): Promise<boolean> {
    const { sequence } = entry;
    this.#removals = this.#removals.filter(
      (each) => !each.isAside || each.entry.sequence !== sequence,
    );
    try {
      if (!(await this.#store.setAside(entry, why, false))) return false;
    } catch (error) {
      // It waits on, and must not lie aside too: it may be delivered.
      this.#removals.push({ entry, isGone: false, isAside: true, isDamaged: false });
      throw error;
    }
    this.#removeLater(entry, false);
    await this.#removeAll();
    return true;
  }

  /** Takes an entry away that is damaged and noted as gone, and keeps it aside if it can be. */
  async removeDamaged(entry: StoredEntry): Promise<void> {
    this.#removals.push({ entry, isGone: true, isAside: false, isDamaged: true });
    await this.#removeAll();
  }

  /** Tries again what the store did not do. */
  async settle(): Promise<void> {
    await this.#moveToShelf();
    await this.#removeAll();
  }

  /** @returns the frames that are in memory only */
  inMemory(): number[] {
    const frames = [...this.#memory].filter(([, { header }]) => header.type === 'frame');
    return frames.map(([sequence]) => sequence);
  }

  get isNoteInMemory(): boolean {
    return [...this.#memory.values()].some(({ header }) => header.type === 'dropped');
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  get #hasGone(): boolean {
    return this.#removals.some(({ isGone }) => isGone);
  }

  #show(sequence: number): void {
    if (sequence <= this.#shownSequence) return;
    this.#shownSequence = sequence;
    this.#shownBy = sequence;
  }

  async #showAll(): Promise<void> {
    if (this.#lastSequence > this.#shownSequence) await this.#mark();
  }

  async #mark(): Promise<void> {
    const sequence = this.#lastSequence;
    await this.#store.mark(sequence);
    this.#shownSequence = sequence;
    this.#shownBy = undefined;
  }

  async #moveToShelf(): Promise<void> {
    if (this.#memory.size === 0) return;
    const isNote = ([, { header }]: [number, Entry]): boolean => header.type === 'dropped';
    const entries = [...this.#memory];
    // Notes first: what they count is removed after it, which makes room.
    for (const [sequence, entry] of [
      ...entries.filter(isNote),
      ...entries.filter((each) => !isNote(each)),
    ]) {
      try {
        // It may name a sequence that is newer than its own.
        if (entry.header.type === 'dropped') await this.#showAll();
        await this.#store.replace(sequence, entry);
      } catch {
        return; // as before, which was told when it began
      }
      this.#show(sequence);
      this.#forget(sequence);
    }
    this.#report.onWorked(untaken, 'the disk takes frames again');
  }

  #forget(sequence: number): void {
    this.#memoryBytes -= this.#memory.get(sequence)?.body.length ?? 0;
    this.#memory.delete(sequence);
  }

  #removeLater(entry: StoredEntry, isGone: boolean): void {
    this.#removals.push({ entry, isGone, isAside: false, isDamaged: false });
  }

  async #removeAll(): Promise<void> {
    if (this.#removals.length === 0) return;
    const failed: Removal[] = [];
    const kept: Removal[] = [];
    const all = this.#removals;
    const mayRemoveGone = !this.isNoteInMemory;
    let goneCount = all.filter(({ isGone }) => isGone).length;
    for (const [index, removal] of all.entries()) {
      if (failed.length >= maxFailuresAtOnce) {
        kept.push(...all.slice(index));
        break;
      }
      // A note goes after what it counts, and that after the note is on the disk.
      const { isGone, entry } = removal;
      const mustWait = isGone ? !mayRemoveGone : entry.kind === 'dropped' && goneCount > 0;
      if (mustWait) kept.push(removal);
      else if (!(await this.#isRemoved(removal))) failed.push(removal);
      else if (isGone) goneCount -= 1;
    }
    this.#removals = [...kept, ...failed];
    if (failed.length === 0) this.#report.onWorked(unremoved, 'the spool is tidy again');
  }

  async #isRemoved({ entry, isAside, isDamaged }: Removal): Promise<boolean> {
    const { sequence, kind } = entry;
    try {
      if (isAside) {
        if (sequence === this.#shownBy) await this.#mark();
        await this.#store.removeAside(entry, isDamaged);
        return true;
      }
      if (isDamaged) await this.#keepDamaged(entry);
      const mark = sequence === this.#shownBy ? this.#shownSequence : undefined;
      await this.#store.remove(sequence, kind, mark);
      if (mark !== undefined) this.#shownBy = undefined;
      return true;
    } catch (error) {
      // What was delivered is sent again after a restart, which the receiver knows for a repeat.
      this.#report.onTrouble(unremoved, error);
      return false;
    }
  }

  async #keepDamaged(entry: StoredEntry): Promise<void> {
    try {
      await this.#store.setAside(entry, 'its copy in the spool is damaged', true);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error; // the file itself may be what is gone
    }
  }
}
