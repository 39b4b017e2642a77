/**
 * The object `.picchanged.json` of a bucket: its random id, made once, as in a captures directory. Its writing shows
 * whether the object store knows conditional writes: one that ignores the condition would overwrite frames.
 */
import { randomBytes } from 'node:crypto';
import { OperationalError } from '../../../shared/cli/errors.js';
import { type ClosedMark, closedMarkName, closedMarkText } from '../closed-mark.js';
import { markerName } from '../store-marker.js';
import type { S3Client } from './s3-client.js';

/**
 * @param isRequired true: it is not made
 * @returns the id, 32 hex digits
 * @throws {OperationalError} STORE: there is none and it is required, or it has no id, or conditions are ignored
 */
export async function openBucketMarker(client: S3Client, isRequired: boolean): Promise<string> {
  let bytes = await client.get(markerName);
  if (bytes === undefined && isRequired) {
    throw new OperationalError('STORE', `${client.place()} has no ${markerName}`, {
      hint: 'name the bucket that has the captures; a receiver without --require-marker begins a new one',
    });
  }
  if (bytes === undefined) {
    const id = randomBytes(16).toString('hex');
    await client.putNew(markerName, Buffer.from(`${JSON.stringify({ id })}\n`));
    bytes = await client.get(markerName);
  }
  const id = idOf(client, bytes);
  // The same bytes: nothing is lost where the condition is ignored.
  if (await client.putNew(markerName, bytes ?? Buffer.alloc(0))) {
    throw new OperationalError(
      'STORE',
      `the object store of ${client.place()} ignores If-None-Match: it overwrote ${markerName}`,
      { hint: 'frames could overwrite each other there: use a store with conditional writes' },
    );
  }
  return id;
}

/** Writes nothing. @throws {OperationalError} STORE: it has none, or cannot be read */
export async function readBucketId(client: S3Client): Promise<string> {
  const bytes = await client.get(markerName);
  if (bytes !== undefined) return idOf(client, bytes);
  throw new OperationalError('STORE', `${client.place()} has no ${markerName}`, {
    hint: 'name the bucket and the prefix that a receiver stores in',
  });
}

/** Whether a receiver has used the bucket. @throws {OperationalError} STORE: it cannot be read */
export async function hasBucketId(client: S3Client): Promise<boolean> {
  return (await client.get(markerName)) !== undefined;
}

/** @throws {OperationalError} STORE */
function idOf(client: S3Client, bytes: Buffer | undefined): string {
  const id = /"id":\s*"([0-9a-f]{32})"/.exec(bytes?.toString() ?? '')?.[1];
  if (id !== undefined) return id;
  throw new OperationalError('STORE', `${client.place(markerName)} has no id`, {
    hint: 'remove that object: the bucket gets a new id, as a new receiver has',
  });
}

export function bucketMark(client: S3Client): ClosedMark {
  return {
    place: client.place(closedMarkName),
    isMade: async () => (await client.head(closedMarkName)) !== undefined,
    make: async () => {
      await client.putNew(closedMarkName, Buffer.from(closedMarkText));
    },
  };
}
