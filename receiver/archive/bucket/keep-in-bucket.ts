/** A bucket, as frames are kept in it. */
import { BucketCaptures } from '../../store/s3/bucket-captures.js';
import { addNotes } from '../../store/s3/record-writer.js';
import { readPieces } from '../../store/s3/bucket-record.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import { readRecordLine } from '../record-entry.js';
import { dayPathOf } from '../retention/day-total.js';
import type { KeepingStore } from '../retention/keep.js';

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
