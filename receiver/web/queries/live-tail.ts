/** Finds what records have grown by since the last look, also by other receivers of the directory. */
import type { LiveEvent } from '../api-types.js';
import type { DayRows } from './day-rows.js';
import type { DayStore } from './day-store.js';
import { frameAnswers } from './frame-answers.js';
import { localMidnight } from './states.js';

export type NewEntries = Extract<LiveEvent, { type: 'entries' }>;

/** Frames that one event has; a page asks for the others. */
const maxFrames = 20;
/** Entries arrive in the newest days of a camera, or, after an outage, in earlier ones. */
const newestDays = 2;
/** Looks at the newest days, after which new folders are looked for, and after which all days are looked at. */
const [listEvery, allEvery] = [4, 120];

/** How far a record is known. */
interface Known {
  readonly inode: bigint;
  /** Of the record, when it was looked at first; later the end of its last whole line. */
  readonly size: bigint;
  readonly counts: Counts;
}

interface Counts {
  readonly reports: number;
  readonly gaps: number;
  readonly notes: number;
}

const dayMs = 86_400_000;
const none: Counts = { reports: 0, gaps: 0, notes: 0 };

export class LiveTail {
  readonly #store: DayStore;
  /** Names of the days of each camera. */
  #days = new Map<string, readonly string[]>();
  readonly #known = new Map<string, Known>();
  #looks = 0;

  constructor(store: DayStore) {
    this.#store = store;
  }

  /** The first look finds nothing: it says from where on. @throws a system error */
  async look(): Promise<NewEntries[]> {
    const isFirst = this.#looks === 0;
    const isAll = this.#looks % allEvery === 0;
    if (this.#looks % listEvery === 0) await this.#list();
    this.#looks += 1;
    const found: NewEntries[] = [];
    for (const [camera, days] of this.#days) {
      const chosen = isAll ? days : days.slice(-newestDays);
      for (const day of chosen) {
        const entries = await this.#lookAt(camera, day, isFirst);
        if (entries !== undefined) found.push(entries);
      }
    }
    return found;
  }

  async #list(): Promise<void> {
    const days = new Map<string, readonly string[]>();
    for (const camera of await this.#store.cameras()) {
      days.set(camera, await this.#store.days(camera));
    }
    this.#days = days;
  }

  async #lookAt(camera: string, day: string, isFirst: boolean): Promise<NewEntries | undefined> {
    const key = `${camera}/${day}`;
    const version = this.#store.version(camera, day);
    const known = this.#known.get(key);
    if (version === undefined) return undefined;
    if (known?.inode === version.inode && known.size === version.size) return undefined;
    if (isFirst) {
      // What is there already is not read: only a later look says what is new.
      this.#known.set(key, { ...version, counts: none });
      return undefined;
    }
    const rows = await this.#store.rows(camera, day);
    if (rows === undefined) return undefined;
    const { reports, gaps, notes, endByte } = rows.index;
    const counts = { reports: reports.length, gaps: gaps.length, notes: notes.length };
    const size = BigInt(endByte);
    this.#known.set(key, { inode: version.inode, size, counts });
    if (known?.inode === version.inode && known.size === size) return undefined;
    // A record that was replaced has fewer lines, and none that are new.
    const isOther = known !== undefined && known.inode !== version.inode;
    const fresh = isOther ? [] : rows.rowsFrom(Number(known?.size ?? 0n));
    const frames = await this.#store.inDay(camera, day, (folder) =>
      frameAnswers(folder, rows, fresh.slice(-maxFrames)),
    );
    const before = isOther ? none : (known?.counts ?? none);
    const marks = isOther || counts.notes > before.notes;
    return {
      ...{ type: 'entries', camera, count: fresh.length, marks, ...stretchOf(rows, fresh, before) },
      frames: (frames ?? []).toSorted((a, b) => a.at - b.at),
    };
  }
}

/** The time of what is new. A note may be about any moment of its day. */
function stretchOf(rows: DayRows, fresh: readonly number[], known: Counts) {
  const { reports, gaps, notes } = rows.index;
  const moments = fresh.map((row) => rows.at(row));
  for (const each of [...reports.slice(known.reports), ...gaps.slice(known.gaps)]) {
    moments.push(each.fromMs, each.toMs);
  }
  if (notes.length > known.notes || moments.length === 0) {
    const localMs = localMidnight(rows.day);
    moments.push(localMs - dayMs, localMs + 2 * dayMs);
  }
  const least = moments.reduce((a, b) => Math.min(a, b), Infinity);
  return { from: least, to: moments.reduce((a, b) => Math.max(a, b), -Infinity) };
}
