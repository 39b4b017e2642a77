/** A bucket that is copied into; receivers may store in it meanwhile. */
import { recordName } from '../../store/day-record.js';
import type { Erasure } from '../../store/erasures.js';
import { BucketCaptures } from '../../store/s3/bucket-captures.js';
import { addErasure } from '../../store/s3/bucket-erasures.js';
import { hashOf } from '../../store/s3/bucket-frames.js';
import { openBucketMarker } from '../../store/s3/bucket-marker.js';
import { BucketRecords } from '../../store/s3/record-writer.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import type { CopyTarget, FrameToCopy, Held } from './copy-target.js';

/** @throws {OperationalError} STORE: the bucket cannot be used */
export async function openBucketTarget(client: S3Client): Promise<BucketTarget> {
  await openBucketMarker(client, false);
  return new BucketTarget(client);
}

export class BucketTarget extends BucketCaptures implements CopyTarget {
  readonly #client: S3Client;
  readonly #records: BucketRecords;

  constructor(client: S3Client) {
    super(client);
    this.#client = client;
    this.#records = new BucketRecords(client);
  }

  async close(): Promise<void> {
    await this.#records.settled();
    this.#client.close();
  }

  /** The object store has checked the MD5 of what it stored: the hash in the metadata is that of the bytes. */
  async holds(path: string, sha256: string): Promise<Held> {
    const found = await this.#client.head(path);
    if (found === undefined) return 'nothing';
    if (found.byteCount === 0) return 'deleted';
    const known =
      found.metadata.sha256 ?? hashOf((await this.#client.get(path)) ?? Buffer.alloc(0));
    return known === sha256 ? 'the same' : 'other bytes';
  }

  async addFrame({ path, jpeg, sha256, key }: FrameToCopy): Promise<Held> {
    const metadata = { sha256, ...(key !== undefined && { frame: key }) };
    if (await this.#client.putNew(path, jpeg, metadata)) return 'nothing';
    return await this.holds(path, sha256);
  }

  /** An object that was written is there. */
  flush(): Promise<void> {
    return Promise.resolve();
  }

  async addLines(day: string, lines: Buffer): Promise<void> {
    if (await this.#client.putNew(`${day}/${recordName}`, lines)) return;
    await this.#records.add(day, lines);
  }

  async addErasure(erasure: Erasure): Promise<void> {
    await addErasure(this.#client, erasure);
  }
}
