/** What `status` and `doctor` say of a bucket: its cameras, and how much it holds. */
import type { Environment } from '../../shared/cli/command.js';
import type { Clock } from '../../shared/clock.js';
import {
  type CountedSpace,
  countedText,
  readCountedSpace,
} from '../archive/bucket/counted-space.js';
import { mirrorsPath } from '../archive/mirror/mirror-folder.js';
import { surveyMirror } from '../archive/mirror/survey-mirror.js';
import { type RetentionLimits, hasLimits, limitsText } from '../archive/retention/limits.js';
import { type CameraNow, withClocks } from '../setup/cameras-now.js';
import { receiverCache } from '../setup/install/bucket-plan.js';
import { hasBucketId, readBucketId } from '../store/s3/bucket-marker.js';
import { openBucket } from '../store/s3/open-bucket.js';
import { type MirrorOptions, openMirror } from './open-mirror.js';

export interface BucketNow {
  /** By name. */
  readonly cameras: readonly CameraNow[];
  /** Undefined: it was not counted on this machine. */
  readonly space: CountedSpace | undefined;
}

interface Surroundings {
  readonly env: Environment;
  readonly clock: Clock;
  readonly limits: RetentionLimits;
  /** Of a user's systemd instance. */
  readonly isUser: boolean;
}

/** @param place `s3://BUCKET/PREFIX` @throws {UsageError} @throws {OperationalError} STORE, KEYS */
export async function bucketNow(
  place: string,
  options: MirrorOptions,
  { env, clock, limits, isUser }: Surroundings,
): Promise<BucketNow> {
  if (!(await isUsed(place, options, { env, clock }))) return { cameras: [], space: undefined };
  const opened = await openMirror(place, options, { env, clock });
  const { mirror, client } = opened;
  try {
    const nowMs = clock.nowMs();
    const id = await readBucketId(client);
    // The service's own; one that was started by hand has that of its user.
    const parents = [...(isUser ? [] : [receiverCache]), mirrorsPath(options.cache, env)];
    let space: CountedSpace | undefined;
    for (const parent of parents) space ??= await readCountedSpace(parent, id, limits, nowMs);
    const utcOffsetMinutes = clock.utcOffsetMinutes(nowMs);
    const surveys = await surveyMirror(mirror, { nowMs, utcOffsetMinutes });
    return { cameras: await withClocks(mirror.directory, surveys, nowMs), space };
  } finally {
    await opened.close();
  }
}

async function isUsed(
  place: string,
  options: MirrorOptions,
  parts: Pick<Surroundings, 'env' | 'clock'>,
): Promise<boolean> {
  const client = openBucket(place, options, { ...parts, onUnconditional: () => undefined });
  return await hasBucketId(client).finally(() => client.close());
}

/** How much a bucket holds, with the limits. @param isHidden this user may not read the limits */
export function bucketSpaceText(
  space: CountedSpace | undefined,
  limits: RetentionLimits,
  { nowMs, isHidden }: { readonly nowMs: number; readonly isHidden: boolean },
): string {
  const limited = hasLimits(limits) ? `${limitsText(limits)}: ` : '';
  const unlimited = limited === '' && !isHidden ? '; nothing is deleted, there is no limit' : '';
  if (space !== undefined) return `${limited}${countedText(space, nowMs)}${unlimited}`;
  return `${limited}how much the bucket holds was not counted here, a receiver with limits counts it${unlimited}`;
}
