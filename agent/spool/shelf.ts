/** The port behind a spool: where entries lie by their sequence. What may lie there is the spool's business. */
import type { Entry, EntryHeader } from './entry.js';

/** An entry on its way to several shelves: written once, where there is a disk for it. */
export interface Prepared {
  readonly entry: Entry;
  /** A finished, flushed file that holds it; undefined: each shelf writes its own. */
  readonly path: string | undefined;
}

/** What was found on a shelf, or put there. */
export interface ShelvedEntry {
  readonly sequence: number;
  readonly kind: EntryHeader['type'];
  readonly byteCount: number;
  /** When the frame was captured; for any other kind, some time near it. */
  readonly atMs: number;
}

export interface Shelf {
  /** Keeps an entry. When it resolves, nothing that ends this process makes it vanish. @throws a system error */
  put(sequence: number, prepared: Prepared): Promise<void>;
  /** Puts another entry in an entry's place, wholly or not at all. @throws a system error */
  replace(sequence: number, entry: Entry): Promise<void>;
  /** @throws {OperationalError} FRAME: it is gone or damaged */
  get(sequence: number, kind: EntryHeader['type']): Promise<Entry>;
  /** @param isNewest its sequence has to be remembered, or a restart would give it again */
  remove(sequence: number, kind: EntryHeader['type'], isNewest: boolean): Promise<void>;
  /** Takes an entry away and keeps it, where there is a disk for it, with the reason. @throws a system error */
  setAside(sequence: number, kind: EntryHeader['type'], why: string): Promise<void>;
}
