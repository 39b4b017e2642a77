/** What lies in a spool, how much it is, and what the limits take of it. Pure. */
import type { RejectedEntry, StoredEntry } from './entry-store.js';

/** What a limit takes, by sequence. */
export interface Victims {
  readonly waiting: readonly StoredEntry[];
  readonly aside: readonly RejectedEntry[];
}

/** Room is made for more than one frame, or each new frame would cost a note of its own. */
const roomShare = 0.95;

export class Stock {
  /** By sequence, in its order. */
  readonly waiting = new Map<number, StoredEntry>();
  /** What is not sent any more and is kept, by sequence. */
  readonly #aside = new Map<number, RejectedEntry>();
  /** No limit takes them. */
  readonly inFlight = new Set<number>();
  #bytes = 0;

  add(entry: StoredEntry): void {
    this.waiting.set(entry.sequence, entry);
    this.#bytes += entry.byteCount;
  }

  addAside(entry: RejectedEntry): void {
    this.#aside.set(entry.sequence, entry);
    this.#bytes += entry.byteCount;
  }

  /** @returns the entry that waited */
  remove(sequence: number): StoredEntry | undefined {
    const entry = this.waiting.get(sequence);
    this.inFlight.delete(sequence);
    this.waiting.delete(sequence);
    this.#bytes -= entry?.byteCount ?? 0;
    return entry;
  }

  get frameCount(): number {
    return [...this.waiting.values()].filter(({ kind }) => kind === 'frame').length;
  }

  hasRoom(neededBytes: number, maxBytes: number): boolean {
    return this.#bytes + neededBytes <= maxBytes;
  }

  /** Takes out, oldest first, what there is no room for beside so much. */
  takeOversize(neededBytes: number, maxBytes: number): Victims {
    let missing = this.#bytes + neededBytes - maxBytes * roomShare;
    const isDue = ({ byteCount }: StoredEntry): boolean => {
      const isVictim = missing > 0;
      missing -= byteCount;
      return isVictim;
    };
    const all = [...this.#free(), ...this.#asideFrames()];
    return this.#take(all.sort((a, b) => a.sequence - b.sequence).filter(isDue));
  }

  /** Takes out what was captured before a time. */
  takeOlder(beforeMs: number): Victims {
    const isDue = ({ atMs }: StoredEntry): boolean => atMs < beforeMs;
    const waiting: StoredEntry[] = [];
    for (const entry of this.#free()) {
      if (!isDue(entry)) break;
      waiting.push(entry);
    }
    return this.#take([...waiting, ...this.#asideFrames().filter(isDue)]);
  }

  *#free(): Generator<StoredEntry> {
    for (const entry of this.waiting.values()) {
      if (entry.kind === 'frame' && !this.inFlight.has(entry.sequence)) yield entry;
    }
  }

  /** A note that was set aside by an earlier version stands for frames that are counted nowhere else. */
  #asideFrames(): RejectedEntry[] {
    return [...this.#aside.values()].filter(({ kind }) => kind === 'frame');
  }

  #take(victims: readonly (StoredEntry | RejectedEntry)[]): Victims {
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
