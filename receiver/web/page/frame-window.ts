/** A stretch of a camera's frames without a hole, around the moment that is shown. Pure. */
import type { FrameAnswer } from '../api-types.js';

export interface FrameWindow {
  /** Ascending. */
  readonly frames: readonly FrameAnswer[];
  /** There are, or may be, frames before the first, and after the last. */
  readonly moreBefore: boolean;
  readonly moreAfter: boolean;
}

export const emptyWindow: FrameWindow = { frames: [], moreBefore: false, moreAfter: false };
const maxFrames = 1000;

/** Index of the last frame at or before a moment; -1: none is. */
export function indexAt(frames: readonly { readonly at: number }[], at: number): number {
  let [low, high] = [0, frames.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((frames[middle]?.at ?? Infinity) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The frame that is seen at a moment: the last one up to it, or the first one of all. */
export const frameAt = ({ frames }: FrameWindow, at: number): FrameAnswer | undefined =>
  frames[Math.max(0, indexAt(frames, at))];

/** Whether `frameAt` is right without asking the server. */
export function covers({ frames, moreBefore, moreAfter }: FrameWindow, at: number): boolean {
  const [first, last] = [frames[0], frames.at(-1)];
  if (first === undefined || last === undefined) return !moreBefore && !moreAfter;
  if (at < first.at) return !moreBefore;
  return at < last.at || !moreAfter || at === last.at;
}

export function extendAfter(
  window: FrameWindow,
  frames: readonly FrameAnswer[],
  more: boolean,
): FrameWindow {
  const known = new Set(window.frames.map(({ cursor }) => cursor));
  const all = [...window.frames, ...frames.filter(({ cursor }) => !known.has(cursor))];
  const cut = Math.max(0, all.length - maxFrames);
  return { frames: all.slice(cut), moreBefore: window.moreBefore || cut > 0, moreAfter: more };
}

/** @param frames descending, as the server answers */
export function extendBefore(
  window: FrameWindow,
  frames: readonly FrameAnswer[],
  more: boolean,
): FrameWindow {
  const known = new Set(window.frames.map(({ cursor }) => cursor));
  const added = frames.filter(({ cursor }) => !known.has(cursor)).reverse();
  const all = [...added, ...window.frames];
  return {
    frames: all.slice(0, maxFrames),
    moreBefore: more,
    moreAfter: window.moreAfter || all.length > maxFrames,
  };
}

/** The same frames, some of them with other marks. */
export function replaceFrames(
  window: FrameWindow,
  change: (frame: FrameAnswer) => FrameAnswer,
): FrameWindow {
  return { ...window, frames: window.frames.map(change) };
}
