/**
 * A day of a camera in memory, for queries: its index, the rows in the order of time without repeats and deleted
 * frames, and its events. It grows with its record.
 */
import { clockedPath, parseFrameName } from '../../../shared/protocol/frame-path.js';
import { frameFlags } from '../../archive/day-columns.js';
import { growDay } from '../../archive/day-index.js';
import type { IndexedDay } from '../../archive/day-index-format.js';
import { Keeps } from '../../archive/retention/day-frames.js';
import type { Folder } from '../../store/folder.js';
import { frameAtLine } from './record-lines.js';

/** The frames of an event that are in a day. */
export interface RowEvent {
  readonly event: string;
  /** Capture times of its first and last frame with a change; Infinity and -Infinity: none. */
  firstAtMs: number;
  lastAtMs: number;
  frames: number;
  /** Row of the strongest frame with a change that is not deleted. */
  best: number | undefined;
}

export class DayRows {
  /** `2026_11_22` */
  readonly day: string;
  /** Of the record: another one is another day in memory. */
  readonly inode: bigint;
  readonly index: IndexedDay;
  readonly #camera: string;
  #order = new Uint32Array(0);
  #events: readonly RowEvent[] = [];
  #deleted = new Map<number, Set<string>>();
  #keeps = new Keeps([]);
  /** What the fields above are made of. */
  #made = { rows: -1, notes: -1 };

  constructor(camera: string, day: string, inode: bigint, index: IndexedDay) {
    this.#camera = camera;
    this.day = day;
    this.inode = inode;
    this.index = index;
  }

  get camera(): string {
    return this.#camera;
  }

  /** Rows in the order of time; then of their lines. */
  get order(): Uint32Array {
    return this.#order;
  }

  get events(): readonly RowEvent[] {
    return this.#events;
  }

  get keeps(): Keeps {
    return this.#keeps;
  }

  at(row: number): number {
    return this.index.columns.columns.capturedAtMs[row] ?? 0;
  }

  /** NaN: its agent did not say. */
  strengthAt(row: number): number {
    return this.index.columns.columns.strength[row] ?? Number.NaN;
  }

  lineAt(row: number): number {
    return this.index.columns.columns.lineAt[row] ?? 0;
  }

  /** Reads the lines that the record has grown by. @returns whether there were any @throws a system error */
  async grow(folder: Folder): Promise<boolean> {
    const { endByte } = this.index;
    await growDay(folder, this.index);
    await this.prepare(folder);
    return this.index.endByte !== endByte;
  }

  /** Brings order, events and keeps up to the index. @throws a system error */
  async prepare(folder: Folder): Promise<void> {
    const { columns, notes } = this.index;
    if (this.#made.rows === columns.length && this.#made.notes === notes.length) return;
    if (this.#made.notes !== notes.length) this.#readNotes();
    this.#made = { rows: columns.length, notes: notes.length };
    const gone = await this.#deletedRows(folder);
    this.#order = orderOf(this.index, gone);
    this.#events = this.#eventsOf(gone);
  }

  /** The first place of `order` whose frame is not before a moment (and the line at it). */
  placeOf(atMs: number, lineAt = 0): number {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const row = this.#order[middle] ?? 0;
      const at = this.at(row);
      if (at < atMs || (at === atMs && this.lineAt(row) < lineAt)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Rows whose lines start at a position of the record or after it, in the order of their lines. */
  rowsFrom(lineAt: number): number[] {
    const { columns, length } = this.index.columns;
    let [low, high] = [0, length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((columns.lineAt[middle] ?? 0) < lineAt) low = middle + 1;
      else high = middle;
    }
    return Array.from({ length: length - low }, (_, index) => low + index);
  }

  #readNotes(): void {
    this.#deleted = new Map();
    this.#keeps = new Keeps([]);
    for (const note of this.index.notes) {
      if (note.camera !== this.#camera) continue;
      if (note.kind === 'kept' || note.kind === 'unkept') this.#keeps.add(note);
      else if (note.kind === 'deleted') {
        for (const name of note.names) {
          // Frames of one moment have numbered names.
          const atMs = parseFrameName(name)?.capturedAtMs ?? 0;
          const names = this.#deleted.get(atMs);
          if (names === undefined) this.#deleted.set(atMs, new Set([name]));
          else names.add(name);
        }
      }
    }
  }

  /** Rows of deleted frames. The name of a row follows from its moment, or its line has it. */
  async #deletedRows(folder: Folder): Promise<ReadonlySet<number>> {
    const gone = new Set<number>();
    if (this.#deleted.size === 0) return gone;
    const { columns, length } = this.index.columns;
    for (let row = 0; row < length; row += 1) {
      const capturedAtMs = columns.capturedAtMs[row] ?? 0;
      const utcOffsetMinutes = columns.utcOffsetMinutes[row] ?? 0;
      const names = this.#deleted.get(capturedAtMs);
      if (names === undefined) continue;
      const isNamed = ((columns.flags[row] ?? 0) & frameFlags.named) !== 0;
      const name = isNamed
        ? (await frameAtLine(folder, columns.lineAt[row] ?? 0))?.name
        : `${clockedPath('', { capturedAtMs, utcOffsetMinutes }).stem}.jpg`;
      if (name !== undefined && names.has(name)) gone.add(row);
    }
    return gone;
  }

  #eventsOf(gone: ReadonlySet<number>): RowEvent[] {
    const { columns, tables } = this.index.columns;
    const events = tables.event.map((event): RowEvent => {
      return { event, firstAtMs: Infinity, lastAtMs: -Infinity, frames: 0, best: undefined };
    });
    const rows = gone.size === 0 ? this.#order : orderOf(this.index, new Set());
    for (const row of rows) {
      const event = events[(columns.event[row] ?? 0) - 1];
      if (event === undefined) continue;
      event.frames += 1;
      if (((columns.flags[row] ?? 0) & frameFlags.changed) === 0) continue;
      const atMs = columns.capturedAtMs[row] ?? 0;
      event.firstAtMs = Math.min(event.firstAtMs, atMs);
      event.lastAtMs = Math.max(event.lastAtMs, atMs);
      const strength = columns.strength[row] ?? 0;
      const isBetter = event.best === undefined || strength > (columns.strength[event.best] ?? 0);
      if (isBetter && !gone.has(row)) event.best = row;
    }
    return events;
  }
}

/** Rows by time, then by line, without `gone` and without lines that repeat a frame. */
function orderOf({ columns: { columns, length } }: IndexedDay, gone: ReadonlySet<number>) {
  const { capturedAtMs, lineAt, epoch, sequence, flags } = columns;
  const rows = new Uint32Array(length);
  let [count, isSorted] = [0, true];
  for (let row = 0; row < length; row += 1) {
    if (gone.has(row)) continue;
    const last = rows[count - 1];
    if (last !== undefined && (capturedAtMs[row] ?? 0) < (capturedAtMs[last] ?? 0))
      isSorted = false;
    rows[count] = row;
    count += 1;
  }
  const order = rows.subarray(0, count);
  if (!isSorted) {
    order.sort((a, b) => {
      const byTime = (capturedAtMs[a] ?? 0) - (capturedAtMs[b] ?? 0);
      return byTime === 0 ? (lineAt[a] ?? 0) - (lineAt[b] ?? 0) : byTime;
    });
  }
  const isRepeat = (row: number, other: number): boolean =>
    capturedAtMs[row] === capturedAtMs[other] &&
    epoch[row] === epoch[other] &&
    (epoch[row] === 0
      ? ((flags[row] ?? 0) & frameFlags.named) === 0 &&
        ((flags[other] ?? 0) & frameFlags.named) === 0
      : sequence[row] === sequence[other]);
  return order.filter((row, place) => {
    for (let before = place - 1; before >= 0; before -= 1) {
      const other = order[before] ?? 0;
      if (capturedAtMs[other] !== capturedAtMs[row]) return true;
      if (isRepeat(row, other)) return false;
    }
    return true;
  });
}
