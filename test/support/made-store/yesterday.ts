/**
 * Writes a made-up yesterday of the demo's camera into a captures directory: visits by day and night, two minutes
 * without the camera, five without a link. For `npm start`, and for whoever works on the viewer.
 */
import { sceneClip } from './clip.js';
import { type MadeDay, newEpoch, writeDay } from './day.js';
import { framesOfVisit } from './story.js';

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000];

/** Hours of the day at which the yard has a visitor, and the seed of its scene. */
const visits: readonly (readonly [hour: number, seed: number])[] = [
  [0.4, 2],
  [3.2, 2],
  ...[6.8, 7.3, 7.6, 7.9, 8.1, 9.2, 10.2, 10.25, 11.7, 12.1, 12.4].map(
    (hour) => [hour, 1] as const,
  ),
  ...[14.8, 15.6, 15.7, 16.9, 17.4, 17.8].map((hour) => [hour, 3] as const),
  ...[18.2, 19.5, 21.1, 22.3, 23.4].map((hour) => [hour, 2] as const),
];

export interface Yesterday {
  readonly directory: string;
  readonly camera: string;
  readonly nowMs: number;
  readonly utcOffsetMinutes: number;
}

/** @returns number of frames */
export function writeYesterday({ directory, camera, nowMs, utcOffsetMinutes }: Yesterday): number {
  const localNowMs = nowMs + utcOffsetMinutes * minuteMs;
  const localMs = Math.floor(localNowMs / dayMs) * dayMs - dayMs;
  const fromMs = localMs - utcOffsetMinutes * minuteMs;
  const clip = (seed: number, light: number) =>
    sceneClip({ seed, fromMs: 1500, toMs: 6500, everyMs: 500, light });
  // Nights have a scene of their own.
  const clips = new Map([
    [1, clip(1, 1)],
    [2, clip(2, 0.3)],
    [3, clip(3, 1)],
  ]);
  const frames = visits.flatMap(([hour, seed]) =>
    framesOfVisit({
      ...{ atMs: Math.round(fromMs + hour * hourMs), everyMs: 500 },
      clip: clips.get(seed) ?? [],
    }),
  );
  const day: MadeDay = {
    ...{ camera, localMs, utcOffsetMinutes, epoch: newEpoch(), sequence: 1, frames },
    holes: [
      { kind: 'failing', fromMs: fromMs + 13 * hourMs, toMs: fromMs + 13 * hourMs + 2 * minuteMs },
      { kind: 'lost', fromMs: fromMs + 16.5 * hourMs, toMs: fromMs + 16.5 * hourMs + 5 * minuteMs },
    ],
  };
  writeDay(directory, day);
  return frames.length;
}
