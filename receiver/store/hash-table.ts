/**
 * What is known of many texts in little memory: each is known by a hash, and has a number. The hash has a seed,
 * so that nobody who does not know it can make texts that are taken for one another. Pure.
 */

/** Two independent halves of a hash, 32 bits each. */
export interface Hash {
  /** Where a text is found; never 0. */
  readonly tag: number;
  /** What can be kept to make sure. */
  readonly check: number;
}

/** cyrb53's two halves: each character goes into two products, which are mixed at the end. */
export function hashOf(text: string, seed: number): Hash {
  let one = 0xdeadbeef ^ seed;
  let two = 0x41c6ce57 ^ seed;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    one = Math.imul(one ^ code, 2654435761);
    two = Math.imul(two ^ code, 1597334677);
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(two ^ (two >>> 13), 3266489909);
  two = Math.imul(two ^ (two >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
  return { tag: one >>> 0 || 1, check: two >>> 0 };
}

const firstPlaces = 64;

/** Open addressing with linear probing, 8 bytes a place, at most three quarters full. No entry is removed. */
export class HashTable {
  /** Of each place a tag, 0 when it is free, and its number. */
  #places = new Uint32Array(2 * firstPlaces);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get({ tag }: Hash): number | undefined {
    const at = find(this.#places, tag);
    return this.#places[at] === 0 ? undefined : this.#places[at + 1];
  }

  /** @param value up to 32 bits */
  set({ tag }: Hash, value: number): void {
    let at = find(this.#places, tag);
    if (this.#places[at] === 0) {
      if (8 * (this.#size + 1) > 3 * this.#places.length) {
        this.#grow();
        at = find(this.#places, tag);
      }
      this.#size += 1;
    }
    this.#places[at] = tag;
    this.#places[at + 1] = value;
  }

  #grow(): void {
    const old = this.#places;
    this.#places = new Uint32Array(2 * old.length);
    for (let from = 0; from < old.length; from += 2) {
      const tag = old[from] ?? 0;
      if (tag === 0) continue;
      const at = find(this.#places, tag);
      this.#places[at] = tag;
      this.#places[at + 1] = old[from + 1] ?? 0;
    }
  }
}

/** Where a tag is, or the free place where it belongs. */
function find(places: Uint32Array, tag: number): number {
  const last = places.length - 2;
  for (let at = (2 * tag) & last; ; at = (at + 2) & last) {
    const found = places[at];
    if (found === tag || found === 0) return at;
  }
}
