/**
 * A bucket, as it is swept: records are read from their mirror, frames are objects. Only days that a plan loads are
 * listed.
 */
import type { Clock } from '../../../shared/clock.js';
import type { Folder } from '../../store/folder.js';
import { BucketCaptures } from '../../store/s3/bucket-captures.js';
import { hintOfChange } from '../../store/s3/bucket-hints.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import { noteLine } from '../../store/store-note.js';
import type { Compaction } from '../compact-record.js';
import type { RecordMirror } from '../mirror/record-mirror.js';
import type { FrameLook } from '../retention/day-frames.js';
import type { DayPath } from '../retention/day-total.js';
import { notesOf } from '../retention/delete-frames.js';
import type { PlanFrame, PlannedFrame } from '../retention/chosen-frames.js';
import type { SweepHold, SweptDay, SweptStore } from '../retention/swept-store.js';
import { compactDay } from './compact-day.js';
import { deleteObjects, emptyObjects } from './delete-objects.js';
import { DayTidying } from './day-tidying.js';
import { SweepLease } from './sweep-lease.js';

export interface SweptBucketParts {
  readonly client: S3Client;
  readonly mirror: RecordMirror;
  readonly clock: Clock;
}

/** The newest days of a camera, in which most entries are stored. */
const newestDays = 2;
/** Others are looked at so often. */
const allEveryMs = 3_600_000;

export class SweptBucket implements SweptStore {
  readonly #parts: SweptBucketParts;
  readonly #tidying: DayTidying;
  #lease: SweepLease | undefined;
  #allAtMs = -Infinity;

  constructor(parts: SweptBucketParts) {
    this.#parts = parts;
    this.#tidying = new DayTidying(parts.client);
  }

  async refresh(): Promise<void> {
    const { mirror, clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#allAtMs < allEveryMs) {
      await mirror.refresh((days) => days.filter(isClocked).slice(-newestDays));
      return;
    }
    await mirror.refresh();
    this.#allAtMs = nowMs;
  }

  async refreshDay(path: string): Promise<boolean> {
    await this.#parts.mirror.refreshDay(path);
    return true;
  }

  async hold(_root: Folder, waitS: number): Promise<SweepHold | undefined> {
    const { client, clock } = this.#parts;
    this.#lease = await SweepLease.take(client, clock, waitS * 1000);
    return this.#lease;
  }

  async look(_folder: Folder, path: string): Promise<FrameLook> {
    const files = await new BucketCaptures(this.#parts.client).frames(path);
    const sizes = new Map(files.map(({ name, byteCount }) => [name, byteCount]));
    return {
      has: (name) => sizes.has(name),
      foreign({ name, byteCount }) {
        const size = sizes.get(name) ?? byteCount;
        return size === byteCount
          ? undefined
          : `an object of ${size} bytes instead of ${byteCount}`;
      },
    };
  }

  async deleteFrames(
    _folder: Folder,
    day: Pick<DayPath, 'path' | 'camera'>,
    frames: readonly PlannedFrame[],
    nowMs: number,
  ) {
    const { client, clock } = this.#parts;
    await deleteObjects(client, this.#held(), day, frames, nowMs);
    await hintOfChange(client, day.path, clock.nowMs());
    await this.refreshDay(day.path);
    const notes = notesOf(day.camera, frames, nowMs);
    const recordBytes = notes.reduce((sum, note) => sum + noteLine(note).length, 0);
    return { frames, recordBytes };
  }

  async finishDeletion(_folder: Folder, path: string, frames: readonly PlanFrame[]): Promise<void> {
    await this.#held().check();
    await emptyObjects(this.#parts.client, path, frames);
  }

  async compact(_folder: Folder, path: string, compaction: Compaction): Promise<number> {
    const { client, clock } = this.#parts;
    await this.#held().check();
    const count = await compactDay(client, path, compaction);
    if (count > 0) await hintOfChange(client, path, clock.nowMs());
    await this.refreshDay(path);
    return count;
  }

  async tidy(days: readonly SweptDay[], nowMs: number): Promise<void> {
    const lease = this.#held();
    await this.#tidying.run(days, nowMs, () => lease.check());
    lease.noteSwept();
  }

  #held(): SweepLease {
    if (this.#lease === undefined) throw new Error('no sweep runs');
    return this.#lease;
  }
}

const isClocked = (day: string): boolean => !day.includes('/unclocked');
