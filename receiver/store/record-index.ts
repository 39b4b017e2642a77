/**
 * What a record says about who is stored under which name, in bounded memory: the newest frames and holes. Of
 * what is older, files alone speak.
 *
 * A frame's name follows from its header, up to the number that tells equal names apart. So it is enough to know
 * whose each name is, and the number of those that have one.
 */
import { randomInt } from 'node:crypto';
import { nameNumber, numberedName } from '../../shared/protocol/frame-path.js';
import { maxRecordEntries } from '../limits/receiver-limits.js';
import { type Hash, HashTable, hashOf } from './hash-table.js';
import type { Recorded } from './record-line.js';

class Generation {
  /** By name: whose it is. */
  readonly owners = new HashTable();
  /** By frame: its number, where it has one. */
  readonly numbers = new HashTable();
  readonly holes = new HashTable();

  get size(): number {
    return this.owners.size + this.numbers.size + this.holes.size;
  }
}

export class RecordIndex {
  readonly #seed = randomInt(2 ** 32 - 1);
  readonly #maxEntries: number;
  #newer = new Generation();
  /** Forgotten as a whole when the newer one is full. */
  #older = new Generation();

  constructor(maxEntries = maxRecordEntries) {
    this.#maxEntries = maxEntries;
  }

  /** Frames and holes in memory. */
  get size(): number {
    return this.#newer.size + this.#older.size;
  }

  add(recorded: Recorded): void {
    if (this.#newer.size >= this.#maxEntries / 2) {
      this.#older = this.#newer;
      this.#newer = new Generation();
    }
    const hash = hashOf(recorded.key, this.#seed);
    if (recorded.kind === 'hole') {
      this.#newer.holes.set(hash, hash.check);
      return;
    }
    const { name } = recorded;
    this.#newer.owners.set(hashOf(name, this.#seed), hash.check);
    const number = nameNumber(name);
    // Also where it has the plain name now and had another before.
    if (number > 1 || this.#numberOf(hash) > 1) this.#newer.numbers.set(hash, number);
  }

  hasGap(key: string): boolean {
    const hash = hashOf(key, this.#seed);
    return [this.#newer, this.#older].some(({ holes }) => holes.get(hash) === hash.check);
  }

  /** Whose a name is: this frame's, another's, or undefined for a name that is not recorded. */
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

  #numberOf(hash: Hash): number {
    return this.#newer.numbers.get(hash) ?? this.#older.numbers.get(hash) ?? 1;
  }
}
