/** What a setup has written into the bucket. */
import { mapAtOnce } from '../../../receiver/store/at-once.js';
import { isPiece } from '../../../receiver/store/s3/bucket-record.js';
import type { S3Client } from '../../../receiver/store/s3/s3-client.js';

const removedAtOnce = 16;
const lines = /\/(record\.d\/l-([0-9a-f]+)-(\d+))$/;

/**
 * PUTs of frames and of lines of frames, for each frame. Each writer numbers its objects of lines, so that the highest
 * number of those that are there is how many it has written.
 */
export async function putsAFrame(client: S3Client): Promise<number> {
  let frameCount = 0;
  const written = new Map<string, number>();
  for await (const { key } of client.list('')) {
    if (key.endsWith('.jpg')) frameCount += 1;
    const [, piece = '', writer = '', number = ''] = lines.exec(key) ?? [];
    if (isPiece(piece)) written.set(writer, Math.max(written.get(writer) ?? 0, Number(number)));
  }
  const lineCount = [...written.values()].reduce((sum, each) => sum + each, 0);
  return (frameCount + lineCount) / frameCount;
}

/** The object store of the bench is in memory, and small. */
export async function emptyBucket(client: S3Client): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of client.list('')) keys.push(key);
  await mapAtOnce(keys, removedAtOnce, (key) => client.remove(key));
}
