/** What happens in made-up days: visits of the demo scene, by day and by night. Pure. */
import type { Picture } from './clip.js';
import type { MadeFrame } from './day.js';

export interface Visit {
  readonly atMs: number;
  /** Frames of the visit are so far apart. */
  readonly everyMs: number;
  /** Pictures in their order; repeated when `frames` is greater. */
  readonly clip: readonly Picture[];
  readonly frames?: number;
}

/** The frames of a visit, one event: those with a change, and up to two before the first and after the last. */
export function framesOfVisit({ atMs, everyMs, clip, frames = clip.length }: Visit): MadeFrame[] {
  const pictures = Array.from({ length: frames }, (_, index) => clip[index % clip.length]!);
  const first = pictures.findIndex(({ change }) => change !== undefined);
  const last = pictures.findLastIndex(({ change }) => change !== undefined);
  const event = String(atMs + first * everyMs);
  return pictures.flatMap((picture, index): MadeFrame[] => {
    if (index < first - 2 || index > last + 2) return [];
    const isChange = picture.change !== undefined;
    const reason = isChange ? 'change' : index < first ? 'before' : 'after';
    return [{ atMs: atMs + index * everyMs, picture, event, reason }];
  });
}

/** Visits spread over a day so that they make about `frames` frames. @param random 0 to 1, for each call */
export function busyDay(
  fromMs: number,
  frames: number,
  clip: readonly Picture[],
  random: () => number,
): MadeFrame[] {
  const changing = clip.filter(({ change }) => change !== undefined);
  const visits = Math.max(1, Math.round(frames / 250));
  const spanMs = 86_400_000 / visits;
  return Array.from({ length: visits }, (_, index) =>
    framesOfVisit({
      atMs: Math.round(fromMs + index * spanMs + random() * 0.1 * spanMs),
      everyMs: Math.max(1, Math.floor((0.8 * spanMs) / 250)),
      clip: changing,
      frames: 250,
    }),
  ).flat();
}
