/** The stretch of time that the time line shows, and its places in pixels. Pure. */

export interface View {
  readonly from: number;
  readonly to: number;
}

export const minSpanMs = 1000;
export const maxSpanMs = 32 * 86_400_000;
/** Latest and earliest moments that the page goes to: years 2000 to 2100. */
const [earliestMs, latestMs] = [946_684_800_000, 4_102_444_800_000];

export const spanOf = (view: View): number => view.to - view.from;

export const toPx = (view: View, widthPx: number, at: number): number =>
  ((at - view.from) / spanOf(view)) * widthPx;

export const toTime = (view: View, widthPx: number, px: number): number =>
  view.from + (px / Math.max(1, widthPx)) * spanOf(view);

export const clampTime = (at: number): number => Math.min(latestMs, Math.max(earliestMs, at));

/** A moment in the middle of a view. */
export function viewAround(at: number, spanMs: number): View {
  const span = Math.min(maxSpanMs, Math.max(minSpanMs, spanMs));
  const from = clampTime(at) - span / 2;
  return { from, to: from + span };
}

/** Scales a view; the moment `at` stays at its place. @param factor above 1: shows more time */
export function zoomAbout(view: View, at: number, factor: number): View {
  const span = Math.min(maxSpanMs, Math.max(minSpanMs, spanOf(view) * factor));
  const share = (at - view.from) / spanOf(view);
  const from = at - share * span;
  return { from, to: from + span };
}

export function panBy(view: View, ms: number): View {
  const centre = (view.from + view.to) / 2;
  const moved = clampTime(centre + ms) - centre;
  return { from: view.from + moved, to: view.to + moved };
}

/** A view that a moment leaves moves on, so that the moment is inside of it with a margin. */
export function keepInView(view: View, at: number, margin = 0.1): View {
  const inset = spanOf(view) * margin;
  if (at >= view.from && at <= view.to) return view;
  if (at > view.to) {
    // A jump far beyond: the moment is in the middle, so that both sides of it are visible.
    if (at > view.to + spanOf(view)) return viewAround(at, spanOf(view));
    return panBy(view, at - view.to + inset);
  }
  if (at < view.from - spanOf(view)) return viewAround(at, spanOf(view));
  return panBy(view, at - view.from - inset);
}

/** Two fingers: the moments under them stay under them. */
export function pinch(
  view: View,
  widthPx: number,
  before: readonly [number, number],
  after: readonly [number, number],
): View {
  const times = before.map((px) => toTime(view, widthPx, px)) as [number, number];
  const distance = Math.max(8, Math.abs(after[1] - after[0]));
  const wished = (Math.abs(times[1] - times[0]) / distance) * widthPx;
  const span = Math.min(maxSpanMs, Math.max(minSpanMs, wished));
  const middlePx = (after[0] + after[1]) / 2;
  const from = (times[0] + times[1]) / 2 - (middlePx / widthPx) * span;
  return { from, to: from + span };
}

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];

/** Lengths of a bucket; each has one to two and a half pixels. */
const bucketSteps = [
  ...[50, 100, 250, 500, second, 2 * second, 5 * second, 10 * second, 15 * second, 30 * second],
  ...[minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute, hour, 2 * hour],
];

export function bucketStep(spanMs: number, widthPx: number): number {
  const wished = spanMs / Math.max(200, widthPx);
  return bucketSteps.find((step) => step >= wished) ?? 4 * hour;
}

/** Distances of the marks of the axis. */
const tickSteps = [
  ...[100, 200, 500, second, 2 * second, 5 * second, 10 * second, 30 * second],
  ...[minute, 2 * minute, 5 * minute, 10 * minute, 30 * minute, hour, 2 * hour, 3 * hour],
  ...[6 * hour, 12 * hour, day, 2 * day, 7 * day],
];

export interface Tick {
  readonly at: number;
  /** Distance to the next one, which decides how its time is written. */
  readonly step: number;
  readonly isMidnight: boolean;
}

/** Marks at round local times. @param zone minutes east of UTC at a moment */
export function ticksOf(
  view: View,
  widthPx: number,
  zone: (at: number) => number,
  leastPx = 76,
): Tick[] {
  const wished = (spanOf(view) / Math.max(1, widthPx)) * leastPx;
  const step = tickSteps.find((each) => each >= wished) ?? 14 * day;
  const localFrom = view.from + zone(view.from) * minute;
  const localTo = view.to + zone(view.to) * minute;
  const ticks: Tick[] = [];
  for (let local = Math.ceil(localFrom / step) * step; local <= localTo; local += step) {
    const guess = local - zone(local - zone(view.from) * minute) * minute;
    const at = local - zone(guess) * minute;
    if (at < view.from || at > view.to || at === ticks.at(-1)?.at) continue;
    const wall = at + zone(at) * minute;
    ticks.push({ at, step, isMidnight: wall % day === 0 });
  }
  return ticks;
}
