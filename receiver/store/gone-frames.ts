/**
 * Which entries of a folder are gone on purpose: a frame that was deleted does not come back when its agent sends it
 * again. One whose line is in the record is known by its name, one whose line was taken out of it by its epoch and
 * sequence.
 */
import { randomInt } from 'node:crypto';
import { HashTable, hashOf } from './hash-table.js';
import { NumberSet } from './intervals.js';
import type { FrameId } from './record-line.js';
import type { GoneNote } from './store-note.js';

interface Epoch {
  readonly sequences: NumberSet;
  /** The last capture. An agent whose state is an old copy uses its sequences a second time, for later frames. */
  toMs: number;
}

export class GoneFrames {
  readonly #seed = randomInt(2 ** 32 - 1);
  readonly #names = new HashTable();
  readonly #epochs = new Map<string, Epoch>();

  /** Names in memory. */
  get size(): number {
    return this.#names.size;
  }

  add(note: GoneNote): void {
    if (note.kind === 'deleted') {
      for (const name of note.names) {
        const hash = hashOf(name, this.#seed);
        this.#names.set(hash, hash.check);
      }
    } else if (note.kind === 'late') {
      this.#add(note.epoch, note.sequence, note.sequence, note.capturedAtMs);
    } else {
      for (const { epoch, ranges } of note.entries) {
        for (const [first, last] of ranges) this.#add(epoch, first, last, note.toMs);
      }
    }
  }

  /** Whether the file with this name was deleted. */
  hasName(name: string): boolean {
    const hash = hashOf(name, this.#seed);
    return this.#names.get(hash) === hash.check;
  }

  /** Whether the line of an entry was taken out of the record. @param atMs its last moment */
  hasEntry({ epoch, sequence }: FrameId, atMs: number): boolean {
    const known = this.#epochs.get(epoch);
    return known !== undefined && atMs <= known.toMs && known.sequences.has(sequence);
  }

  #add(id: string, first: number, last: number, toMs: number): void {
    let epoch = this.#epochs.get(id);
    if (epoch === undefined) {
      epoch = { sequences: new NumberSet(), toMs };
      this.#epochs.set(id, epoch);
    }
    epoch.sequences.add(first, last);
    epoch.toMs = Math.max(epoch.toMs, toMs);
  }
}
