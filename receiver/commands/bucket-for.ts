/** The bucket of a command that works on a directory or on a bucket. */
import { systemClock } from '../../shared/clock.js';
import { type Environment, writeTo } from '../../shared/cli/command.js';
import { type BucketOptions, openBucket } from '../store/s3/open-bucket.js';
import type { S3Client } from '../store/s3/s3-client.js';

/** @param place `s3://BUCKET/PREFIX` @throws {UsageError} it is none, or its endpoint is missing */
export function bucketFor(place: string, options: BucketOptions, env: Environment): S3Client {
  const onUnconditional = (): void =>
    writeTo(2, `${place}: the object store knows no conditional writes: no receiver may run now\n`);
  return openBucket(place, options, { env, clock: systemClock, onUnconditional });
}
