/** The port behind a spool: where entries lie by their sequence. What may lie there is the spool's business. */
import type { Entry, EntryHeader } from './entry.js';

/** An entry on its way to several stores: written once, where there is a disk for it. */
export interface Prepared {
  readonly entry: Entry;
  /** A finished, flushed file that holds it; undefined: each store writes its own. */
  readonly path: string | undefined;
}

/** What was found on a store, or put there. */
export interface StoredEntry {
  readonly sequence: number;
  readonly kind: EntryHeader['type'];
  readonly byteCount: number;
  /** When the frame was captured, whole milliseconds; for any other kind, some time near it. */
  readonly atMs: number;
}

/** An entry that is kept aside: it is not sent, and a limit may drop it. */
export interface RejectedEntry extends StoredEntry {
  /** It is noted as gone already, and kept for a person to look at. */
  readonly isDamaged: boolean;
}

/** An entry that lies there and is to be removed: what did that before was cut short. */
export interface Leftover extends StoredEntry {
  readonly isAside: boolean;
  /** To be kept aside. */
  readonly isDamaged: boolean;
}

/** A life that goes on: what a store held when it was opened. */
export interface SpoolLife {
  readonly epoch: string;
  /** By sequence. */
  readonly entries: readonly StoredEntry[];
  readonly aside: readonly RejectedEntry[];
  readonly leftovers: readonly Leftover[];
  readonly lastSequence: number;
  /** True when a mark shows the last sequence; false when only the name of an entry does. */
  readonly isMarked: boolean;
}

/**
 * Errors of the disk come as they are, and mean that nothing is certain: what was to be written is to be written anew,
 * what was to be read may be there.
 */
export interface EntryStore {
  /** Keeps an entry. When it resolves, nothing that ends this process makes it vanish. @throws a system error */
  put(sequence: number, prepared: Prepared): Promise<void>;
  /** Puts another entry in an entry's place, wholly or not at all. @throws a system error */
  replace(sequence: number, entry: Entry): Promise<void>;
  /**
   * @throws {OperationalError} FRAME: it is gone or damaged, for good. STATE: it cannot be read now
   */
  get(sequence: number, kind: EntryHeader['type']): Promise<Entry>;
  /**
   * Removes an entry; one that is not there is fine.
   * @param mark in the same step, what `mark` does, for this sequence
   * @throws a system error
   */
  remove(sequence: number, kind: EntryHeader['type'], mark: number | undefined): Promise<void>;
  /** Makes a restart go on after this sequence, the newest that was given. @throws a system error */
  mark(sequence: number): Promise<void>;
  /**
   * Keeps an entry aside too, with the reason; `remove` then takes it away from here.
   * @returns false when there is no place for it @throws a system error
   */
  setAside(entry: StoredEntry, why: string, isDamaged: boolean): Promise<boolean>;
  /** @throws a system error */
  removeAside(entry: StoredEntry, isDamaged: boolean): Promise<void>;
  /** Leaves nothing behind but entries. */
  close(): Promise<void>;
}
