/** The waiting frames of an earlier process: after a kill the next process may add the same frame again. */
import type { Entry } from './entry.js';
import type { StoredEntry } from './entry-store.js';

export class EarlierFrames {
  /** Sequences by capture time. */
  readonly #sequences = new Map<number, readonly number[]>();

  constructor(entries: readonly StoredEntry[]) {
    for (const { atMs, sequence, kind } of entries) {
      if (kind !== 'frame') continue;
      this.#sequences.set(atMs, [...(this.#sequences.get(atMs) ?? []), sequence]);
    }
  }

  /** Whether one of them is this frame. @param read returns undefined: the entry does not wait, or cannot be read now */
  async has(
    capturedAtMs: number,
    sha256: string,
    read: (sequence: number) => Promise<Entry | undefined>,
  ): Promise<boolean> {
    for (const sequence of this.#sequences.get(capturedAtMs) ?? []) {
      const header = (await read(sequence))?.header;
      if (header?.type !== 'frame') continue;
      if (header.capturedAtMs === capturedAtMs && header.sha256 === sha256) return true;
    }
    return false;
  }
}
