/** Keeps frames of a bucket. */
import type { Clock } from '../../../shared/clock.js';
import { BucketCaptures } from '../../store/s3/bucket-captures.js';
import { hintOfChange } from '../../store/s3/bucket-hints.js';
import { addNotes } from '../../store/s3/record-writer.js';
import { readPieces } from '../../store/s3/bucket-record.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import { readRecordLine } from '../record-entry.js';
import { dayPathOf } from '../retention/day-total.js';
import {
  type KeepTarget,
  type KeepWish,
  type KeepingStore,
  type Kept,
  keepFrames,
} from '../retention/keep.js';
import { withSweepLease } from './sweep-lease.js';

/**
 * As `keepFrames`, while no other process deletes.
 * @param parts waitMs: for a sweep @throws as `keepFrames`; {OperationalError} STORE: another process deletes for long
 */
export async function keepInBucket(
  parts: { readonly client: S3Client; readonly clock: Clock; readonly waitMs: number },
  target: KeepTarget,
  wish: KeepWish,
): Promise<Kept> {
  const { client, clock } = parts;
  const kept = await withSweepLease(parts, async (lease) => {
    const done = await keepFrames(keepingBucket(client), target, wish);
    await lease.check();
    return done;
  });
  for (const day of kept.days) await hintOfChange(client, day, clock.nowMs());
  return kept;
}

/** @returns the bucket, as frames are kept in it */
export function keepingBucket(client: S3Client): KeepingStore {
  const captures = new BucketCaptures(client);
  return {
    place: client.place().replace(/\/$/, ''),
    days: async (camera) => (await captures.days(camera)).map(dayPathOf),
    async readLines(day, onLine) {
      const { lines } = await readPieces(client, day);
      for (const text of lines) {
        const line = readRecordLine(text);
        if (line !== undefined) onLine(line);
      }
    },
    async hasFrame(day, name) {
      const found = await client.head(`${day}/${name}`);
      return found !== undefined && found.byteCount > 0;
    },
    append: (day, note) => addNotes(client, day, [note]),
  };
}
