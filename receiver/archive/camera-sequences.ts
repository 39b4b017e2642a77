/**
 * Which numbers of a camera's epochs no entry has. Each number up to the newest is that of a frame, a gap or a report, or
 * a gap names it: a missing one is an entry that did not arrive, or was removed from the record. Pure.
 */
import { getOrInsertComputed } from '../../shared/get-or-insert.js';
import { NumberSet, holesOf } from '../store/intervals.js';
import type { StoreNote } from '../store/store-note.js';
import type { RecordEntry } from './record-entry.js';

/** Ranges that are listed; all are counted. */
const maxRanges = 100;

export interface MissingNumbers {
  readonly count: number;
  readonly ranges: readonly {
    readonly epoch: string;
    readonly first: number;
    readonly last: number;
  }[];
}

class Epoch {
  readonly known = new NumberSet();
  /** Those of entries of the day. */
  readonly inDay = new NumberSet();
  /** The last number, as the epoch after it states, when an entry of the day does. */
  statedLast = -1;
  /** An earlier epoch is stated. */
  hasBefore = false;
}

export class CameraSequences {
  readonly #epochs = new Map<string, Epoch>();

  /** Entries that are gone on purpose are not missing. */
  addNote(note: StoreNote): void {
    if (note.kind === 'late') this.#of(note.epoch).known.add(note.sequence);
    if (note.kind !== 'summary') return;
    for (const { epoch, ranges } of note.entries) {
      for (const [first, last] of ranges) this.#of(epoch).known.add(first, last);
    }
  }

  /** @param isInDay whether the entry belongs to the day of the report */
  add(entry: RecordEntry, isInDay: boolean): void {
    const { epoch: id, sequence } = entry;
    if (id === undefined || sequence === undefined) return;
    const epoch = this.#of(id);
    epoch.known.add(sequence);
    if (isInDay) epoch.inDay.add(sequence);
    if (entry.kind === 'gap') {
      for (const [first, last] of entry.sequences ?? []) epoch.known.add(first, last);
    }
    if (entry.kind !== 'report' || entry.before === undefined) return;
    epoch.hasBefore = true;
    const before = this.#of(entry.before.epoch);
    if (isInDay) before.statedLast = Math.max(before.statedLast, entry.before.sequence);
  }

  /** Whether the first number of an epoch is known, and no earlier epoch. */
  beginsWith(id: string): boolean {
    const epoch = this.#epochs.get(id);
    const first = epoch?.known.ranges()[0]?.start;
    return epoch?.hasBefore === false && first !== undefined && first <= 1;
  }

  /** A hole belongs to the day of the next number after it. */
  missing(): MissingNumbers {
    let count = 0;
    const ranges: { epoch: string; first: number; last: number }[] = [];
    const add = (epoch: string, start: number, end: number): void => {
      count += end - start;
      if (ranges.length < maxRanges) ranges.push({ epoch, first: start, last: end - 1 });
    };
    for (const [id, { known, inDay, statedLast }] of this.#epochs) {
      const all = known.ranges();
      const [first, last] = [all[0], all.at(-1)];
      if (first === undefined || last === undefined) continue;
      for (const { start, end } of holesOf(all, { start: first.start, end: last.end })) {
        if (inDay.has(end)) add(id, start, end);
      }
      if (statedLast >= last.end) add(id, last.end, statedLast + 1);
    }
    return { count, ranges };
  }

  #of(id: string): Epoch {
    return getOrInsertComputed(this.#epochs, id, () => new Epoch());
  }
}
