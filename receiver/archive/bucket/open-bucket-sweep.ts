/** Opens what a sweep of a bucket works with. */
import type { Clock } from '../../../shared/clock.js';
import { Folder } from '../../store/folder.js';
import { openBucketMarker } from '../../store/s3/bucket-marker.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import type { HeldMirror } from '../mirror/record-mirror.js';
import type { RetentionLimits } from '../retention/limits.js';
import { StoreTotals } from '../retention/store-totals.js';
import type { SweepParts } from '../retention/sweep-parts.js';
import { SweptBucket } from './swept-bucket.js';

export interface BucketSweepWish {
  readonly client: S3Client;
  readonly clock: Clock;
  readonly limits: RetentionLimits;
  /** @throws {OperationalError} STORE: the mirror cannot be written */
  readonly openMirror: () => Promise<HeldMirror>;
}

export interface BucketSweep {
  readonly parts: SweepParts;
  /** Saves what was counted, for the next process and for `receiver status`. Never rejects. */
  readonly save: () => Promise<void>;
  /** Never rejects. */
  readonly close: () => Promise<void>;
}

/**
 * The bucket must have its marker: only a receiver's own bucket is swept.
 * @throws {OperationalError} STORE: it has none, or the mirror cannot be written; or a system error
 */
export async function openBucketSweep(wish: BucketSweepWish): Promise<BucketSweep> {
  const { client, clock, limits, openMirror } = wish;
  const id = await openBucketMarker(client, true);
  const held = await openMirror();
  const { mirror } = held;
  const { directory } = mirror;
  const inRoot = async <T>(act: (root: Folder) => Promise<T>): Promise<T> => {
    const root = await Folder.open(directory);
    return await act(root).finally(() => root.close());
  };
  const totals = await inRoot((root) => StoreTotals.open(root, id));
  // It is derived: a disk that is full does not take it.
  const save = (): Promise<void> => inRoot((root) => totals.save(root)).catch(() => undefined);
  return {
    save,
    parts: {
      ...{ directory, limits, totals, swept: new SweptBucket({ client, mirror, clock }) },
      checkRoot: () => Promise.resolve(),
      nowMs: () => clock.nowMs(),
      disk() {
        throw new Error('a bucket has no free space');
      },
    },
    async close() {
      await save();
      await held.close().catch(() => undefined);
    },
  };
}
