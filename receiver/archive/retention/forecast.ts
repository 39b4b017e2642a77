/** How full a store is, and when it will be full at the rate of the last days. Pure. */
import { counted, humanSize } from '../../../shared/cli/humanize.js';
import { type DayTotal, dayPathOf } from './day-total.js';
import {
  type DiskSpace,
  type RetentionLimits,
  hasLimits,
  limitOf,
  minFreeBytes,
} from './limits.js';

export interface Forecast {
  readonly usedBytes: number;
  readonly frames: number;
  /** Mean of the last whole days; undefined: there is none. */
  readonly bytesPerDay: number | undefined;
  /** Until the disk, or a limit of it, is reached; Infinity: nothing is stored. */
  readonly roomBytes: number;
  readonly daysLeft: number | undefined;
  /** At that moment the oldest frames are deleted: otherwise the disk is full. */
  readonly isLimited: boolean;
  readonly disk: DiskSpace;
}

const dayMs = 86_400_000;
/** Days of the mean. */
const rateDays = 7;

export interface ForecastFacts {
  readonly days: ReadonlyMap<string, DayTotal>;
  readonly totalBytes: number;
  readonly disk: DiskSpace;
  readonly limits: RetentionLimits;
  readonly nowMs: number;
}

export function forecastOf({ days, totalBytes, disk, limits, nowMs }: ForecastFacts): Forecast {
  const bytesPerDay = rateOf(days, nowMs);
  const leastFree = minFreeBytes(limits, disk) ?? 0;
  const maxBytes = limitOf(limits.maxSize) ?? Infinity;
  const roomBytes = Math.max(0, Math.min(disk.freeBytes - leastFree, maxBytes - totalBytes));
  const isStored = bytesPerDay !== undefined && bytesPerDay > 0;
  return {
    usedBytes: totalBytes,
    frames: [...days.values()].reduce((sum, { frames }) => sum + frames, 0),
    ...{ bytesPerDay, roomBytes, disk },
    daysLeft: isStored ? roomBytes / bytesPerDay : undefined,
    isLimited: limits.minFree !== undefined || maxBytes < Infinity,
  };
}

/** Bytes of the last whole days, over all cameras, by day. Deleted frames of these days are not in it. */
function rateOf(days: ReadonlyMap<string, DayTotal>, nowMs: number): number | undefined {
  const today = Math.floor(nowMs / dayMs) * dayMs;
  let [bytes, firstMs] = [0, Infinity];
  for (const [path, { diskBytes, otherBytes }] of days) {
    const { localMs } = dayPathOf(path);
    if (localMs >= today || localMs < today - rateDays * dayMs) continue;
    bytes += diskBytes + otherBytes;
    firstMs = Math.min(firstMs, localMs);
  }
  return firstMs === Infinity ? undefined : bytes / ((today - firstMs) / dayMs);
}

/** `12 GB used by 48210 frames; 1.3 GB a day: full in 41 days, then the oldest frames are deleted`. */
export function forecastText(forecast: Forecast, limits: RetentionLimits): string {
  const { usedBytes, frames, bytesPerDay, daysLeft, isLimited, disk } = forecast;
  const used = `${humanSize(usedBytes)} used by ${counted(frames, 'frame')}, ${humanSize(disk.freeBytes)} free on the disk`;
  if (bytesPerDay === undefined || daysLeft === undefined) {
    return `${used}; the rate is known after a whole day${withoutLimits(limits)}`;
  }
  const when = daysLeft < 1 ? 'within a day' : `in ${Math.floor(daysLeft)} days`;
  const then = isLimited
    ? `the limit is reached ${when}, then the oldest are deleted`
    : `full ${when}`;
  return `${used}; ${humanSize(bytesPerDay)} a day: ${then}${withoutLimits(limits)}`;
}

const withoutLimits = (limits: RetentionLimits): string =>
  hasLimits(limits) ? '' : '; nothing is deleted, there is no limit';
