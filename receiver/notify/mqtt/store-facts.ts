/** How much space a captures directory has, and how many frames are stored in it. Reads only. */
import type { Log } from '../../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../../shared/cli/repeating-error-log.js';
import type { Clock } from '../../../shared/clock.js';
import { openCaptures } from '../../archive/captures-reader.js';
import { diskOf } from '../../archive/retention/open-retention.js';
import { StoreTotals } from '../../archive/retention/store-totals.js';
import { Folder } from '../../store/folder.js';
import { StoreMarker, markerName } from '../../store/store-marker.js';
import type { NoticeBucket } from '../notice-frames.js';
import type { StoreFacts } from './home-states.js';

const everyMs = 60_000;

/**
 * @returns 8 hex digits that stay while the directory does; undefined: no receiver has used it yet
 * @throws {OperationalError} STORE: it cannot be read, or its marker has no id
 */
export async function storeIdOf(directory: string): Promise<string | undefined> {
  const root = await openCaptures(directory, 'notify');
  try {
    if (root.lstat(markerName) === undefined) return undefined;
    return (await StoreMarker.open(root, true)).id.slice(0, 8);
  } finally {
    await root.close();
  }
}

/** Calls `onFacts` now and once a minute, until the signal aborts. */
export async function watchStore(
  { directory, bucket }: { readonly directory: string; readonly bucket: NoticeBucket | undefined },
  onFacts: (facts: StoreFacts) => void,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  const failures = new RepeatingErrorLog(log, clock);
  let totals: StoreTotals | undefined;
  while (!signal.aborted) {
    try {
      bucket?.check();
      const root = await Folder.open(directory);
      try {
        totals ??= await StoreTotals.open(root, (await StoreMarker.open(root, true)).id);
        await totals.refreshActive(root, []);
        const freeBytes = bucket === undefined ? diskOf(directory).freeBytes : null;
        onFacts({ freeBytes, stored: totals.frames });
      } finally {
        await root.close();
      }
      failures.worked('the frames can be counted again');
    } catch (error) {
      failures.failed('cannot count the frames', error);
    }
    await clock.sleep(everyMs, signal);
  }
}
