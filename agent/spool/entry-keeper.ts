/**
 * Keeps a spool's entries through disk failures: in the store, or in memory while the store fails. Failed removals
 * are retried. It assigns the sequences; an entry is sent only when a restart would not assign its sequence again.
 */
import { systemCode } from '../../shared/cli/errors.js';
import type { Entry, EntryHeader } from './entry.js';
import type { SpoolReport } from './spool-report.js';
import type { Prepared, EntryStore, StoredEntry, SpoolLife } from './entry-store.js';

/** Upper limit for frames that wait in memory while the store fails, bytes. */
const maxMemoryBytes = 16 * 1024 * 1024;
/** Removals are retried in one pass until this many have failed. */
const maxFailuresPerPass = 3;

const frameNotWritten = 'cannot write a frame to the spool: it waits in memory';
const gapNotWritten = 'cannot write a gap entry to the spool: it waits in memory';
const notRemoved = 'cannot remove an entry from the spool';

interface Removal {
  readonly entry: StoredEntry;
  /** A gap entry counts it: until that entry is on the disk, this file is the only record of the frame. */
  readonly isDropped: boolean;
  readonly isAside: boolean;
  /** Set aside as damaged before it is removed. */
  readonly isDamaged: boolean;
}

export class EntryKeeper {
  readonly #store: EntryStore;
  readonly #report: Pick<SpoolReport, 'failed' | 'worked'>;
  /** Entries that are not in the store. */
  readonly #memory = new Map<number, Entry>();
  #memoryBytes = 0;
  #removals: Removal[] = [];
  #lastSequence: number;
  /** The newest sequence that is durable: a restart continues after it. */
  #durableSequence: number;
  /** The entry whose file name makes it durable; undefined: the tombstone does. */
  #durableBy: number | undefined;
  /** The sequence of the tombstone, as far as known. */
  #tombstone: number;

  constructor(store: EntryStore, life: SpoolLife, report: Pick<SpoolReport, 'failed' | 'worked'>) {
    this.#store = store;
    this.#report = report;
    this.#lastSequence = this.#durableSequence = life.lastSequence;
    this.#durableBy = life.hasTombstone ? undefined : life.lastSequence;
    this.#tombstone = life.hasTombstone ? life.lastSequence : 0;
    this.#removals = life.leftovers.map(({ isAside, isDamaged, ...entry }) => {
      return { entry, isDropped: true, isAside, isDamaged };
    });
  }

  /** The newest sequence that was assigned. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  nextSequence(): number {
    return (this.#lastSequence += 1);
  }

  /** True while an entry is in memory or a removal is pending. */
  get hasPendingWork(): boolean {
    return this.#memory.size > 0 || this.#removals.length > 0;
  }

  isInMemory(sequence: number): boolean {
    return this.#memory.has(sequence);
  }

  /** True for a gap entry that must not be sent yet: after a restart the frames that it counts would wait again. */
  isBlocked({ sequence, kind }: StoredEntry): boolean {
    return kind === 'dropped' && this.#memory.has(sequence) && this.#hasDroppedRemovals;
  }

  /** @returns where it is now; undefined: the store fails and memory is full */
  async put(sequence: number, prepared: Prepared): Promise<'store' | 'memory' | undefined> {
    const { entry } = prepared;
    try {
      await this.#store.put(sequence, prepared);
      this.#setDurable(sequence);
      return 'store';
    } catch (error) {
      const isGap = entry.header.type === 'dropped';
      if (!isGap && this.#memoryBytes + entry.body.length > maxMemoryBytes) {
        this.#report.failed('cannot write a frame to the spool and memory is full', error);
        // When only the flush failed, the file exists and has to be removed.
        const { header, body } = entry;
        this.#removeLater({ sequence, kind: header.type, byteCount: body.length, atMs: 0 }, true);
        return undefined;
      }
      this.#report.failed(isGap ? gapNotWritten : frameNotWritten, error);
      this.#memory.set(sequence, entry);
      this.#memoryBytes += entry.body.length;
      return 'memory';
    }
  }

  /**
   * Writes a report, or replaces it. The tombstone has its sequence before its file exists: 0.1 does not know the file,
   * and would assign the sequence again. @throws a system error: a file may exist
   */
  async writeReport(sequence: number, entry: Entry): Promise<void> {
    if (sequence > this.#tombstone) await this.#writeTombstone();
    await this.#store.put(sequence, { entry, path: undefined });
  }

  /** Replaces a gap entry by one that counts more frames. */
  async replaceGapEntry(sequence: number, entry: Entry): Promise<void> {
    try {
      // The entry may count a frame that never got a file: its sequence has to be durable first.
      await this.#makeAllDurable();
      await this.#store.replace(sequence, entry);
      this.#memory.delete(sequence);
    } catch (error) {
      this.#report.failed(gapNotWritten, error);
      this.#memory.set(sequence, entry);
    }
  }

  /** Reads an entry for sending. @throws as `EntryStore.get` and `EntryStore.writeTombstone` */
  async get(sequence: number, kind: EntryHeader['type']): Promise<Entry> {
    const entry = this.#memory.get(sequence);
    if (entry === undefined) return this.#store.get(sequence, kind);
    // A gap entry may count a sequence newer than its own.
    const newest = kind === 'dropped' ? this.#lastSequence : sequence;
    if (newest > this.#durableSequence) await this.#writeTombstone();
    return entry;
  }

  /** @returns undefined: the entry is not in the store, or cannot be read now */
  peek(sequence: number, kind: EntryHeader['type']): Promise<Entry | undefined> {
    return this.#store.get(sequence, kind).catch(() => undefined);
  }

  /** @param isDropped a gap entry counts it */
  async remove(entry: StoredEntry, isDropped: boolean): Promise<void> {
    this.#forget(entry.sequence);
    this.#removeLater(entry, isDropped);
    await this.#removeAll();
  }

  async removeAside(entry: StoredEntry, isDamaged: boolean): Promise<void> {
    this.#removals.push({ entry, isDropped: !isDamaged, isAside: true, isDamaged });
    await this.#removeAll();
  }

  /** @returns false: the store cannot set entries aside @throws a system error: the entry still waits */
  async setAside(entry: StoredEntry, why: string): Promise<boolean> {
    const { sequence } = entry;
    this.#removals = this.#removals.filter(
      (removal) => !removal.isAside || removal.entry.sequence !== sequence,
    );
    try {
      if (!(await this.#store.setAside(entry, why, false))) return false;
    } catch (error) {
      // The entry still waits and may be delivered: a copy in `rejected/` has to be removed.
      this.#removals.push({ entry, isDropped: false, isAside: true, isDamaged: false });
      throw error;
    }
    this.#removeLater(entry, false);
    await this.#removeAll();
    return true;
  }

  /** Removes a damaged entry that a gap entry counts; sets it aside first when that is possible. */
  async removeDamaged(entry: StoredEntry): Promise<void> {
    this.#removals.push({ entry, isDropped: true, isAside: false, isDamaged: true });
    await this.#removeAll();
  }

  /** Retries what the store failed to do. */
  async retry(): Promise<void> {
    await this.#moveToStore();
    await this.#removeAll();
  }

  /** @returns the sequences of frames that are in memory only */
  framesInMemory(): number[] {
    const frames = [...this.#memory].filter(([, { header }]) => header.type === 'frame');
    return frames.map(([sequence]) => sequence);
  }

  get isGapEntryInMemory(): boolean {
    return [...this.#memory.values()].some(({ header }) => header.type === 'dropped');
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  get #hasDroppedRemovals(): boolean {
    return this.#removals.some(({ isDropped }) => isDropped);
  }

  #setDurable(sequence: number): void {
    if (sequence <= this.#durableSequence) return;
    this.#durableSequence = sequence;
    this.#durableBy = sequence;
  }

  async #makeAllDurable(): Promise<void> {
    if (this.#lastSequence > this.#durableSequence) await this.#writeTombstone();
  }

  async #writeTombstone(): Promise<void> {
    const sequence = this.#lastSequence;
    await this.#store.writeTombstone(sequence);
    this.#durableSequence = this.#tombstone = sequence;
    this.#durableBy = undefined;
  }

  async #moveToStore(): Promise<void> {
    if (this.#memory.size === 0) return;
    const isGap = ([, { header }]: [number, Entry]): boolean => header.type === 'dropped';
    const entries = [...this.#memory];
    // Gap entries first: the frames that they count are then removed, which frees disk space.
    for (const [sequence, entry] of [
      ...entries.filter(isGap),
      ...entries.filter((item) => !isGap(item)),
    ]) {
      try {
        // A gap entry may count a sequence newer than its own.
        if (entry.header.type === 'dropped') await this.#makeAllDurable();
        await this.#store.replace(sequence, entry);
      } catch {
        return; // reported when the first write failed
      }
      this.#setDurable(sequence);
      this.#forget(sequence);
    }
    this.#report.worked(frameNotWritten, 'frames are written to the spool again');
  }

  #forget(sequence: number): void {
    this.#memoryBytes -= this.#memory.get(sequence)?.body.length ?? 0;
    this.#memory.delete(sequence);
  }

  #removeLater(entry: StoredEntry, isDropped: boolean): void {
    this.#removals.push({ entry, isDropped, isAside: false, isDamaged: false });
  }

  async #removeAll(): Promise<void> {
    if (this.#removals.length === 0) return;
    const failed: Removal[] = [];
    const kept: Removal[] = [];
    const all = this.#removals;
    const mayRemoveDropped = !this.isGapEntryInMemory;
    let droppedCount = all.filter(({ isDropped }) => isDropped).length;
    for (const [index, removal] of all.entries()) {
      if (failed.length >= maxFailuresPerPass) {
        kept.push(...all.slice(index));
        break;
      }
      // Order: the gap entry reaches the disk, then the frames that it counts are removed, then the gap entry.
      const { isDropped, entry } = removal;
      const mustWait = isDropped ? !mayRemoveDropped : entry.kind === 'dropped' && droppedCount > 0;
      if (mustWait) kept.push(removal);
      else if (!(await this.#isRemoved(removal))) failed.push(removal);
      else if (isDropped) droppedCount -= 1;
    }
    this.#removals = [...kept, ...failed];
    if (failed.length === 0) {
      this.#report.worked(notRemoved, 'entries are removed from the spool again');
    }
  }

  async #isRemoved({ entry, isAside, isDamaged }: Removal): Promise<boolean> {
    const { sequence, kind } = entry;
    try {
      if (isAside) {
        if (sequence === this.#durableBy) await this.#writeTombstone();
        await this.#store.removeAside(entry, isDamaged);
        return true;
      }
      if (isDamaged) await this.#setAsideDamaged(entry);
      const tombstone = sequence === this.#durableBy ? this.#durableSequence : undefined;
      await this.#store.remove(sequence, kind, tombstone);
      if (tombstone !== undefined) {
        this.#durableBy = undefined;
        this.#tombstone = tombstone;
      }
      return true;
    } catch (error) {
      // After a restart a delivered frame is sent again; the receiver detects the duplicate.
      this.#report.failed(notRemoved, error);
      return false;
    }
  }

  async #setAsideDamaged(entry: StoredEntry): Promise<void> {
    try {
      await this.#store.setAside(entry, 'damaged in the spool', true);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error; // the damaged entry's own file may be missing
    }
  }
}
