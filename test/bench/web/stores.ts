/** The stores of the viewer's bench: a day of 100,000 frames, and 30 such days with a million. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sceneClip } from '../../support/made-store/clip.js';
import { type MadeHole, newEpoch, writeDay } from '../../support/made-store/day.js';
import { busyDay } from '../../support/made-store/story.js';

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000];
/** Midnight of the newest day; the camera's zone is UTC. */
export const lastDayMs = Date.UTC(2026, 10, 26);

/** The same numbers in each run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** @returns the captures directory of a camera `yard` */
export function makeStore(parent: string, days: number, framesADay: number): string {
  const directory = mkdtempSync(join(parent, 'picchanged-bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const clip = sceneClip({ seed: 1, fromMs: 1500, toMs: 6500, everyMs: 250 });
  const [epoch, random] = [newEpoch(), randomFrom(1)];
  let sequence = 1;
  for (let day = days - 1; day >= 0; day -= 1) {
    const localMs = lastDayMs - day * dayMs;
    const holes: MadeHole[] = [
      {
        kind: 'failing',
        fromMs: localMs + 13 * hourMs,
        toMs: localMs + 13 * hourMs + 2 * minuteMs,
      },
      { kind: 'lost', fromMs: localMs + 16 * hourMs, toMs: localMs + 16 * hourMs + 5 * minuteMs },
    ];
    const frames = busyDay(localMs, framesADay, clip, random);
    sequence = writeDay(directory, {
      ...{ camera: 'yard', localMs, utcOffsetMinutes: 0, epoch, sequence, frames, holes },
    });
  }
  return directory;
}
