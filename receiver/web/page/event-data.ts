/** The events of the camera that is shown, by days of UTC: kept, bounded, renewed where new frames arrive. */
import { signal } from '@preact/signals-core';
import type { DayAnswer, DaysAnswer, EventAnswer, EventsAnswer } from '../api-types.js';
import { get } from './api.js';
import { cameras } from './state.js';
import { addDays } from './zone.js';

interface Chunk {
  readonly camera: string;
  readonly day: number;
  events: readonly EventAnswer[];
  isStale: boolean;
  loading?: Promise<void> | undefined;
}

const dayMs = 86_400_000;
const pageSize = 500;
const maxPages = 20;
const maxChunks = 40;
/** Days of a question about days. */
const maxDays = 400;
/** Eleven years. */
const maxQuestions = 10;

export class EventData {
  readonly #chunks = new Map<string, Chunk>();
  readonly #days = new Map<string, readonly DayAnswer[]>();
  /** Counts answers: drawings follow it. */
  readonly changes = signal(0);

  /** Events around a moment that are here, in their order; a day before and after it is asked for. */
  around(camera: string, at: number): EventAnswer[] {
    const day = Math.floor(at / dayMs);
    const byId = new Map<string, EventAnswer>();
    for (const each of [day - 1, day, day + 1]) {
      const chunk = this.#chunk(camera, each);
      if (chunk.isStale) this.#refresh(chunk).catch(() => undefined);
      for (const event of chunk.events) byId.set(event.event, event);
    }
    return [...byId.values()].sort((a, b) => a.first - b.first);
  }

  /** The event that begins after a moment, or the last that began before it. */
  async next(camera: string, at: number, direction: 1 | -1): Promise<EventAnswer | undefined> {
    const start = Math.floor(at / dayMs);
    const days = (await this.days(camera)).filter(({ events }) => events > 0);
    const numbers = new Set(
      days.flatMap(({ from, to }) => [Math.floor(from / dayMs), Math.floor((to - 1) / dayMs)]),
    );
    numbers.add(start);
    const ordered = [...numbers].filter((day) => (day - start) * direction >= -1);
    ordered.sort((a, b) => (a - b) * direction);
    for (const day of ordered) {
      const chunk = this.#chunk(camera, day);
      if (chunk.isStale || chunk.loading !== undefined) await this.#refresh(chunk);
      const isWanted = ({ first }: EventAnswer): boolean => (first - at) * direction > 0;
      const found = direction === 1 ? chunk.events.find(isWanted) : chunk.events.findLast(isWanted);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** All days with a record, oldest first. @throws as `ask` */
  async days(camera: string): Promise<readonly DayAnswer[]> {
    const known = this.#days.get(camera);
    if (known !== undefined) return known;
    const { firstDay, lastDay } = cameras.value?.find((each) => each.camera === camera) ?? {};
    const tomorrow = addDays(new Date().toISOString().slice(0, 10), 2);
    // A clock that was wrong may have made days of another decade: the newest of them are asked for.
    const end = [tomorrow, lastDay ?? ''].sort().at(-1) ?? tomorrow;
    const days: DayAnswer[] = [];
    for (let to = end, asked = 0; asked < maxQuestions; asked += 1) {
      const from = addDays(to, 1 - maxDays);
      const answer = await get<DaysAnswer>('days', { camera, from, to });
      days.unshift(...answer.days);
      if (from <= (firstDay ?? to)) break;
      to = addDays(from, -1);
    }
    this.#days.set(camera, days);
    return days;
  }

  invalidate(camera: string | undefined, from = -Infinity, to = Infinity): void {
    for (const chunk of this.#chunks.values()) {
      if (camera !== undefined && chunk.camera !== camera) continue;
      if (chunk.day * dayMs <= to && (chunk.day + 1) * dayMs >= from) chunk.isStale = true;
    }
    if (camera === undefined) this.#days.clear();
    else this.#days.delete(camera);
    this.changes.value += 1;
  }

  /** Shows at once what the server was asked to keep. */
  mark(event: string, kept: boolean): void {
    for (const chunk of this.#chunks.values()) {
      chunk.events = chunk.events.map((each) => (each.event === event ? { ...each, kept } : each));
    }
    this.changes.value += 1;
  }

  #chunk(camera: string, day: number): Chunk {
    const key = `${camera} ${day}`;
    const chunk = this.#chunks.get(key) ?? { camera, day, events: [], isStale: true };
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size <= maxChunks) break;
      this.#chunks.delete(oldest);
    }
    return chunk;
  }

  #refresh(chunk: Chunk): Promise<void> {
    chunk.loading ??= this.#load(chunk).finally(() => {
      chunk.loading = undefined;
    });
    return chunk.loading;
  }

  async #load(chunk: Chunk): Promise<void> {
    const { camera, day } = chunk;
    const to = (day + 1) * dayMs;
    const events: EventAnswer[] = [];
    chunk.isStale = false;
    try {
      let from = day * dayMs;
      for (let page = 0; page < maxPages; page += 1) {
        const wish = { camera, from, to, limit: pageSize };
        const answer = await get<EventsAnswer>('events', wish);
        const known = new Set(events.map(({ event }) => event));
        const added = answer.events.filter(({ event }) => !known.has(event));
        events.push(...added);
        const last = answer.events.at(-1);
        if (!answer.more || last === undefined || added.length === 0) break;
        from = Math.max(from, last.first) + 1;
      }
    } catch (error) {
      // Asked for again a little later, not at each drawing.
      setTimeout(() => {
        chunk.isStale = true;
        this.changes.value += 1;
      }, 3000);
      throw error;
    }
    chunk.events = events;
    this.changes.value += 1;
  }
}
