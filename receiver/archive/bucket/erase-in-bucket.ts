/**
 * Removes a stretch of a camera's time from a bucket, as erase.ts from a directory: frames, and their lines with hash,
 * decision and signature. The steps, and what a crash after each one leaves:
 *
 *   1. the erasure is in the bucket     no receiver stores frames of the stretch once it knows it
 *   2. receivers have learnt of it      the same; until then some may store frames
 *   3. frames are deleted, day by day   some are left: the same erasure again removes them
 *   4. their lines are taken out        the same
 */
import type { Clock } from '../../../shared/clock.js';
import { OperationalError, describeError } from '../../../shared/cli/errors.js';
import { mapAtOnce } from '../../store/at-once.js';
import { type Erasure, isErased } from '../../store/erasures.js';
import { BucketCaptures } from '../../store/s3/bucket-captures.js';
import { addErasure, erasuresMaxAgeMs } from '../../store/s3/bucket-erasures.js';
import { emptyFrame } from '../../store/s3/bucket-frames.js';
import { hintOfChange } from '../../store/s3/bucket-hints.js';
import { readAtOnce, readPieces } from '../../store/s3/bucket-record.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import {
  type DayFrames,
  DayStretch,
  type Erased,
  type Stretch,
  mayHave,
  noDays,
  withDay,
} from '../erase-stretch.js';
import { readRecordLine } from '../record-entry.js';
import { compactDay } from './compact-day.js';
import { deleteObjects, finishUnfinished } from './delete-objects.js';
import { type SweepLease, withSweepLease } from './sweep-lease.js';

export interface ErasingParts {
  readonly client: S3Client;
  readonly clock: Clock;
  /** Until each receiver knows a new erasure. Shorter in tests. */
  readonly learnMs?: number;
}

interface DayObjects extends DayFrames {
  readonly path: string;
  /** Sizes of the frames that are there. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** How long to wait for a sweep. */
const leaseWaitMs = 60_000;
/** A clock may be a little faster than another one. */
const learnMarginMs = 1000;

/** @throws {OperationalError} STORE */
export async function readStretchOf(client: S3Client, erasure: Erasure): Promise<Stretch> {
  let stretch = noDays;
  await eachDay(client, erasure, (day) => {
    stretch = withDay(stretch, day, (name) => day.sizes.has(name));
    return Promise.resolve();
  });
  return stretch;
}

/**
 * @param check as of `erase` @throws {OperationalError} STORE: another process deletes frames, or the erasure cannot be
 *   stored
 */
export async function eraseInBucket(
  parts: ErasingParts,
  erasure: Erasure,
  check?: (stretch: Stretch) => void,
): Promise<Erased> {
  const { client, clock, learnMs = erasuresMaxAgeMs + learnMarginMs } = parts;
  return await withSweepLease({ client, clock, waitMs: leaseWaitMs }, async (lease) => {
    check?.(await readStretchOf(client, erasure));
    // The lease names one day: that of an erasure would take its place.
    await finishUnfinished(client, lease);
    await addErasure(client, erasure);
    await clock.sleep(learnMs);
    let [frames, byteCount, days] = [0, 0, 0];
    const left: string[] = [];
    await eachDay(client, erasure, async (day) => {
      try {
        // After a kill the next sweep empties the objects.
        await lease.begin(day.path);
        const done = await eraseDay(client, lease, erasure, day);
        left.push(...done.left.map((name) => `${day.path}/${name} is not the frame of the record`));
        frames += done.frames;
        byteCount += done.byteCount;
        if (done.frames > 0) days += 1;
        await lease.end();
      } catch (error) {
        left.push(`${day.path}: ${describeError(error)}`);
      }
      await hintOfChange(client, day.path, clock.nowMs());
    });
    return { frames, byteCount, days, left };
  });
}

async function eraseDay(client: S3Client, lease: SweepLease, erasure: Erasure, day: DayObjects) {
  const { camera, atMs } = erasure;
  const { path, sizes, unrecorded } = day;
  const there = day.recorded.filter(({ name }) => sizes.has(name));
  const own = there.filter(({ name, byteCount }) => sizes.get(name) === byteCount);
  if (own.length > 0) await deleteObjects(client, lease, { path, camera }, own, atMs);
  await mapAtOnce(unrecorded, readAtOnce, (name) =>
    emptyFrame(client, `${path}/${name}`, 'erased'),
  );
  const left = new Set(there.filter((frame) => !own.includes(frame)).map(({ name }) => name));
  await compactDay(client, path, {
    ...{ camera, atMs, why: 'erased' },
    isGone: (entry) =>
      entry.kind === 'frame' && isErased([erasure], entry) && !left.has(entry.name),
  });
  const byteCount = own.reduce((sum, frame) => sum + frame.byteCount, 0);
  return { frames: own.length + unrecorded.length, byteCount, left: [...left] };
}

/** Calls `act` with each day that may have frames of the stretch. @throws {OperationalError} STORE, and what `act` throws */
async function eachDay(
  client: S3Client,
  erasure: Erasure,
  act: (day: DayObjects) => Promise<void>,
): Promise<void> {
  const captures = new BucketCaptures(client);
  const days = await captures.days(erasure.camera);
  if (days.length === 0) {
    throw new OperationalError('STORE', `${client.place()} has no camera ${erasure.camera}`);
  }
  let keptBefore: readonly string[] = [];
  for (const path of days.filter((each) => mayHave(erasure, each))) {
    const stretch = new DayStretch(erasure, keptBefore);
    for (const text of (await readPieces(client, path)).lines) {
      const line = readRecordLine(text);
      if (line !== undefined) stretch.add(line);
    }
    const facts = stretch.facts();
    keptBefore = facts.keptEvents;
    const files = await captures.frames(path);
    const sizes = new Map(files.map(({ name, byteCount }) => [name, byteCount]));
    const unrecorded = [...sizes.keys()].filter((name) => stretch.isUnrecorded(name));
    await act({ ...facts, path, sizes, unrecorded });
  }
}
