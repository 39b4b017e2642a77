/** The waiting frames of an earlier process: after a kill the next process may add the same frame again. */
import type { Entry } from './entry.js';
import type { StoredEntry } from './entry-store.js';

export class EarlierFrames {
  /** Sequences by capture time. */
  readonly #sequences = new Map<number, readonly number[]>();

  readonly #read: (sequence: number) => Promise<Entry | undefined>;

  /** @param read resolves with undefined: the entry does not wait any more, or cannot be read now */
  constructor(
    entries: readonly StoredEntry[],
    read: (sequence: number) => Promise<Entry | undefined>,
  ) {
    this.#read = read;
    for (const { atMs, sequence, kind } of entries) {
      if (kind !== 'frame') continue;
      this.#sequences.set(atMs, [...(this.#sequences.get(atMs) ?? []), sequence]);
    }
  }

  /** @returns the sequence of this frame; undefined: it is none of them */
  async find(capturedAtMs: number, sha256: string): Promise<number | undefined> {
    for (const sequence of this.#sequences.get(capturedAtMs) ?? []) {
      const header = (await this.#read(sequence))?.header;
      if (header?.type !== 'frame') continue;
      if (header.capturedAtMs === capturedAtMs && header.sha256 === sha256) return sequence;
    }
    return undefined;
  }
}
