/**
 * How much a bucket holds, as the last sweep on this machine has counted it: the object store does not say it, and
 * counting it means to read all records.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../../shared/cli/errors.js';
import { ago, counted, humanSize } from '../../../shared/cli/humanize.js';
import { Folder } from '../../store/folder.js';
import { forecastOf } from '../retention/forecast.js';
import type { RetentionLimits } from '../retention/limits.js';
import { readTotals, totalsName } from '../retention/totals-file.js';

export interface CountedSpace {
  readonly usedBytes: number;
  readonly frames: number;
  /** Mean of the last whole days; undefined: there is none. */
  readonly bytesPerDay: number | undefined;
  /** Until `--max-size` is reached; undefined: there is none, or the rate is unknown. */
  readonly daysLeft: number | undefined;
  readonly countedAtMs: number;
}

const noDisk = { totalBytes: Infinity, freeBytes: Infinity };

/**
 * @param parent of record mirrors, see `mirrorsPath` @param id of the bucket
 * @returns undefined: no sweep has counted it here, or this user may not read what it counted
 */
export async function readCountedSpace(
  parent: string,
  id: string,
  limits: RetentionLimits,
  nowMs: number,
): Promise<CountedSpace | undefined> {
  let newest: CountedSpace | undefined;
  try {
    const names = (await readdir(parent)).filter(
      (name) => name === id || name.startsWith(`${id}-`),
    );
    for (const name of names) {
      const found = await readFrom(join(parent, name), id, limits, nowMs);
      if (found !== undefined && found.countedAtMs > (newest?.countedAtMs ?? -Infinity)) {
        newest = found;
      }
    }
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
  return newest;
}

async function readFrom(
  directory: string,
  id: string,
  limits: RetentionLimits,
  nowMs: number,
): Promise<CountedSpace | undefined> {
  const root = await Folder.open(directory);
  try {
    const stats = root.lstat(totalsName);
    if (stats === undefined) return undefined;
    const days = await readTotals(root, id);
    const totals = [...days.values()];
    const totalBytes = totals.reduce((sum, each) => sum + each.diskBytes + each.otherBytes, 0);
    const { usedBytes, frames, bytesPerDay, daysLeft } = forecastOf({
      ...{ days, totalBytes, disk: noDisk, limits, nowMs },
    });
    return {
      ...{ usedBytes, frames, bytesPerDay, countedAtMs: Number(stats.mtimeMs) },
      daysLeft: daysLeft === Infinity ? undefined : daysLeft,
    };
  } finally {
    await root.close();
  }
}

/** `12 GB used by 48210 frames, counted 5 min ago; 1.3 GB a day: the limit is reached in 41 days, then the oldest are deleted`. */
export function countedText(space: CountedSpace, nowMs: number): string {
  const { usedBytes, frames, bytesPerDay, daysLeft, countedAtMs } = space;
  const used = `${humanSize(usedBytes)} used by ${counted(frames, 'frame')}, counted ${ago(countedAtMs, nowMs)}`;
  if (bytesPerDay === undefined) return used;
  const rate = `${used}; ${humanSize(bytesPerDay)} a day`;
  if (daysLeft === undefined) return rate;
  const when = daysLeft < 1 ? 'within a day' : `in ${Math.floor(daysLeft)} days`;
  return `${rate}: the limit is reached ${when}, then the oldest are deleted`;
}
