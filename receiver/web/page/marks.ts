/** What the time line draws: heights on one fixed scale, bars by pixels, snapping to events. Pure. */
import type { EventAnswer, StateAnswer, TimelineAnswer } from '../api-types.js';
import { type View, spanOf, toPx } from './time-scale.js';

/** The strength that fills the height. */
const fullStrength = 16;
const leastHeight = 0.22;

/** 0 to 1, by the logarithm from the threshold (1) to 16: the same for all hours and cameras. */
export function heightOf(strength: number): number {
  if (strength <= 1) return leastHeight;
  const share = Math.min(1, Math.log(strength) / Math.log(fullStrength));
  return leastHeight + (1 - leastHeight) * share;
}

export interface Bar {
  readonly x: number;
  readonly width: number;
  /** 0 to 1. */
  readonly height: number;
  /** False: frames without a change, such as those before and after one. */
  readonly isChange: boolean;
}

/** Bars of buckets, at least a pixel wide; buckets in one pixel are one bar with the greatest height. */
export function barsOf(timeline: TimelineAnswer, view: View, widthPx: number): Bar[] {
  const bars = new Map<number, Bar>();
  const { from, step, counts, changed, strengths } = timeline;
  const start = Math.max(0, Math.floor((view.from - from) / step));
  const end = Math.min(counts.length, Math.ceil((view.to - from) / step));
  for (let index = start; index < end; index += 1) {
    if ((counts[index] ?? 0) === 0) continue;
    const isChange = (changed[index] ?? 0) > 0;
    const x = Math.floor(toPx(view, widthPx, from + index * step));
    const right = Math.max(x + 1, Math.floor(toPx(view, widthPx, from + (index + 1) * step)));
    const height = isChange ? heightOf(strengths[index] ?? 0) : 0.1;
    const known = bars.get(x);
    if (known !== undefined && known.height >= height) continue;
    bars.set(x, { x, width: Math.max(right - x, known?.width ?? 0), height, isChange });
  }
  return [...bars.values()];
}

/** A gap of two minutes is seen in a whole day. */
export const leastGapPx = 5;

export interface Band {
  readonly x: number;
  readonly width: number;
  readonly state: StateAnswer;
}

/** States in pixels: a gap is never narrower than can be seen. */
export function bandsOf(timeline: TimelineAnswer, view: View, widthPx: number): Band[] {
  return timeline.states.flatMap((state) => {
    if (state.to <= view.from || state.from >= view.to) return [];
    const x = Math.max(0, toPx(view, widthPx, state.from));
    const right = Math.min(widthPx, toPx(view, widthPx, state.to));
    const isGap = state.state === 'not-watched' || state.state === 'unknown';
    return [{ x, width: Math.max(right - x, isGap ? leastGapPx : 0), state }];
  });
}

/** The state at a moment. */
export const stateAt = (states: readonly StateAnswer[], at: number): StateAnswer | undefined =>
  states.find(({ from, to }) => from <= at && at < to);

/** A moment near an event is that of its best frame; inside a wide event it stays. */
export function snap(
  events: readonly EventAnswer[],
  at: number,
  view: View,
  widthPx: number,
  reachPx = 5,
): number {
  const msPerPx = spanOf(view) / Math.max(1, widthPx);
  const reach = reachPx * msPerPx;
  let found: { readonly at: number; readonly distance: number } | undefined;
  for (const { first, last, best } of events) {
    if (first > at + reach || last < at - reach) continue;
    if (last - first > 4 * reach) {
      if (at >= first && at <= last) return at;
      continue;
    }
    const target = best?.at ?? first;
    const distance = Math.abs(target - at);
    if (found === undefined || distance < found.distance) found = { at: target, distance };
  }
  return found?.at ?? at;
}

/** Place of a moment among events, for the strip: 2.5 is half-way between the third and the fourth. */
export function placeAmong(events: readonly EventAnswer[], at: number): number {
  const next = events.findIndex(({ first }) => first > at);
  const index = (next < 0 ? events.length : next) - 1;
  const [event, following] = [events[index], events[index + 1]];
  if (event === undefined) return 0;
  if (following === undefined || at <= event.last) return Math.max(0, index);
  const share = (at - event.last) / Math.max(1, following.first - event.last);
  return index + Math.min(1, Math.max(0, share));
}
