/** Pages of a camera's frames in the order of time, from cursors. */
import type { FrameAnswer, FramesAnswer } from '../api-types.js';
import type { CameraTimeline } from './camera-timeline.js';
import type { DayRows } from './day-rows.js';
import type { DayStore } from './day-store.js';
import { frameAnswers } from './frame-answers.js';
import { dayAt } from './states.js';

/** Between the frames of a camera: a moment, and the position of a line of its day's record. */
export interface Cursor {
  readonly atMs: number;
  readonly lineAt: number;
}

type Direction = 'after' | 'before';
interface Place {
  readonly rows: DayRows;
  readonly row: number;
}

/** @param text `1795332615123` or `1795332615123.4711` @returns undefined: it is neither */
export function readCursor(text: string): Cursor | undefined {
  const match = /^(-?\d{1,15})(?:\.(\d{1,15}))?$/.exec(text);
  return match === null
    ? undefined
    : { atMs: Number(match[1]), lineAt: match[2] === undefined ? -1 : Number(match[2]) };
}

export class FramePages {
  readonly #store: DayStore;
  readonly #timeline: CameraTimeline;

  constructor(store: DayStore, timeline: CameraTimeline) {
    this.#store = store;
    this.#timeline = timeline;
  }

  /** The frames after a cursor ascending, or before it descending. @throws a system error */
  async from(cursor: Cursor, direction: Direction, limit: number): Promise<FramesAnswer> {
    const places = await this.#places(cursor, direction, limit + 1);
    return {
      camera: this.#timeline.camera,
      frames: await this.#answers(places.slice(0, limit)),
      more: places.length > limit,
    };
  }

  /** Half of the frames before a moment, half from it on, ascending. @throws a system error */
  async around(atMs: number, limit: number): Promise<FramesAnswer> {
    const half = Math.floor(limit / 2);
    const before = await this.#places({ atMs, lineAt: -1 }, 'before', half);
    const after = await this.#places({ atMs, lineAt: -1 }, 'after', limit - before.length + 1);
    const places = [...before.reverse(), ...after.slice(0, limit - before.length)];
    return {
      camera: this.#timeline.camera,
      frames: await this.#answers(places),
      more: after.length > limit - before.length,
    };
  }

  /** Days follow each other, but for a camera that changes its offset: their edges may overlap. */
  async #places(cursor: Cursor, direction: Direction, limit: number): Promise<Place[]> {
    const isAfter = direction === 'after';
    const near = this.#timeline.near(cursor.atMs, cursor.atMs);
    const from = near.at(isAfter ? 0 : -1) ?? dayAt(cursor.atMs);
    const days = this.#timeline.days.filter((day) => (isAfter ? day >= from : day <= from));
    const found: Place[] = [];
    for (const day of isAfter ? days : days.toReversed()) {
      const edge = found[limit - 1];
      const summary = await this.#store.summary(this.#timeline.camera, day);
      if (summary?.span === undefined) continue;
      if (edge !== undefined) {
        const edgeMs = edge.rows.at(edge.row);
        if (isAfter ? summary.span.fromMs > edgeMs : summary.span.toMs < edgeMs) break;
      }
      if (isAfter ? summary.span.toMs < cursor.atMs : summary.span.fromMs > cursor.atMs) continue;
      const rows = await this.#store.rows(this.#timeline.camera, day);
      if (rows !== undefined) found.push(...placesIn(rows, cursor, isAfter, limit));
      found.sort(isAfter ? compare : (a, b) => compare(b, a));
    }
    return found.slice(0, limit);
  }

  async #answers(places: readonly Place[]): Promise<FrameAnswer[]> {
    const byRows = new Map<DayRows, number[]>();
    for (const { rows, row } of places) byRows.set(rows, [...(byRows.get(rows) ?? []), row]);
    const answers = new Map<string, FrameAnswer>();
    for (const [rows, wanted] of byRows) {
      const ofDay = await this.#store.inDay(rows.camera, rows.day, (folder) =>
        frameAnswers(folder, rows, wanted),
      );
      for (const each of ofDay ?? []) answers.set(`${rows.day} ${each.cursor}`, each);
    }
    return places.flatMap(({ rows, row }) => {
      const answer = answers.get(`${rows.day} ${rows.at(row)}.${rows.lineAt(row)}`);
      return answer === undefined ? [] : [answer];
    });
  }
}

function placesIn(rows: DayRows, { atMs, lineAt }: Cursor, isAfter: boolean, limit: number) {
  // A cursor is that of a frame: that frame itself is on neither side.
  const start = rows.placeOf(atMs, isAfter ? lineAt + 1 : lineAt);
  const order = isAfter
    ? rows.order.subarray(start, start + limit)
    : rows.order.subarray(Math.max(0, start - limit), start);
  return Array.from(order, (row) => ({ rows, row }));
}

function compare(a: Place, b: Place): number {
  const byTime = a.rows.at(a.row) - b.rows.at(b.row);
  return byTime === 0 ? a.rows.lineAt(a.row) - b.rows.lineAt(b.row) : byTime;
}
