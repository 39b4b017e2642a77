/** The records of a bucket, for a command that reads a captures directory. */
import type { Environment } from '../../shared/cli/command.js';
import type { Clock } from '../../shared/clock.js';
import type { HeldMirror } from '../archive/mirror/record-mirror.js';
import type { BucketOptions } from '../store/s3/open-bucket.js';
import type { S3Client } from '../store/s3/s3-client.js';

export interface MirrorOptions extends BucketOptions {
  readonly cache: string | undefined;
}

export interface OpenedMirror extends HeldMirror {
  readonly client: S3Client;
}

export type OpenMirror = () => Promise<OpenedMirror>;

/**
 * What works on a directory does not load it.
 * @param place `s3://BUCKET/PREFIX` @throws {UsageError} @throws {OperationalError} STORE, KEYS
 */
export async function openMirror(
  place: string,
  options: MirrorOptions,
  { env, clock }: { readonly env: Environment; readonly clock: Clock },
): Promise<OpenedMirror> {
  const [{ openBucket }, { readBucketId }, { RecordMirror }, { mirrorsPath }] = await Promise.all([
    import('../store/s3/open-bucket.js'),
    import('../store/s3/bucket-marker.js'),
    import('../archive/mirror/record-mirror.js'),
    import('../archive/mirror/mirror-folder.js'),
  ]);
  const client = openBucket(place, options, { env, clock, onUnconditional: () => undefined });
  const parent = mirrorsPath(options.cache, env);
  const mirror = await RecordMirror.open({ client, id: await readBucketId(client), parent });
  const close = async (): Promise<void> => {
    client.close();
    await mirror.close();
  };
  return { mirror, client, close };
}

/** One mirror for all that a process reads of a bucket: opened by its first user, closed by its last one. */
export function sharedMirror(open: OpenMirror): OpenMirror {
  let opening: Promise<OpenedMirror> | undefined;
  let users = 0;
  return async () => {
    const opened = await (opening ??= open());
    users += 1;
    return {
      ...opened,
      async close() {
        users -= 1;
        if (users > 0) return;
        opening = undefined;
        await opened.close();
      },
    };
  };
}
