/**
 * Checks of a bucket: it is reached, its keys may list, read, write and remove, a conditional write is one, and the
 * clocks agree. It writes an object of its own, and removes it.
 */
import { randomUUID } from 'node:crypto';
import { OperationalError, describeError } from '../../../shared/cli/errors.js';
import { humanDuration } from '../../../shared/cli/humanize.js';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import type { Clock } from '../../../shared/clock.js';
import { addressOf } from '../../store/s3/open-bucket.js';
import { S3Client } from '../../store/s3/s3-client.js';
import type { S3Credentials } from '../../store/s3/s3-credentials.js';
import { erasureFindingsOf } from './erasure-findings.js';
import { markerName } from '../../store/store-marker.js';

export interface BucketCheck {
  /** `s3://BUCKET/PREFIX` */
  readonly place: string;
  readonly endpoint: URL | undefined;
  readonly region: string;
  readonly clock: Clock;
  /** @throws {OperationalError} KEYS */
  readonly readCredentials: () => Promise<S3Credentials>;
}

/** Object stores refuse a request whose clock is off by more than 15 minutes. */
const maxSkewMs = 15 * 60_000;
const worthALineMs = 60_000;
const giveUpAfterMs = 4000;

export async function bucketFindings(check: BucketCheck): Promise<readonly Finding[]> {
  const { place, endpoint, region, clock, readCredentials } = check;
  if (endpoint === undefined) {
    const fix = 'add --s3-endpoint https://HOST';
    return [
      finding('bucket', 'fault', `where the object store of ${place} answers is missing`, fix),
    ];
  }
  const findings: Finding[] = [];
  let [isConditional, skewMs] = [true, undefined as number | undefined];
  try {
    const client = new S3Client({
      ...{ ...addressOf(place), endpoint, region, clock, readCredentials, giveUpAfterMs },
      onUnconditional: () => (isConditional = false),
      onDate: (storeMs) => (skewMs = clock.nowMs() - storeMs),
    });
    for await (const found of trials(client, () => isConditional)) findings.push(found);
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    // The hint is the fix.
    const why = describeError(new Error(error.message, { cause: error.cause }));
    findings.push(finding('bucket', 'fault', why, error.hint));
  }
  return [...findings, ...skewFindings(skewMs)];
}

/** Ends at the first step that fails. @throws {OperationalError} STORE, KEYS */
async function* trials(client: S3Client, isConditional: () => boolean): AsyncGenerator<Finding> {
  const marker = await client.get(markerName);
  yield finding('bucket', 'ok', `${client.place()} answers, and takes the keys`);
  if (marker === undefined) {
    yield finding('marker', 'ok', 'none yet: no receiver has used this bucket');
  } else if (/"id":\s*"[0-9a-f]{32}"/.test(marker.toString())) {
    yield finding('marker', 'ok', `${markerName} marks this bucket`);
  } else {
    const fix = 'remove that object: the bucket gets a new id, as a new receiver has';
    yield finding('marker', 'fault', `${client.place(markerName)} has no id`, fix);
  }
  const key = `.picchanged-doctor-${randomUUID()}`;
  const bytes = Buffer.from(`${key}\n`);
  await client.putNew(key, bytes);
  try {
    const isOverwritten = await client.putNew(key, bytes);
    if (!isConditional()) {
      yield finding(
        'condition',
        'warning',
        'the object store knows no conditional writes (501): two receivers could write one name',
        'give each camera its own name, or use a store with conditional writes',
      );
    } else if (isOverwritten) {
      yield finding(
        'condition',
        'fault',
        'the object store ignores If-None-Match: frames could overwrite each other',
        'use a store with conditional writes: the receiver does not start with this one',
      );
    } else yield finding('condition', 'ok', 'a name that is taken is not written again');
    const isSame = (await client.get(key))?.equals(bytes) === true;
    const words = isSame ? 'what is written is read back' : 'what is written is not read back';
    yield finding('write', isSame ? 'ok' : 'fault', words);
    await client.below('');
    yield finding('list', 'ok', 'the keys may list');
    yield* await erasureFindingsOf(client);
  } finally {
    await client.remove(key);
  }
  yield finding('remove', 'ok', 'the keys may remove');
}

function skewFindings(skewMs: number | undefined): readonly Finding[] {
  if (skewMs === undefined) return [];
  const size = Math.abs(skewMs);
  if (size < worthALineMs)
    return [finding('store clock', 'ok', 'agrees with that of this machine')];
  const level = size < maxSkewMs ? 'warning' : 'fault';
  const way = skewMs < 0 ? 'ahead of' : 'behind';
  const message = `the object store's clock is ${humanDuration(size)} ${way} this machine's`;
  return [finding('store clock', level, message, 'see timedatectl on both machines')];
}
