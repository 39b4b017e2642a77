/**
 * An index of a record in bounded memory, of its newest frames, gaps and reports: which frame has which name. Older frames
 * are recognized by their files alone.
 *
 * A frame's name follows from its header, except for the number that distinguishes equal names. So the index keeps
 * the owner of each name, and the number of each frame that has one.
 */
import { randomInt } from 'node:crypto';
import { nameNumber, numberedName } from '../../shared/protocol/frame-path.js';
import { maxRecordEntries } from '../limits/receiver-limits.js';
import { type Hash, HashTable, hashOf } from './hash-table.js';
import { GoneFrames } from './gone-frames.js';
import type { FrameId, Recorded } from './record-line.js';

class Generation {
  /** By name: the check of its frame's hash. */
  readonly owners = new HashTable();
  /** By frame: its number, if it has one. */
  readonly numbers = new HashTable();
  /** Gaps and reports. */
  readonly lines = new HashTable();

  get size(): number {
    return this.owners.size + this.numbers.size + this.lines.size;
  }
}

export class RecordIndex {
  readonly #seed = randomInt(2 ** 32 - 1);
  readonly #maxEntries: number;
  #newer = new Generation();
  /** Discarded as a whole when the newer one is full. */
  #older = new Generation();
  /** Never discarded: a frame that is gone has no file that it is recognized by. */
  readonly #gone = new GoneFrames();

  constructor(maxEntries = maxRecordEntries) {
    this.#maxEntries = maxEntries;
  }

  /** Entries for frames, gaps and reports in memory. */
  get size(): number {
    return this.#newer.size + this.#older.size + this.#gone.size;
  }

  add(recorded: Recorded): void {
    if (recorded.kind === 'gone') {
      this.#gone.add(recorded.note);
      return;
    }
    if (this.#newer.size >= this.#maxEntries / 2) {
      this.#older = this.#newer;
      this.#newer = new Generation();
    }
    const hash = hashOf(recorded.key, this.#seed);
    if (recorded.kind === 'line') {
      this.#newer.lines.set(hash, hash.check);
      return;
    }
    const { name } = recorded;
    this.#newer.owners.set(hashOf(name, this.#seed), hash.check);
    const number = nameNumber(name);
    // Also for a frame with the plain name that had a number before.
    if (number > 1 || this.#numberOf(hash) > 1) this.#newer.numbers.set(hash, number);
  }

  hasLine(key: string): boolean {
    const hash = hashOf(key, this.#seed);
    return [this.#newer, this.#older].some(({ lines }) => lines.get(hash) === hash.check);
  }

  /** Which frame has a name: this one or another; undefined for a name that is not recorded. */
  ownerOf(name: string, key: string): 'this' | 'another' | undefined {
    const hash = hashOf(name, this.#seed);
    const owner = this.#newer.owners.get(hash) ?? this.#older.owners.get(hash);
    if (owner === undefined) return undefined;
    return owner === hashOf(key, this.#seed).check ? 'this' : 'another';
  }

  /** The name that a frame is recorded under. @param stem of its names */
  nameOf(key: string, stem: string): string | undefined {
    const hash = hashOf(key, this.#seed);
    const name = numberedName(stem, this.#numberOf(hash));
    return this.ownerOf(name, key) === 'this' ? name : undefined;
  }

  /** Whether the file with this name was deleted on purpose. */
  isDeleted(name: string): boolean {
    return this.#gone.hasName(name);
  }

  /** Whether the line of an entry was taken out of the record. @param atMs its last moment */
  isSummarized(id: FrameId, atMs: number): boolean {
    return this.#gone.hasEntry(id, atMs);
  }

  #numberOf(hash: Hash): number {
    return this.#newer.numbers.get(hash) ?? this.#older.numbers.get(hash) ?? 1;
  }
}
