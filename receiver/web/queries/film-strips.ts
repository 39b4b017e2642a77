/** Film strips of a camera's frames: the strongest frame of each step. */
import { stripTiles } from '../api-types.js';
import type { StripWish } from '../archive-port.js';
import { makeStrip } from '../strips/make-strip.js';
import { StripCache } from '../strips/strip-cache.js';
import { chooseTiles } from '../strips/strip-choice.js';
import type { CameraTimeline } from './camera-timeline.js';
import type { DayRows } from './day-rows.js';
import type { DayStore } from './day-store.js';
import type { FrameSource } from './frame-source.js';
import { QueryError } from './query-error.js';
import { frameAtLine } from './record-lines.js';

/** A strip has some ten to two hundred kilobytes. */
const cacheBytes = 16 * 1024 * 1024;
/** Strips that wait for the one that is being made. */
const maxWaiting = 20;

interface Tile {
  readonly rows: DayRows;
  readonly row: number;
}

export class FilmStrips {
  readonly #store: DayStore;
  readonly #frames: FrameSource;
  readonly #cache = new StripCache<Buffer>(cacheBytes, ({ length }) => length);
  #waiting = 0;

  constructor(store: DayStore, frames: FrameSource) {
    this.#store = store;
    this.#frames = frames;
  }

  /** @throws {QueryError} too many wait; the reason of the signal */
  async strip(timeline: CameraTimeline, wish: StripWish, signal: AbortSignal): Promise<Buffer> {
    const { fromMs, stepMs } = wish;
    const tiles = await this.#tiles(timeline, fromMs, stepMs);
    // What is shown decides: a frame that is deleted or new makes another strip.
    const key = tiles
      .map((tile) => tile && `${tile.rows.day}/${tile.rows.inode}/${tile.rows.lineAt(tile.row)}`)
      .join();
    if (this.#waiting >= maxWaiting) {
      throw new QueryError('busy', `${maxWaiting} film strips wait already`);
    }
    this.#waiting += 1;
    try {
      return await this.#cache.get(
        `${timeline.camera} ${key}`,
        async (making) => (await this.#make(tiles, making)).jpeg,
        signal,
      );
    } finally {
      this.#waiting -= 1;
    }
  }

  #make(tiles: readonly (Tile | undefined)[], signal: AbortSignal) {
    return makeStrip({
      tiles,
      signal,
      readFrame: async ({ rows, row }, { maxBytes }) => {
        const bytes = await this.#store.inDay(rows.camera, rows.day, async (folder) => {
          const entry = await frameAtLine(folder, rows.lineAt(row));
          const day = `${rows.camera}/${rows.day}`;
          return entry && (await this.#frames.read({ folder, day, entry }, maxBytes));
        });
        if (bytes === undefined) throw new QueryError('gone', 'the record was replaced');
        return bytes;
      },
    });
  }

  /** The strongest frame of each step that is not deleted. */
  async #tiles(
    timeline: CameraTimeline,
    startMs: number,
    stepMs: number,
  ): Promise<(Tile | undefined)[]> {
    const endMs = startMs + stripTiles * stepMs;
    const found: Tile[] = [];
    for (const day of timeline.near(startMs, endMs)) {
      const summary = await this.#store.summary(timeline.camera, day);
      if (summary?.span === undefined) continue;
      if (summary.span.toMs < startMs || summary.span.fromMs >= endMs) continue;
      const rows = await this.#store.rows(timeline.camera, day);
      if (rows === undefined) continue;
      const part = rows.order.subarray(rows.placeOf(startMs), rows.placeOf(endMs));
      for (const row of part) found.push({ rows, row });
    }
    const chosen = chooseTiles(
      {
        capturedAtMs: found.map(({ rows, row }) => rows.at(row)),
        strength: found.map(({ rows, row }) => rows.strengthAt(row)),
      },
      { startMs, stepMs },
    );
    return chosen.map((place) => (place === undefined ? undefined : found[place]));
  }
}
