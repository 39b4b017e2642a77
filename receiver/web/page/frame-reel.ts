/** The frames of the camera around the moment: asked for in pages, extended ahead of the arrow keys. */
import type { FrameAnswer, FramesAnswer } from '../api-types.js';
import { get, wasAborted } from './api.js';
import {
  type FrameWindow,
  covers,
  emptyWindow,
  extendAfter,
  extendBefore,
  frameAt,
  indexAt,
  replaceFrames,
} from './frame-window.js';

const pageSize = 200;
/** An edge that is so near is extended in advance. */
const nearEdge = 60;

export class FrameReel {
  #camera: string | undefined;
  #window: FrameWindow = emptyWindow;
  #isKnown = false;
  #seeking: AbortController | undefined;
  #extending = new Map<1 | -1, Promise<void>>();

  get frames(): readonly FrameAnswer[] {
    return this.#window.frames;
  }

  /** The frame of a moment, if it is known without asking. */
  peek(camera: string, at: number): FrameAnswer | undefined {
    const isKnown = this.#isKnown && camera === this.#camera && covers(this.#window, at);
    return isKnown ? frameAt(this.#window, at) : undefined;
  }

  /** The frame of a moment. @returns undefined: the camera has none @throws as `ask` */
  async seek(camera: string, at: number): Promise<FrameAnswer | undefined> {
    this.#seeking?.abort();
    const known = this.peek(camera, at);
    if (known !== undefined) return known;
    const seeking = new AbortController();
    this.#seeking = seeking;
    const wish = { camera, at: Math.round(at), limit: pageSize };
    const answer = await get<FramesAnswer>('frames', wish, seeking.signal);
    const firstAt = answer.frames[0]?.at ?? Infinity;
    this.#camera = camera;
    this.#isKnown = true;
    this.#extending.clear();
    this.#window = {
      frames: answer.frames,
      // The server looks on both sides: fewer than half of a page before the moment are all there are.
      moreBefore: indexAt(answer.frames, at - 1) + 1 >= pageSize / 2 && firstAt <= at,
      moreAfter: answer.more,
    };
    return frameAt(this.#window, at);
  }

  /** The frame beside another one. @returns undefined: there is none @throws as `ask` */
  async beside(shown: FrameAnswer, direction: 1 | -1): Promise<FrameAnswer | undefined> {
    let index = this.#indexOf(shown);
    if (index < 0) {
      await this.seek(shown.camera, shown.at);
      index = this.#indexOf(shown);
    }
    const isNearEdge = direction === 1 ? index >= this.frames.length - nearEdge : index < nearEdge;
    if (isNearEdge) {
      const extending = this.#extend(direction);
      if (this.frames[index + direction] === undefined) await extending;
      else extending.catch(() => undefined);
    }
    return this.frames[this.#indexOf(shown) + direction];
  }

  /** Frames around another one, nearest first, those in the direction of the walk before the others. */
  neighbours(shown: FrameAnswer, direction: 1 | -1, count: number): FrameAnswer[] {
    const index = this.#indexOf(shown);
    if (index < 0) return [];
    const distances = Array.from({ length: count }, (_, each) => each + 1);
    return [
      ...distances.map((each) => each * direction),
      ...distances.map((each) => -each * direction),
    ].flatMap((each) => this.frames[index + each] ?? []);
  }

  /** New frames at the end. @param isAll false: some between are not among them */
  append(camera: string, frames: readonly FrameAnswer[], isAll: boolean): void {
    if (camera !== this.#camera || !this.#isKnown) return;
    const last = this.frames.at(-1);
    const first = frames[0];
    if (this.#window.moreAfter || first === undefined) return;
    if (isAll && (last === undefined || first.at >= last.at)) {
      this.#window = extendAfter(this.#window, frames, false);
    } else if (last !== undefined && first.at < last.at) this.forget();
    else this.#window = { ...this.#window, moreAfter: true };
  }

  forget(): void {
    this.#isKnown = false;
    this.#window = emptyWindow;
  }

  /** Shows at once what the server was asked to keep. */
  mark(isMarked: (frame: FrameAnswer) => boolean, kept: boolean): void {
    this.#window = replaceFrames(this.#window, (each) =>
      isMarked(each) ? { ...each, kept } : each,
    );
  }

  #indexOf({ camera, cursor, at }: FrameAnswer): number {
    if (camera !== this.#camera) return -1;
    for (let index = indexAt(this.frames, at); index >= 0; index -= 1) {
      const each = this.frames[index];
      if (each?.cursor === cursor) return index;
      if (each === undefined || each.at < at) return -1;
    }
    return -1;
  }

  #extend(direction: 1 | -1): Promise<void> {
    const running = this.#extending.get(direction);
    if (running !== undefined) return running;
    const started = this.#extendNow(direction).finally(() => {
      if (this.#extending.get(direction) === started) this.#extending.delete(direction);
    });
    this.#extending.set(direction, started);
    return started;
  }

  async #extendNow(direction: 1 | -1): Promise<void> {
    const { frames, moreAfter, moreBefore } = this.#window;
    const edge = direction === 1 ? frames.at(-1) : frames[0];
    if (edge === undefined || !(direction === 1 ? moreAfter : moreBefore)) return;
    const where = direction === 1 ? { after: edge.cursor } : { before: edge.cursor };
    const wish = { camera: edge.camera, ...where, limit: pageSize };
    try {
      const answer = await get<FramesAnswer>('frames', wish);
      const edgeNow = direction === 1 ? this.frames.at(-1) : this.frames[0];
      // Another stretch was asked for meanwhile.
      if (edgeNow?.cursor !== edge.cursor) return;
      const extended = direction === 1 ? extendAfter : extendBefore;
      this.#window = extended(this.#window, answer.frames, answer.more);
    } catch (error) {
      if (!wasAborted(error)) throw error;
    }
  }
}
