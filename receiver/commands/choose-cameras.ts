/** The cameras that a command is about. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError, UsageError } from '../../shared/cli/errors.js';
import { ifExists } from '../../shared/files/if-exists.js';
import { hasBucketId } from '../store/s3/bucket-marker.js';
import type { S3Client } from '../store/s3/s3-client.js';
import { markerName } from '../store/store-marker.js';

/** @throws {UsageError} the camera has no folder */
export function chooseCameras(
  names: readonly string[],
  camera: string | undefined,
  dir: string,
): readonly string[] {
  if (camera === undefined) return names;
  if (names.includes(camera)) return [camera];
  const hint = names.length === 0 ? 'none has sent anything yet' : `cameras: ${names.join(' ')}`;
  throw new UsageError(`camera ${camera} has sent nothing to ${dir}`, { hint });
}

/**
 * No camera is no answer where no receiver has stored: it may be the mount point of a disk that is away.
 * @throws {OperationalError} UNREADABLE
 */
export async function requireUsed(names: readonly string[], dir: string): Promise<void> {
  if (names.length > 0 || (await ifExists(lstat(join(dir, markerName)))) !== undefined) return;
  throw unused(dir, 'mount the disk of the captures, or name their directory: --dir DIR');
}

/** As `requireUsed`: the prefix may be misspelt. @throws {OperationalError} UNREADABLE, STORE */
export async function requireUsedBucket(
  names: readonly string[],
  place: string,
  client: S3Client,
): Promise<void> {
  if (names.length > 0 || (await hasBucketId(client))) return;
  throw unused(place, 'name the bucket and the prefix that a receiver stores in: --dir');
}

function unused(place: string, hint: string): OperationalError {
  const message = `${place} has no camera, and no receiver has stored there: it has no ${markerName}`;
  return new OperationalError('UNREADABLE', message, { hint });
}
