/** Opens what a sweep and a retaining store work with. */
import { statfsSync } from 'node:fs';
import type { Clock } from '../../../shared/clock.js';
import { Folder } from '../../store/folder.js';
import { StoreMarker } from '../../store/store-marker.js';
import type { DiskSpace, RetentionLimits } from './limits.js';
import { StoreTotals } from './store-totals.js';
import type { SweepParts } from './sweep-parts.js';
import { sweptDirectory } from './swept-directory.js';
import { totalsName } from './totals-file.js';

/** An older cache is written anew at a start, so that the next one reads less. */
const maxCacheAgeMs = 10 * 60_000;

/**
 * Counts the store. The directory must have its marker: only a receiver's own store is swept.
 * @throws {OperationalError} STORE: it has none; or a system error
 */
export async function openSweepParts(
  directory: string,
  limits: RetentionLimits,
  clock: Clock,
): Promise<SweepParts> {
  const root = await Folder.open(directory);
  try {
    const marker = await StoreMarker.open(root, true);
    const totals = await StoreTotals.open(root, marker.id);
    await totals.refresh(root);
    const writtenMs = Number(root.lstat(totalsName)?.mtimeMs ?? 0n);
    if (Math.abs(clock.nowMs() - writtenMs) > maxCacheAgeMs) {
      // It is derived: a disk that is full or read-only does not take it.
      await totals.save(root).catch(() => undefined);
    }
    return {
      ...{ directory, limits, totals, swept: sweptDirectory },
      checkRoot: (folder) => marker.check(folder),
      nowMs: () => clock.nowMs(),
      disk: () => diskOf(directory),
    };
  } finally {
    await root.close();
  }
}

/** @throws a system error */
export function diskOf(directory: string): DiskSpace {
  const { bavail, blocks, bsize } = statfsSync(directory);
  return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
}
