/** A bucket, as verify and export read it: objects are loaded, nothing is changed. Receivers may store meanwhile. */
import { isDayName, unclockedFolder } from '../../../shared/protocol/frame-path.js';
import { BucketCaptures } from '../../store/s3/bucket-captures.js';
import { unreadableErasures } from '../../store/s3/bucket-erasures.js';
import { piecesFolder } from '../../store/s3/bucket-record.js';
import { recordName } from '../../store/day-record.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import { BucketDay, answered } from './bucket-day.js';
import type { DayFolder, OtherName, VerifySource } from './day-folder.js';

const unclocked = unclockedFolder('').slice(1);

export class BucketSource implements VerifySource {
  readonly #client: S3Client;
  readonly #sinceMs: number | undefined;

  /** @param sinceMs days that end before, and whose record is older, are left out */
  constructor(client: S3Client, sinceMs?: number) {
    this.#client = client;
    this.#sinceMs = sinceMs;
  }

  async cameras(): Promise<readonly string[]> {
    return await answered(() => new BucketCaptures(this.#client).cameras());
  }

  async days(
    camera: string,
    act: (day: DayFolder) => Promise<void>,
    onOther: (other: OtherName) => void,
  ): Promise<void> {
    const { folders, files } = await answered(() => this.#client.below(`${camera}/`));
    for (const name of [...folders.filter((each) => each !== unclocked), ...files]) {
      if (folders.includes(name) && isDayName(name)) continue;
      onOther({ path: `${camera}/${name}`, kind: 'foreign-file', why: 'not a day' });
    }
    for (const name of folders.filter(isDayName).sort()) {
      await this.#act(camera, `${camera}/${name}`, act);
    }
    if (!folders.includes(unclocked)) return;
    const above = unclockedFolder(camera);
    const below = await answered(() => this.#client.below(`${above}/`));
    // Version 0.1 stored such frames without a folder for the day.
    await this.#act(camera, above, act);
    for (const name of below.folders.filter(isDayName).sort()) {
      await this.#act(camera, `${above}/${name}`, act);
    }
  }

  async badErasures(camera: string): Promise<readonly OtherName[]> {
    const keys = await answered(() => unreadableErasures(this.#client, camera));
    return keys.map((path) => ({ path, kind: 'unreadable-erasure', why: 'no erasure' }));
  }

  /** Receivers hold no names: each camera may be sending. */
  isSending(): boolean {
    return true;
  }

  async #act(camera: string, path: string, act: (day: DayFolder) => Promise<void>): Promise<void> {
    if (await this.#isWanted(path)) await act(new BucketDay(this.#client, camera, path));
  }

  /** An entry of an earlier day that arrives late is added to that day's record. */
  async #isWanted(path: string): Promise<boolean> {
    const sinceMs = this.#sinceMs;
    if (sinceMs === undefined) return true;
    const day = path.slice(path.lastIndexOf('/') + 1).replaceAll('_', '-');
    // A local day ends up to twelve hours after the day in UTC.
    if (Date.parse(`${day}T00:00Z`) + 36 * 3_600_000 >= sinceMs) return true;
    return await answered(async () => {
      for (const start of [`${path}/${recordName}`, `${path}/${piecesFolder}/`]) {
        for await (const { modifiedAtMs } of this.#client.list(start)) {
          if (modifiedAtMs >= sinceMs) return true;
        }
      }
      return false;
    });
  }
}
