/**
 * Numbers of entries that a receiver has and an export leaves out, between those of the export: a clock that was set,
 * or frames without a clock, put them outside of its stretch of time. Pure.
 */
import { NumberSet } from '../../store/intervals.js';
import type { RecordEntry } from '../record-entry.js';

interface Epoch {
  readonly others: NumberSet;
  first: number;
  last: number;
}

export class NumbersElsewhere {
  readonly #epochs = new Map<string, Epoch>();

  /** @param isExported whether its line is in the export */
  add({ epoch: id, sequence }: RecordEntry, isExported: boolean): void {
    if (id === undefined || sequence === undefined) return;
    const epoch = this.#epochs.get(id) ?? {
      others: new NumberSet(),
      first: Infinity,
      last: -Infinity,
    };
    this.#epochs.set(id, epoch);
    if (!isExported) epoch.others.add(sequence);
    else
      [epoch.first, epoch.last] = [Math.min(epoch.first, sequence), Math.max(epoch.last, sequence)];
  }

  /** By epoch: ranges, both ends included. */
  within(): [epoch: string, ranges: [first: number, last: number][]][] {
    return [...this.#epochs].flatMap(([id, { others, first, last }]) => {
      const ranges = others
        .ranges()
        .map(({ start, end }): [number, number] => [
          Math.max(start, first),
          Math.min(end - 1, last),
        ])
        .filter(([from, to]) => from <= to);
      return ranges.length === 0 ? [] : [[id, ranges]];
    });
  }
}
