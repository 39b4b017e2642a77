/**
 * What the record of a copy's target says that it has, or had: entries by their epoch and sequence. An entry that is gone
 * there on purpose does not come back. Pure.
 */
import { getOrInsertComputed } from '../../../shared/get-or-insert.js';
import { type Erasure, isErased } from '../../store/erasures.js';
import { GoneFrames } from '../../store/gone-frames.js';
import { NumberSet, without } from '../../store/intervals.js';
import { type SummaryNote, noteLine } from '../../store/store-note.js';
import { type RecordEntry, type RecordLine, isEntry } from '../record-entry.js';

export class HeldEntries {
  readonly #gone = new GoneFrames();
  readonly #numbers = new Map<string, NumberSet>();
  readonly #counted: (RecordEntry | SummaryNote)[] = [];
  readonly #erasures: readonly Erasure[];

  /** @param lines of the target's record @param erasures of the camera in the target */
  constructor(lines: readonly RecordLine[], erasures: readonly Erasure[]) {
    this.#erasures = erasures;
    for (const line of lines) {
      if (line.kind === 'summary' || line.kind === 'late') this.#gone.add(line);
      if (line.kind === 'late') this.#add(line.epoch, line.sequence);
      if (line.kind === 'summary') {
        this.#counted.push(line);
        for (const { epoch, ranges } of line.entries) {
          for (const [first, last] of ranges) this.#add(epoch, first, last);
        }
      }
      if (!isEntry(line)) continue;
      this.#counted.push(line);
      const { epoch, sequence } = line;
      if (epoch === undefined || sequence === undefined) continue;
      this.#add(epoch, sequence);
      if (line.kind !== 'gap') continue;
      for (const [first, last] of line.sequences ?? []) this.#add(epoch, first, last);
    }
  }

  /** Whether the target has taken it out of its record. */
  isGone(entry: RecordEntry): boolean {
    const { epoch, sequence } = entry;
    if (epoch === undefined || sequence === undefined) return false;
    const atMs = entry.kind === 'frame' ? entry.capturedAtMs : entry.toMs;
    return this.#gone.hasEntry({ epoch, sequence }, atMs);
  }

  /** Whether it is of a stretch that the target does not take. */
  isErased(entry: RecordEntry): boolean {
    return entry.kind === 'frame' && isErased(this.#erasures, entry);
  }

  /**
   * @param text its line, without its line end
   * @returns the line of a summary, without what the target has; undefined: it has all of it
   */
  restOf(summary: SummaryNote, text: string): string | undefined {
    const rest = summary.entries.map(({ epoch, ranges }) => ({
      epoch,
      ranges: this.#withoutHeld(epoch, ranges),
    }));
    const numbersIn = (entries: SummaryNote['entries']): number =>
      entries.reduce(
        (sum, { ranges }) => ranges.reduce((all, [first, last]) => all + last - first + 1, sum),
        0,
      );
    const left = numbersIn(rest);
    if (left === numbersIn(summary.entries)) return `${text}\n`;
    if (left === 0) return undefined;
    const entries = rest.filter(({ ranges }) => ranges.length > 0);
    return noteLine({ ...summary, ...this.#countsWithoutHeld(summary), entries });
  }

  #withoutHeld(epoch: string, ranges: readonly (readonly [number, number])[]) {
    const own = ranges.map(([first, last]) => ({ start: first, end: last + 1 }));
    const held = this.#numbers.get(epoch)?.ranges() ?? [];
    return without(own, held).map(({ start, end }) => [start, end - 1] as const);
  }

  /** Entries without a number are counted in the summary alone. */
  #countsWithoutHeld(summary: SummaryNote) {
    const counts = { frames: 0, byteCount: 0, gaps: 0, reports: 0 };
    for (const each of this.#counted) {
      if (!isPartOf(each, summary)) continue;
      if (each.kind === 'summary') {
        for (const key of ['frames', 'byteCount', 'gaps', 'reports'] as const) {
          counts[key] += each[key];
        }
      } else if (each.kind === 'frame') {
        counts.frames += 1;
        counts.byteCount += each.byteCount;
      } else counts[each.kind === 'gap' ? 'gaps' : 'reports'] += 1;
    }
    const less = (key: keyof typeof counts): number => Math.max(0, summary[key] - counts[key]);
    return {
      ...{ frames: less('frames'), byteCount: less('byteCount') },
      ...{ gaps: less('gaps'), reports: less('reports') },
    };
  }

  #add(epoch: string, first: number, last = first): void {
    getOrInsertComputed(this.#numbers, epoch, () => new NumberSet()).add(first, last);
  }
}

function isPartOf(held: RecordEntry | SummaryNote, { entries }: SummaryNote): boolean {
  const isOf = (id: string, first: number, last: number): boolean =>
    entries.some(
      ({ epoch, ranges }) =>
        epoch === id && ranges.some(([from, to]) => from <= last && first <= to),
    );
  if (held.kind === 'summary') {
    return held.entries.some(({ epoch, ranges }) =>
      ranges.some(([first, last]) => isOf(epoch, first, last)),
    );
  }
  const { epoch, sequence } = held;
  return epoch !== undefined && sequence !== undefined && isOf(epoch, sequence, sequence);
}
