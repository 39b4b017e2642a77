/** A bucket as a store that is read. Receivers may store meanwhile. */
import { isDayName, isFrameName, unclockedFolder } from '../../../shared/protocol/frame-path.js';
import { naturalOrder } from '../../../shared/natural-order.js';
import {
  type NameRange,
  type StoredCaptures,
  type StoredFile,
  isInRange,
  nameStartAt,
} from '../stored-captures.js';
import type { Erasure } from '../erasures.js';
import { erasuresOf } from './bucket-erasures.js';
import { readBucketRecord } from './bucket-record.js';
import type { S3Client } from './s3-client.js';

const cameraPattern = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** The names of frames begin with hex digits: this is after all of them. */
const afterFrames = 'g';

export class BucketCaptures implements StoredCaptures {
  readonly #client: S3Client;

  constructor(client: S3Client) {
    this.#client = client;
  }

  async cameras(): Promise<readonly string[]> {
    const { folders } = await this.#client.below('');
    const names: string[] = [];
    for (const name of folders.filter((each) => cameraPattern.test(each))) {
      if ((await this.days(name)).length > 0) names.push(name);
    }
    return names.sort(naturalOrder);
  }

  async days(camera: string): Promise<readonly string[]> {
    const above = unclockedFolder(camera);
    const { folders } = await this.#client.below(`${camera}/`);
    const clocked = folders.filter(isDayName).map((name) => `${camera}/${name}`);
    if (!folders.some((name) => `${camera}/${name}` === above)) return clocked;
    const unclocked = await this.#client.below(`${above}/`);
    const days = unclocked.folders.filter(isDayName).map((name) => `${above}/${name}`);
    // Version 0.1 stored such frames in one folder.
    return [...clocked, ...days, ...(unclocked.files.length > 0 ? [above] : [])];
  }

  async frames(day: string, range?: NameRange): Promise<readonly StoredFile[]> {
    const files: StoredFile[] = [];
    const after = range && `${day}/${nameStartAt(range.fromLocalMs)}`;
    for await (const { key, byteCount } of this.#client.list(`${day}/`, after)) {
      const name = key.slice(day.length + 1);
      if (name >= afterFrames || (range && name >= nameStartAt(range.toLocalMs))) break;
      // An empty object is left of a deleted frame.
      if (byteCount > 0 && isFrameName(name) && isInRange(name, range)) {
        files.push({ name, byteCount });
      }
    }
    return files;
  }

  async readFrame(path: string): Promise<Buffer | undefined> {
    const bytes = await this.#client.get(path);
    return bytes?.length === 0 ? undefined : bytes;
  }

  readRecord(day: string): Promise<Buffer> {
    return readBucketRecord(this.#client, day);
  }

  erasures(camera: string): Promise<readonly Erasure[]> {
    return erasuresOf(this.#client, camera);
  }
}
