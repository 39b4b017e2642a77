/** Film strips: small pictures of an hour or of five minutes in one image, drawn while the pointer moves. */
import { signal } from '@preact/signals-core';
import { type TimelineAnswer, stripTiles } from '../api-types.js';
import { ApiError, addressOfApi, get } from './api.js';
import { BitmapCache } from './bitmap-cache.js';
import { type Part, filledTile, partOf, tileAt } from './film-tiles.js';
import { now } from './state.js';

interface Strip {
  readonly address: string;
  readonly counts: readonly number[];
  readonly loadedAt: number;
}

export interface FilmPicture {
  readonly bitmap: ImageBitmap;
  readonly part: Part;
}

const maxBytes = 96 * 1024 * 1024;
const maxStrips = 60;
/** A strip that failed, or that grows, is asked for again after so long. */
const [retryMs, growsMs] = [30_000, 15_000];

export class Film {
  readonly #bitmaps = new BitmapCache({ maxBytes });
  readonly #strips = new Map<string, Strip>();
  readonly #failedAt = new Map<string, number>();
  #wanted: string | undefined;
  /** Counts strips that arrived: drawings follow it. */
  readonly arrived = signal(0);

  /** The small picture of a moment, if its strip is here; a missing strip is asked for. */
  at(camera: string, at: number, step: number): FilmPicture | undefined {
    const tile = tileAt(at, step);
    const key = addressOfApi('strip', { camera, from: tile.from, step });
    this.#want(key, camera, tile.from, step);
    const strip = this.#strips.get(key);
    const bitmap = strip === undefined ? undefined : this.#bitmaps.get(strip.address);
    if (strip === undefined || bitmap === undefined) return undefined;
    const filled = filledTile(strip.counts, tile.index);
    return filled === undefined
      ? undefined
      : { bitmap, part: partOf(filled, bitmap.width, bitmap.height) };
  }

  /** New frames: strips of their time are made anew. */
  invalidate(camera: string, from: number, to: number): void {
    for (const [key, strip] of this.#strips) {
      const query = new URLSearchParams(key.split('?')[1]);
      const start = Number(query.get('from'));
      const end = start + Number(query.get('step')) * stripTiles;
      if (query.get('camera') !== camera || start > to || end <= from) continue;
      if (Date.now() - strip.loadedAt > growsMs) this.#drop(key);
    }
  }

  #want(key: string, camera: string, from: number, step: number): void {
    if (from > now() || this.#wanted === key) return;
    if (this.#strips.has(key) || Date.now() - (this.#failedAt.get(key) ?? 0) < retryMs) return;
    this.#wanted = key;
    this.#bitmaps.abortAllBut(new Set([key]));
    this.#load(key, camera, from, step)
      .catch((error: unknown) => {
        // An aborted one is asked for again when the pointer comes back.
        if (error instanceof ApiError) this.#failedAt.set(key, Date.now());
      })
      .finally(() => {
        if (this.#wanted === key) this.#wanted = undefined;
      });
  }

  async #load(key: string, camera: string, from: number, step: number): Promise<void> {
    const to = from + step * stripTiles;
    const { counts } = await get<TimelineAnswer>('timeline', { camera, from, to, step });
    // An empty strip needs no picture.
    if (counts.some((count) => count > 0)) await this.#bitmaps.load(key);
    this.#strips.set(key, { address: key, counts, loadedAt: Date.now() });
    for (const oldest of this.#strips.keys()) {
      if (this.#strips.size <= maxStrips) break;
      this.#drop(oldest);
    }
    this.arrived.value += 1;
  }

  #drop(key: string): void {
    this.#strips.delete(key);
    this.#bitmaps.forget(key);
  }
}
