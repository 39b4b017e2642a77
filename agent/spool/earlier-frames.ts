/** The waiting frames of an earlier process: after a kill the next process may add the same frame again. */
import type { Entry } from './entry.js';
import type { StoredEntry } from './entry-store.js';

export class EarlierFrames {
  /** Sequences by capture time. */
  readonly #sequences = new Map<number, readonly number[]>();
  /** Of the frame that was added last. */
  #newest: { readonly sequence: number; readonly atMs: number } | undefined;

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
      if (sequence > (this.#newest?.sequence ?? 0)) this.#newest = { sequence, atMs };
    }
  }

  /** Capture time of the frame that was added last, if it has these bytes and still waits. */
  async newestOf(sha256: string): Promise<number | undefined> {
    if (this.#newest === undefined) return undefined;
    const { sequence, atMs } = this.#newest;
    const header = (await this.#read(sequence))?.header;
    return header?.type === 'frame' && header.sha256 === sha256 ? atMs : undefined;
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
