/** What the time line draws, by camera and length of bucket: kept, bounded, renewed where new frames arrive. */
import { signal } from '@preact/signals-core';
import type { TimelineAnswer } from '../api-types.js';
import { get } from './api.js';
import { offsets } from './state.js';
import { type View, bucketStep, spanOf } from './time-scale.js';
import { joinOffsets } from './zone.js';

interface Chunk {
  readonly camera: string;
  readonly step: number;
  readonly from: number;
  answer?: TimelineAnswer;
  isStale: boolean;
  loading?: AbortController | undefined;
}

const bucketsOfChunk = 720;
const maxChunks = 200;
/** A zoom passes through lengths that are not asked for. */
const restMs = 60;
const retryMs = 3000;

export class TimelineData {
  /** In the order of use. */
  readonly #chunks = new Map<string, Chunk>();
  #wanted = new Set<Chunk>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts answers: drawings follow it. */
  readonly changes = signal(0);

  /** Answers that cover a view, those of other lengths first: later ones are drawn over them. */
  of(camera: string, view: View): TimelineAnswer[] {
    const span = spanOf(view);
    return [...this.#chunks.values()]
      .filter((chunk) => chunk.camera === camera && chunk.answer !== undefined)
      .filter(({ from, step }) => from < view.to && from + step * bucketsOfChunk > view.from)
      .filter(({ step }) => step * 3 < span)
      .sort((a, b) => b.step - a.step)
      .flatMap(({ answer }) => answer ?? []);
  }

  /** Asks for what a view of some cameras needs; what others asked for is aborted. */
  want(cameras: readonly string[], view: View, widthPx: number): void {
    const step = bucketStep(spanOf(view), widthPx);
    const length = step * bucketsOfChunk;
    const wanted = new Set<Chunk>();
    for (const camera of cameras) {
      for (let from = Math.floor(view.from / length) * length; from < view.to; from += length) {
        wanted.add(this.#chunk(camera, step, from));
      }
    }
    this.#wanted = wanted;
    this.#schedule(restMs);
  }

  invalidate(camera: string | undefined, from = -Infinity, to = Infinity): void {
    for (const chunk of this.#chunks.values()) {
      const end = chunk.from + chunk.step * bucketsOfChunk;
      if (camera !== undefined && chunk.camera !== camera) continue;
      if (chunk.from <= to && end >= from) chunk.isStale = true;
    }
    this.#schedule(250);
  }

  #chunk(camera: string, step: number, from: number): Chunk {
    const key = `${camera} ${step} ${from}`;
    const chunk = this.#chunks.get(key) ?? { camera, step, from, isStale: true };
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    return chunk;
  }

  #schedule(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#load();
    }, ms);
  }

  #load(): void {
    for (const chunk of this.#chunks.values()) {
      if (this.#wanted.has(chunk)) continue;
      chunk.loading?.abort();
      chunk.loading = undefined;
    }
    for (const chunk of this.#wanted) {
      if (!chunk.isStale || chunk.loading !== undefined) continue;
      const controller = new AbortController();
      chunk.loading = controller;
      chunk.isStale = false;
      this.#ask(chunk, controller.signal)
        .catch(() => {
          chunk.isStale = true;
          if (!controller.signal.aborted) this.#schedule(retryMs);
        })
        .finally(() => {
          if (chunk.loading === controller) chunk.loading = undefined;
        });
    }
    for (const [key, chunk] of this.#chunks) {
      if (this.#chunks.size <= maxChunks) break;
      if (!this.#wanted.has(chunk)) this.#chunks.delete(key);
    }
  }

  async #ask(chunk: Chunk, signal: AbortSignal): Promise<void> {
    const { camera, step, from } = chunk;
    const wish = { camera, from, to: from + step * bucketsOfChunk, step };
    const answer = await get<TimelineAnswer>('timeline', wish, signal);
    chunk.answer = answer;
    const known = offsets.value[camera] ?? [];
    offsets.value = { ...offsets.value, [camera]: joinOffsets(known, answer.offsets) };
    this.changes.value += 1;
  }
}
