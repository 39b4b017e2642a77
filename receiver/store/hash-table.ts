/**
 * A compact map from texts to numbers: the table keeps a hash of each text, not the text. The hash is seeded, so
 * that a peer without the seed cannot construct collisions. Pure.
 */

/** Two independent halves of a hash, 32 bits each. */
export interface Hash {
  /** Key in the table; never 0. */
  readonly tag: number;
  /** May be stored as the value, to detect collisions of the tag. */
  readonly check: number;
}

/** cyrb53, its two halves apart: each character enters two products, which are mixed at the end. */
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

/** 53 bits of a hash, in one number: for a million texts a collision has a chance of one in ten thousand. */
export function wideHashOf(text: string, seed: number): number {
  const { tag, check } = hashOf(text, seed);
  return tag * 2 ** 21 + (check >>> 11);
}

const initialSlots = 64;

/** Open addressing with linear probing, 8 bytes a slot, at most three quarters full. Entries are never removed. */
export class HashTable {
  /** Two numbers a slot: the tag, 0 for a free slot, and the value. */
  #slots = new Uint32Array(2 * initialSlots);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get({ tag }: Hash): number | undefined {
    const at = find(this.#slots, tag);
    return this.#slots[at] === 0 ? undefined : this.#slots[at + 1];
  }

  /** @param value up to 32 bits */
  set({ tag }: Hash, value: number): void {
    let at = find(this.#slots, tag);
    if (this.#slots[at] === 0) {
      if (8 * (this.#size + 1) > 3 * this.#slots.length) {
        this.#grow();
        at = find(this.#slots, tag);
      }
      this.#size += 1;
    }
    this.#slots[at] = tag;
    this.#slots[at + 1] = value;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(2 * old.length);
    for (let from = 0; from < old.length; from += 2) {
      const tag = old[from] ?? 0;
      if (tag === 0) continue;
      const at = find(this.#slots, tag);
      this.#slots[at] = tag;
      this.#slots[at + 1] = old[from + 1] ?? 0;
    }
  }
}

/** Index of a tag's slot, or of the free slot for it. */
function find(slots: Uint32Array, tag: number): number {
  const last = slots.length - 2;
  for (let at = (2 * tag) & last; ; at = (at + 2) & last) {
    const found = slots[at];
    if (found === tag || found === 0) return at;
  }
}
