/** How to open a bucket, as plain data: for another thread. */
import type { Clock } from '../../../shared/clock.js';
import { type BucketOptions, openBucket } from './open-bucket.js';
import type { S3Client } from './s3-client.js';

type Variables = Readonly<Record<string, string | undefined>>;

export interface BucketAccess {
  /** `s3://BUCKET/PREFIX` */
  readonly place: string;
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly credentialsFile: string | undefined;
  /** The variables that may have the keys. */
  readonly env: Variables;
}

const names = [
  ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'],
  'CREDENTIALS_DIRECTORY',
];

export function bucketAccess(
  place: string,
  { s3Endpoint, s3Region: region, s3Credentials: credentialsFile }: BucketOptions,
  env: Variables,
): BucketAccess {
  const variables = Object.fromEntries(names.map((name) => [name, env[name]]));
  return { place, endpoint: s3Endpoint?.href, region, credentialsFile, env: variables };
}

/** @param giveUpAfterMs of a request and its repetitions @throws {UsageError} */
export function openAccess(
  { place, endpoint, region, credentialsFile, env }: BucketAccess,
  clock: Clock,
  giveUpAfterMs: number,
): S3Client {
  const s3Endpoint = endpoint === undefined ? undefined : new URL(endpoint);
  return openBucket(
    place,
    { s3Endpoint, s3Region: region, s3Credentials: credentialsFile },
    { env, clock, giveUpAfterMs, onUnconditional: () => undefined },
  );
}
