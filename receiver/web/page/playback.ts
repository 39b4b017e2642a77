/** Speeds of playing. Pure. */

/** At 1,440 a day takes a minute. */
export const speeds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1440] as const;
export const dayInAMinute = 1440;

export const faster = (speed: number): number => speeds.find((each) => each > speed) ?? speed;
export const slower = (speed: number): number => speeds.findLast((each) => each < speed) ?? speed;

/** Longest step of one picture: a page that slept does not leap. */
const maxElapsedMs = 250;

/** @returns the next moment, and whether the end is reached */
export function advance(
  at: number,
  elapsedMs: number,
  speed: number,
  end: number,
): { readonly at: number; readonly isEnd: boolean } {
  const next = at + Math.min(maxElapsedMs, Math.max(0, elapsedMs)) * speed;
  return next >= end ? { at: Math.max(at, end), isEnd: true } : { at: next, isEnd: false };
}

export const speedText = (speed: number): string =>
  speed === dayInAMinute ? 'a day a minute' : `×${speed.toLocaleString('en')}`;
