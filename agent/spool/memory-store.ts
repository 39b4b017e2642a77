/** A spool's entries in memory: they spare the disk, and are gone with the process. */
import { randomBytes } from 'node:crypto';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Entry, EntryHeader } from './entry.js';
import type { Prepared, EntryStore, SpoolLife } from './entry-store.js';

export class MemoryStore implements EntryStore {
  readonly #entries = new Map<number, Entry>();

  static newLife(): SpoolLife {
    const epoch = randomBytes(16).toString('hex');
    return { epoch, entries: [], aside: [], leftovers: [], lastSequence: 0, isMarked: true };
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
    return Promise.reject(new OperationalError('FRAME', `${kind} ${sequence} is gone`));
  }

  remove(sequence: number): Promise<void> {
    this.#entries.delete(sequence);
    return Promise.resolve();
  }

  /** The epoch ends with the process: no later one goes on with its sequences. */
  mark(): Promise<void> {
    return Promise.resolve();
  }

  /** There is no disk to keep it on. */
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
