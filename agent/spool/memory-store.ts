/** Stores a spool's entries in memory: no wear of the disk; entries are lost when the process ends. */
import { randomBytes } from 'node:crypto';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Entry, EntryHeader } from './entry.js';
import type { Prepared, EntryStore, SpoolLife } from './entry-store.js';

export class MemoryStore implements EntryStore {
  readonly #entries = new Map<number, Entry>();

  static newLife(): SpoolLife {
    const epoch = randomBytes(16).toString('hex');
    return { epoch, entries: [], aside: [], leftovers: [], lastSequence: 0, hasTombstone: true };
  }

  put(sequence: number, { entry }: Prepared): Promise<void> {
    return this.replace(sequence, entry);
  }

  replace(sequence: number, entry: Entry): Promise<void> {
    this.#entries.set(sequence, entry);
    return Promise.resolve();
  }

  get(sequence: number, kind: EntryHeader['type']): Promise<Entry> {
    const entry = this.#entries.get(sequence);
    if (entry !== undefined) return Promise.resolve(entry);
    return Promise.reject(new OperationalError('FRAME', `the spool has no ${kind} ${sequence}`));
  }

  remove(sequence: number): Promise<void> {
    this.#entries.delete(sequence);
    return Promise.resolve();
  }

  /** Not needed: the epoch ends with the process, and no later process continues its sequences. */
  writeTombstone(): Promise<void> {
    return Promise.resolve();
  }

  /** Not supported: there is no disk. */
  setAside(): Promise<boolean> {
    return Promise.resolve(false);
  }

  removeAside(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
