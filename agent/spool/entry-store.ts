/** The port behind a spool: a key-value store of entries by sequence. The spool decides on its contents. */
import type { Entry, EntryHeader } from './entry.js';

/** An entry for several stores: its file is written once and linked into each store. */
export interface Prepared {
  readonly entry: Entry;
  /** A complete, flushed file of the entry; undefined: each store writes its own file. */
  readonly path: string | undefined;
}

/** Metadata of an entry in a store. */
export interface StoredEntry {
  readonly sequence: number;
  readonly kind: EntryHeader['type'];
  /** 0 for a gap entry of this process and for a report: the limits do not count them. */
  readonly byteCount: number;
  /** Capture time of a frame, whole milliseconds; for a gap entry, about the time of its last frame. */
  readonly atMs: number;
  /** Called once its receiver has it; never when it is dropped or refused. */
  readonly onAcknowledged?: (() => void) | undefined;
}

/** An entry that is set aside: it is not sent, and a limit may drop it. */
export interface RejectedEntry extends StoredEntry {
  /** True: a gap entry counts it already; the file is kept for inspection. */
  readonly isDamaged: boolean;
}

/** An entry whose removal an earlier process began and did not finish. */
export interface Leftover extends StoredEntry {
  readonly isAside: boolean;
  /** Set aside as damaged before it is removed. */
  readonly isDamaged: boolean;
}

/** The contents of a store when it was opened. */
export interface SpoolLife {
  readonly epoch: string;
  /** By sequence. */
  readonly entries: readonly StoredEntry[];
  readonly aside: readonly RejectedEntry[];
  readonly leftovers: readonly Leftover[];
  readonly lastSequence: number;
  /** True: a tombstone has the last sequence. False: only the name of an entry has it. */
  readonly hasTombstone: boolean;
}

/**
 * System errors are passed on. After one the state of the operation is unknown: a write has to be repeated, and an
 * entry that could not be read may exist.
 */
export interface EntryStore {
  /** Adds an entry. When it resolves, the entry survives a crash and a power cut. @throws a system error */
  put(sequence: number, prepared: Prepared): Promise<void>;
  /** Replaces an entry atomically. @throws a system error */
  replace(sequence: number, entry: Entry): Promise<void>;
  /**
   * @throws {OperationalError} FRAME: missing or damaged, permanently. STATE: it cannot be read now
   */
  get(sequence: number, kind: EntryHeader['type']): Promise<Entry>;
  /**
   * Removes an entry; a missing entry is no error.
   * @param tombstone the sequence of a tombstone to write in the same atomic step
   * @throws a system error
   */
  remove(sequence: number, kind: EntryHeader['type'], tombstone: number | undefined): Promise<void>;
  /** Makes a restart continue after this sequence, the newest that was assigned. @throws a system error */
  writeTombstone(sequence: number): Promise<void>;
  /**
   * Copies an entry to the entries that are set aside, with the reason; `remove` then removes the original.
   * @returns false: the store cannot set entries aside @throws a system error
   */
  setAside(entry: StoredEntry, why: string, isDamaged: boolean): Promise<boolean>;
  /** @throws a system error */
  removeAside(entry: StoredEntry, isDamaged: boolean): Promise<void>;
  /** Removes temporary files. */
  close(): Promise<void>;
}
