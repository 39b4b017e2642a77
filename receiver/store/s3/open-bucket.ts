/** Opens the client of the bucket that a command names. */
import type { Clock } from '../../../shared/clock.js';
import { UsageError } from '../../../shared/cli/errors.js';
import { InvalidValue } from '../../../shared/cli/units.js';
import { type BucketAddress, parseBucket } from './s3-address.js';
import { S3Client } from './s3-client.js';
import { readS3Credentials } from './s3-credentials.js';

export interface BucketOptions {
  readonly s3Endpoint: URL | undefined;
  readonly s3Region: string;
  readonly s3Credentials: string | undefined;
}

export interface BucketSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Called once: the object store knows no conditional writes. */
  readonly onUnconditional: () => void;
  /** See `S3ClientParts`. */
  readonly giveUpAfterMs?: number;
}

/** @param text `s3://BUCKET/PREFIX` @throws {UsageError} it is none, or its endpoint is missing */
export function openBucket(
  text: string,
  { s3Endpoint: endpoint, s3Region: region, s3Credentials: file }: BucketOptions,
  { env, clock, onUnconditional, ...limits }: BucketSurroundings,
): S3Client {
  if (endpoint === undefined) {
    throw new UsageError('--s3-endpoint is missing', {
      hint: `say where the object store of ${text} answers: --s3-endpoint https://HOST`,
    });
  }
  const readCredentials = () => readS3Credentials({ file, env });
  return new S3Client({
    ...addressOf(text),
    ...{ endpoint, region, readCredentials, clock, onUnconditional, ...limits },
  });
}

/** Of a place that a user has typed. @throws {UsageError} */
export function addressOf(text: string): BucketAddress {
  try {
    return parseBucket(text);
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    throw new UsageError(`${text}: ${error.message}`);
  }
}
