/**
 * Reduces the records of days that have no frame left: a summary stands for their frames, gaps and reports. A day that
 * never had a frame is reduced when it is older than the frames that go.
 */
import type { Folder } from '../../store/folder.js';
import { loadDay } from './day-frames.js';
import { type DayPath, type DayTotal, dayPathOf } from './day-total.js';
import { maxAgeOf } from './limits.js';
import type { SweepPlan } from './plan.js';
import { withinAll } from './store-totals.js';
import type { SweepParts } from './sweep-parts.js';
import type { SweptStore } from './swept-store.js';

/** A younger day may still get entries, and its reports say whether the camera is watched. */
const minAgeMs = 2 * 86_400_000;

/** The caller holds the sweep lock. @throws a system error */
export async function reduceDays(parts: SweepParts, root: Folder, plan: SweepPlan): Promise<void> {
  const { totals } = parts;
  const nowMs = parts.nowMs();
  for (const [path, total] of [...totals.days]) {
    const day = dayPathOf(path);
    if (day.localMs + minAgeMs > nowMs || !isReducible(day, total, parts, plan)) continue;
    const count = await withinAll(root, path.split('/'), (folder) =>
      reduce(folder, day, parts.swept, nowMs),
    );
    if (count === undefined || count === 0) totals.passOver(path);
    else await totals.refreshDay(root, path);
  }
}

function isReducible(
  day: DayPath,
  { frames, entries, hasDeleted }: DayTotal,
  { totals, limits, nowMs }: SweepParts,
  plan: SweepPlan,
): boolean {
  if (frames > 0 || entries === 0 || totals.isPassedOver(day.path)) return false;
  if (hasDeleted) return true;
  const endMs = day.localMs + minAgeMs;
  const maxAgeMs = maxAgeOf(limits, day.camera) ?? Infinity;
  const goneDays = plan.parts.filter(({ day: { camera } }) => camera === day.camera);
  return endMs < nowMs() - maxAgeMs || goneDays.some((gone) => endMs < gone.day.earliestMs);
}

/** @returns entries whose lines were taken out; 0: some frames of the record are not deleted */
async function reduce(
  folder: Folder,
  day: DayPath,
  swept: SweptStore,
  atMs: number,
): Promise<number> {
  const loaded = await loadDay(folder, day, [], (...place) => swept.look(...place));
  if (loaded?.isAllGone !== true) return 0;
  const { deleted } = loaded;
  return await swept.compact(folder, day.path, {
    ...{ camera: day.camera, atMs, why: 'deleted' },
    // A frame that has arrived meanwhile stays.
    isGone: (entry) => entry.kind !== 'frame' || deleted.has(entry.name),
  });
}
