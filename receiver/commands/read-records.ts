/** The records that a viewer, notices and metrics read: of a captures directory, or of a bucket, which is followed. */
import type { Environment } from '../../shared/cli/command.js';
import type { Log } from '../../shared/cli/log.js';
import type { Clock } from '../../shared/clock.js';
import type { BucketAccess } from '../store/s3/bucket-access.js';
import type { S3Client } from '../store/s3/s3-client.js';
import { isBucketText } from '../store/s3/s3-address.js';
import { type MirrorOptions, type OpenMirror, openMirror } from './open-mirror.js';

export interface FollowedBucket {
  readonly access: BucketAccess;
  readonly client: S3Client;
  /** @throws {OperationalError} STORE: the bucket is away, so that what its cameras do now is unknown */
  check(): void;
  /** @param path `yard/2026_11_22/….jpg` @returns undefined: it is gone @throws {OperationalError} STORE */
  readFrame(path: string): Promise<Buffer | undefined>;
}

export interface ReadRecords {
  /** The directory or the bucket, for messages. */
  readonly place: string;
  /** A captures directory, or the mirror of a bucket. */
  readonly directory: string;
  readonly bucket: FollowedBucket | undefined;
  close(): Promise<void>;
}

interface Surroundings {
  readonly env: Environment;
  readonly clock: Clock;
  readonly log: Log;
  /** A mirror that the process has for another use too. Without it: its own. */
  readonly openMirror?: OpenMirror;
}

/** @param place a directory or a bucket @throws {UsageError} @throws {OperationalError} STORE, KEYS */
export async function readRecords(
  place: string,
  options: MirrorOptions,
  { env, clock, log, openMirror: open }: Surroundings,
): Promise<ReadRecords> {
  if (!isBucketText(place)) {
    return { place, directory: place, bucket: undefined, close: () => Promise.resolve() };
  }
  const opened = await (open?.() ?? openMirror(place, options, { env, clock }));
  try {
    const [{ MirrorFollower }, { bucketAccess }] = await Promise.all([
      import('../archive/mirror/mirror-follower.js'),
      import('../store/s3/bucket-access.js'),
    ]);
    const { mirror, client } = opened;
    const follower = new MirrorFollower({ mirror, client, clock, log });
    log.info('reading the newest records of the bucket', { dir: place, cache: mirror.directory });
    await follower.start();
    const ending = new AbortController();
    const running = follower.run(ending.signal);
    return {
      place,
      directory: mirror.directory,
      bucket: {
        access: bucketAccess(place, options, env),
        client,
        check: () => follower.check(),
        readFrame: (path) => mirror.bucket.readFrame(path),
      },
      async close() {
        ending.abort();
        // Ends requests that wait. What shares the mirror, the sweeps of the store, has ended.
        client.close();
        await running;
        await opened.close();
      },
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
