/** What is taken out of a record, and the notes that stand for it. Pure. */
import { getOrInsertComputed } from '../../shared/get-or-insert.js';
import { NumberSet } from '../store/intervals.js';
import {
  type DeletedNote,
  type StoreNote,
  type SummaryNote,
  maxSummaryRanges,
} from '../store/store-note.js';
import { type RecordEntry, type RecordLine, isEntry } from './record-entry.js';

interface Sum {
  fromMs: number;
  toMs: number;
  frames: number;
  byteCount: number;
  gaps: number;
  reports: number;
  readonly epochs: Map<string, NumberSet>;
}

export class RemovedEntries {
  readonly #why: string;
  /** By reason: what the entries are gone for. */
  readonly #sums = new Map<string, Sum>();
  readonly #deleted: DeletedNote[] = [];
  /** Size of each frame's file, by its name. */
  readonly #bytes = new Map<string, number>();
  readonly #seen = new Set<string>();
  #count = 0;

  /** @param why of the entries that `take` finds */
  constructor(why: string) {
    this.#why = why;
  }

  /** Entries; not the notes. */
  get count(): number {
    return this.#count;
  }

  /** @returns whether the line is taken out: the line of a gone entry, or a note that `notes` has again */
  take(line: RecordLine, isGone: (entry: RecordEntry) => boolean): boolean {
    if (line.kind === 'summary') {
      this.#addSummary(line);
      return true;
    }
    if (line.kind === 'deleted') {
      this.#deleted.push(line);
      return true;
    }
    if (!isEntry(line) || !isGone(line)) return false;
    this.#count += 1;
    if (line.kind === 'frame') this.#bytes.set(line.name, line.byteCount);
    // A line may occur twice.
    const key = `${line.kind} ${line.epoch ?? ''} ${line.sequence ?? keyOf(line)}`;
    if (!this.#seen.has(key)) this.#addEntry(line);
    this.#seen.add(key);
    return true;
  }

  /** In the order in which they are written. */
  notes({ camera, atMs }: { readonly camera: string; readonly atMs: number }): StoreNote[] {
    const notes: StoreNote[] = [];
    for (const [why, { epochs, ...sum }] of this.#sums) {
      const lines = entriesOf(epochs);
      for (const [index, entries] of lines.entries()) {
        const facts = index === 0 ? sum : { ...sum, frames: 0, byteCount: 0, gaps: 0, reports: 0 };
        notes.push({ kind: 'summary', camera, atMs, why, ...facts, entries });
      }
    }
    for (const note of this.#deleted) {
      const names = note.names.filter((name) => !this.#bytes.has(name));
      const taken = note.names.reduce((sum, name) => sum + (this.#bytes.get(name) ?? 0), 0);
      const byteCount = Math.max(0, note.byteCount - taken);
      if (names.length > 0) notes.push({ ...note, names, byteCount });
    }
    return notes;
  }

  #addSummary({ why, fromMs, toMs, entries, ...counts }: SummaryNote): void {
    const sum = this.#sumOf(why);
    sum.fromMs = Math.min(sum.fromMs, fromMs);
    sum.toMs = Math.max(sum.toMs, toMs);
    for (const key of ['frames', 'byteCount', 'gaps', 'reports'] as const) sum[key] += counts[key];
    for (const { epoch, ranges } of entries) {
      for (const [first, last] of ranges) numbersOf(sum, epoch).add(first, last);
    }
  }

  #addEntry(entry: RecordEntry): void {
    const sum = this.#sumOf(this.#why);
    const [fromMs, toMs] =
      entry.kind === 'frame'
        ? [entry.capturedAtMs, entry.capturedAtMs]
        : [entry.fromMs, entry.toMs];
    sum.fromMs = Math.min(sum.fromMs, fromMs);
    sum.toMs = Math.max(sum.toMs, toMs);
    if (entry.kind === 'frame') {
      sum.frames += 1;
      sum.byteCount += entry.byteCount;
    } else sum[entry.kind === 'gap' ? 'gaps' : 'reports'] += 1;
    const { epoch, sequence } = entry;
    if (epoch !== undefined && sequence !== undefined) numbersOf(sum, epoch).add(sequence);
    if (entry.kind !== 'gap' || epoch === undefined) return;
    for (const [first, last] of entry.sequences ?? []) numbersOf(sum, epoch).add(first, last);
  }

  #sumOf(why: string): Sum {
    return getOrInsertComputed(this.#sums, why, () => ({
      ...{ fromMs: Infinity, toMs: -Infinity, epochs: new Map<string, NumberSet>() },
      ...{ frames: 0, byteCount: 0, gaps: 0, reports: 0 },
    }));
  }
}

/** Of an entry without a sequence: a raw frame. */
const keyOf = (entry: RecordEntry): string => (entry.kind === 'frame' ? entry.name : '');

function numbersOf({ epochs }: Sum, epoch: string): NumberSet {
  return getOrInsertComputed(epochs, epoch, () => new NumberSet());
}

/** The entries of one line after the other. */
function entriesOf(epochs: ReadonlyMap<string, NumberSet>): SummaryNote['entries'][] {
  const lines: SummaryNote['entries'][] = [];
  for (const [epoch, numbers] of epochs) {
    const ranges = numbers.ranges().map(({ start, end }) => [start, end - 1] as const);
    for (let at = 0; at < ranges.length; at += maxSummaryRanges) {
      lines.push([{ epoch, ranges: ranges.slice(at, at + maxSummaryRanges) }]);
    }
  }
  return lines.length > 0 ? lines : [[]];
}
