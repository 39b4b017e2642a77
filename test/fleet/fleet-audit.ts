/** Compares what receivers have acknowledged with what the bucket has. */
import { createHash } from 'node:crypto';
import { BucketCaptures } from '../../receiver/store/s3/bucket-captures.js';
import type { S3Client } from '../../receiver/store/s3/s3-client.js';

export interface FleetBook {
  /** Hashes of the frames that cameras have made, with the camera of each. */
  readonly made: ReadonlyMap<string, string>;
  /** Hashes of those that a receiver has acknowledged. */
  readonly acknowledged: ReadonlySet<string>;
  /** Hashes of acknowledged frames that are above a limit. */
  readonly deleted?: ReadonlySet<string>;
}

export interface FleetFindings {
  /** Acknowledged, and not in the bucket. */
  readonly lost: readonly string[];
  /** In the bucket, or in its records, more than once. */
  readonly twice: readonly string[];
  /** In the bucket, and no camera has made it; or under another camera. */
  readonly foreign: readonly string[];
  /** In the bucket and in no record, or in a record and not in the bucket. */
  readonly unmatched: readonly string[];
  /** In the bucket, and above a limit. */
  readonly undeleted: readonly string[];
  readonly storedCount: number;
}

const readAtOnce = 8;

export async function auditFleet(client: S3Client, book: FleetBook): Promise<FleetFindings> {
  const deleted = book.deleted ?? new Set();
  const captures = new BucketCaptures(client);
  const paths = new Map<string, string[]>();
  const [twice, foreign, unmatched]: [string[], string[], string[]] = [[], [], []];
  for (const camera of await captures.cameras()) {
    for (const day of await captures.days(camera)) {
      const stored = new Set<string>();
      for (const [path, hash] of await storedHashes(captures, day)) {
        stored.add(hash);
        paths.set(hash, [...(paths.get(hash) ?? []), path]);
        if (book.made.get(hash) !== camera) foreign.push(path);
      }
      const recorded = recordedHashes(await captures.readRecord(day));
      const known = new Set(recorded);
      const isTwice = (hash: string, at: number): boolean => recorded.indexOf(hash) !== at;
      twice.push(...recorded.filter(isTwice).map((hash) => `${day}: lines of ${hash}`));
      for (const hash of stored) if (!known.has(hash)) unmatched.push(`${day}: no line of ${hash}`);
      for (const hash of known)
        if (!stored.has(hash) && !deleted.has(hash)) unmatched.push(`${day}: only line of ${hash}`);
    }
  }
  for (const each of paths.values()) if (each.length > 1) twice.push(each.join(' = '));
  const lost = [...book.acknowledged].filter((hash) => !paths.has(hash) && !deleted.has(hash));
  const undeleted = [...deleted].flatMap((hash) => paths.get(hash) ?? []);
  return { lost, twice, foreign, unmatched, undeleted, storedCount: paths.size };
}

/** Of the bytes of each frame of a day, by its path. */
async function storedHashes(captures: BucketCaptures, day: string): Promise<[string, string][]> {
  const files = await captures.frames(day);
  const hashes: [string, string][] = [];
  for (let at = 0; at < files.length; at += readAtOnce) {
    const reading = files.slice(at, at + readAtOnce).map(async ({ name }) => {
      const body = (await captures.readFrame(`${day}/${name}`)) ?? Buffer.alloc(0);
      return [`${day}/${name}`, createHash('sha256').update(body).digest('hex')] as [
        string,
        string,
      ];
    });
    hashes.push(...(await Promise.all(reading)));
  }
  return hashes;
}

/** Of the lines of frames. */
function recordedHashes(record: Buffer): string[] {
  return record
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => (JSON.parse(line) as { sha256?: string }).sha256 ?? []);
}
