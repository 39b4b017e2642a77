/** Index of a spool's entries and their size; it chooses the victims of the limits. Pure. */
import type { RejectedEntry, StoredEntry } from './entry-store.js';

/** Entries that a limit drops, by sequence. */
export interface Victims {
  readonly waiting: readonly StoredEntry[];
  readonly aside: readonly RejectedEntry[];
}

/** Eviction goes down to this share of the limit, so that not every new frame writes a gap entry. */
const targetShare = 0.95;

export class SpoolIndex {
  /** By sequence, ascending. */
  readonly waiting = new Map<number, StoredEntry>();
  /** Entries that are set aside, by sequence. */
  readonly #aside = new Map<number, RejectedEntry>();
  /** Sequences that no limit drops. */
  readonly inFlight = new Set<number>();
  #bytes = 0;
  #reportCount = 0;

  add(entry: StoredEntry): void {
    this.waiting.set(entry.sequence, entry);
    this.#bytes += entry.byteCount;
    if (entry.kind === 'report') this.#reportCount += 1;
  }

  /** For an entry that waits already; it has no effect on another, and none without a callback. */
  setOnAcknowledged(sequence: number | undefined, onAcknowledged: (() => void) | undefined): void {
    const entry = sequence === undefined ? undefined : this.waiting.get(sequence);
    if (entry !== undefined && onAcknowledged !== undefined)
      this.waiting.set(entry.sequence, { ...entry, onAcknowledged });
  }

  addAside(entry: RejectedEntry): void {
    this.#aside.set(entry.sequence, entry);
    this.#bytes += entry.byteCount;
  }

  /** @returns the removed entry; undefined: it did not wait */
  remove(sequence: number): StoredEntry | undefined {
    const entry = this.waiting.get(sequence);
    this.inFlight.delete(sequence);
    this.waiting.delete(sequence);
    this.#bytes -= entry?.byteCount ?? 0;
    if (entry?.kind === 'report') this.#reportCount -= 1;
    return entry;
  }

  get reportCount(): number {
    return this.#reportCount;
  }

  /** Capture time of the oldest frame or gap entry that waits; undefined: none does. */
  get oldestMs(): number | undefined {
    for (const { kind, atMs } of this.waiting.values()) if (kind !== 'report') return atMs;
    return undefined;
  }

  get frameCount(): number {
    return [...this.waiting.values()].filter(({ kind }) => kind === 'frame').length;
  }

  hasRoom(neededBytes: number, maxBytes: number): boolean {
    return this.#bytes + neededBytes <= maxBytes;
  }

  /** Removes the oldest frames until `neededBytes` more fit. */
  evictForSize(neededBytes: number, maxBytes: number): Victims {
    let excessBytes = this.#bytes + neededBytes - maxBytes * targetShare;
    const isVictim = ({ byteCount }: StoredEntry): boolean => {
      const isNeeded = excessBytes > 0;
      excessBytes -= byteCount;
      return isNeeded;
    };
    const all = [...this.#evictable(), ...this.#asideFrames()];
    return this.#evict(all.sort((a, b) => a.sequence - b.sequence).filter(isVictim));
  }

  /** Removes the frames that were captured before a time. */
  evictOlder(beforeMs: number): Victims {
    const isVictim = ({ atMs }: StoredEntry): boolean => atMs < beforeMs;
    const waiting: StoredEntry[] = [];
    for (const entry of this.#evictable()) {
      if (!isVictim(entry)) break;
      waiting.push(entry);
    }
    return this.#evict([...waiting, ...this.#asideFrames().filter(isVictim)]);
  }

  *#evictable(): Generator<StoredEntry> {
    for (const entry of this.waiting.values()) {
      if (entry.kind === 'frame' && !this.inFlight.has(entry.sequence)) yield entry;
    }
  }

  /** Excludes gap entries that an earlier version set aside: their frames are counted nowhere else. */
  #asideFrames(): RejectedEntry[] {
    return [...this.#aside.values()].filter(({ kind }) => kind === 'frame');
  }

  #evict(victims: readonly (StoredEntry | RejectedEntry)[]): Victims {
    const waiting: StoredEntry[] = [];
    const aside: RejectedEntry[] = [];
    for (const victim of victims) {
      if ('isDamaged' in victim) {
        this.#aside.delete(victim.sequence);
        this.#bytes -= victim.byteCount;
        aside.push(victim);
      } else {
        this.remove(victim.sequence);
        waiting.push(victim);
      }
    }
    return { waiting, aside };
  }
}
