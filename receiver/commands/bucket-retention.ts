/** Retention of a running receiver with a bucket. */
import { UsageError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import type { Clock } from '../../shared/clock.js';
import { openBucketSweep } from '../archive/bucket/open-bucket-sweep.js';
import { SweptFrameStore } from '../archive/bucket/swept-frame-store.js';
import { type RetentionLimits, hasLimits, limitsText } from '../archive/retention/limits.js';
import type { S3Client } from '../store/s3/s3-client.js';
import type { FrameStore } from '../store/store-port.js';
import type { OpenMirror } from './open-mirror.js';
import { reportTo } from './retention.js';

/** @throws {UsageError} a limit has no meaning on a bucket */
export function checkBucketLimits(place: string, { minFree }: RetentionLimits): void {
  if (minFree === undefined) return;
  throw new UsageError(`--min-free has no meaning on ${place}: a bucket has no free space`, {
    hint: 'take it back with --min-free none, and use --max-age or --max-size',
  });
}

export interface BucketRetention {
  readonly client: S3Client;
  readonly limits: RetentionLimits;
  readonly openMirror: OpenMirror;
  readonly log: Log;
  readonly clock: Clock;
}

/** The store within its limits; without limits the store itself. @throws {OperationalError} STORE */
export async function withBucketRetention(
  store: FrameStore,
  { client, limits, openMirror, log, clock }: BucketRetention,
): Promise<FrameStore> {
  if (!hasLimits(limits)) return store;
  const sweep = await openBucketSweep({ client, clock, limits, openMirror });
  log.info('deleting the oldest frames beyond the limits, every ten minutes', {
    limits: limitsText(limits),
  });
  return new SweptFrameStore({ ...reportTo(log, clock), store, client, clock, sweep });
}
