/**
 * The frames of a day in columns: 63 bytes a frame, so that a day of 100,000 frames is searched without reading its
 * record. What a column does not have is in the frame's line, at `lineAt`. Pure.
 */
import { clockedPath } from '../../shared/protocol/frame-path.js';
import type { FrameEntry } from './frame-entry.js';
import { markPlaces, maskBytes } from './place-mask.js';

/** Bits of the column `flags`. */
export const frameFlags = {
  /** Something was in view that does not belong to the background. */
  changed: 1,
  /** Signed by the camera, without a flaw. */
  signed: 2,
  /** The record has a flaw of its evidence. */
  flawed: 4,
  /** The file's name does not follow from `capturedAtMs` and `utcOffsetMinutes`: the line has it. */
  named: 8,
} as const;

/** Column by column, in the order in which they are written. */
const columnTypes = {
  capturedAtMs: Float64Array,
  /** NaN for a raw frame. */
  sequence: Float64Array,
  /** Position of its line in the record. */
  lineAt: Float64Array,
  byteCount: Uint32Array,
  /** NaN: the agent did not say. */
  strength: Float32Array,
  /** Number of the event, see `DayTables`; 0: none. */
  event: Uint32Array,
  utcOffsetMinutes: Int16Array,
  epoch: Uint16Array,
  /** Share of the picture that changed, 65535 for the whole. */
  ratio: Uint16Array,
  size: Uint8Array,
  reason: Uint8Array,
  flags: Uint8Array,
  /** `maskBytes` for each frame, see `place-mask.ts`. */
  places: Uint8Array,
} as const;

export type ColumnName = keyof typeof columnTypes;
export type Columns = { readonly [Name in ColumnName]: InstanceType<(typeof columnTypes)[Name]> };
export const columnNames = Object.keys(columnTypes) as readonly ColumnName[];

/** Texts that many frames share. Number 0 means none; number n is the text at n - 1. */
export interface DayTables {
  readonly epoch: readonly string[];
  readonly event: readonly string[];
  readonly reason: readonly string[];
  /** `1280x720` */
  readonly size: readonly string[];
}
export type TableName = keyof DayTables;
export const tableNames: readonly TableName[] = ['epoch', 'event', 'reason', 'size'];
/** A column cannot have more different values; further ones count as none, and the line has them. */
const maxTexts: Readonly<Record<TableName, number>> = {
  epoch: 65_535,
  event: 2 ** 32 - 1,
  reason: 255,
  size: 255,
};

const widthOf = (name: ColumnName): number => (name === 'places' ? maskBytes : 1);

/** @param make the column with a name */
function columnsOf(make: (name: ColumnName) => Columns[ColumnName]): Columns {
  const columns = columnNames.map((name): [string, unknown] => [name, make(name)]);
  return Object.fromEntries(columns) as Columns;
}

export function makeColumns(rows: number): Columns {
  return columnsOf((name) => new columnTypes[name](rows * widthOf(name)));
}

const minRows = 256;

/** Grows by frames; its columns have room for more rows than `length`. */
export class DayColumns {
  #columns = makeColumns(minRows);
  #length = 0;
  readonly #texts = { epoch: [], event: [], reason: [], size: [] } as Record<TableName, string[]>;
  readonly #numbers = Object.fromEntries(
    tableNames.map((name) => [name, new Map<string, number>()]),
  ) as Record<TableName, Map<string, number>>;

  get length(): number {
    return this.#length;
  }

  /** Rows from `length` on have no meaning. */
  get columns(): Columns {
    return this.#columns;
  }

  get tables(): DayTables {
    return this.#texts;
  }

  /** @param lineAt position of its line in the record */
  add(frame: FrameEntry, lineAt: number): void {
    this.#grow(this.#length + 1);
    const [row, columns] = [this.#length, this.#columns];
    const { widthPx = 0, heightPx = 0, boxes = [], ratio = 0 } = frame;
    columns.capturedAtMs[row] = frame.capturedAtMs;
    columns.sequence[row] = frame.sequence ?? Number.NaN;
    columns.lineAt[row] = lineAt;
    columns.byteCount[row] = Math.min(frame.byteCount, 2 ** 32 - 1);
    columns.strength[row] = frame.strength ?? Number.NaN;
    columns.utcOffsetMinutes[row] = frame.utcOffsetMinutes;
    columns.ratio[row] = Math.round(ratio * 65_535);
    columns.event[row] = this.#number('event', frame.event);
    columns.epoch[row] = this.#number('epoch', frame.epoch);
    columns.reason[row] = this.#number('reason', frame.reason);
    columns.size[row] = this.#number('size', widthPx > 0 ? `${widthPx}x${heightPx}` : undefined);
    columns.flags[row] = flagsOf(frame);
    const mask = columns.places.subarray(row * maskBytes, (row + 1) * maskBytes);
    mask.fill(0);
    markPlaces(mask, boxes, widthPx, heightPx);
    this.#length += 1;
  }

  /** Appends rows of a file. Their numbers are those of the tables after `texts` is appended. */
  append(rows: number, columns: Columns, texts: DayTables): void {
    for (const name of tableNames) for (const text of texts[name]) this.#number(name, text);
    this.#grow(this.#length + rows);
    for (const name of columnNames) {
      const part = columns[name].subarray(0, rows * widthOf(name));
      (this.#columns[name] as Uint8Array).set(part, this.#length * widthOf(name));
    }
    this.#length += rows;
  }

  /** Makes room for rows that are expected: growing leaves memory behind. */
  reserve(rows: number): void {
    if (rows > this.#columns.flags.length) this.#move(rows);
  }

  /** Gives back room for many more rows than there are. */
  trim(): void {
    const rows = Math.max(minRows, Math.ceil(this.#length * 1.1));
    if (rows * 1.1 < this.#columns.flags.length) this.#move(rows);
  }

  /** The rows from `from` on, as `append` takes them. */
  slice(from: number): Columns {
    return columnsOf((name) => {
      const [start, end] = [from * widthOf(name), this.#length * widthOf(name)];
      return this.#columns[name].slice(start, end);
    });
  }

  #number(name: TableName, text: string | undefined): number {
    if (text === undefined) return 0;
    const numbers = this.#numbers[name];
    const known = numbers.get(text);
    if (known !== undefined) return known;
    if (numbers.size >= maxTexts[name]) return 0;
    numbers.set(text, numbers.size + 1);
    this.#texts[name].push(text);
    return numbers.size;
  }

  #grow(rows: number): void {
    const { length } = this.#columns.flags;
    if (rows > length) this.#move(Math.max(rows, Math.ceil(1.5 * length)));
  }

  /** @param rows at least `length` */
  #move(rows: number): void {
    const columns = makeColumns(rows);
    for (const name of columnNames) {
      const part = this.#columns[name].subarray(0, this.#length * widthOf(name));
      (columns[name] as Uint8Array).set(part);
    }
    this.#columns = columns;
  }
}

function flagsOf({ changed, proof, name, ...moment }: FrameEntry): number {
  const isPlain = name === `${clockedPath('', moment).stem}.jpg`;
  const isFlawed = proof !== 'signed' && proof !== 'unsigned';
  return (
    (changed === true ? frameFlags.changed : 0) |
    (proof === 'signed' ? frameFlags.signed : 0) |
    (isFlawed ? frameFlags.flawed : 0) |
    (isPlain ? 0 : frameFlags.named)
  );
}
