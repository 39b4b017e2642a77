/**
 * Deletes frames of a day in a bucket. The steps, and what a crash after each one leaves:
 *
 *   1. the lease names the day      nothing is deleted; the next sweep finds nothing to finish
 *   2. `deleted` lines, an object   the frames are gone by the record, their objects are not empty: the next sweep empties
 *                                   them, and an agent that repeats one gets a duplicate
 *   3. objects emptied              the same for those that are left
 *   4. the lease names no day       nothing is left to do
 */
import { mapAtOnce } from '../../store/at-once.js';
import { emptyFrame } from '../../store/s3/bucket-frames.js';
import { addNotes } from '../../store/s3/record-writer.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import { maxNoteNames } from '../../store/store-note.js';
import { notesOf } from '../retention/delete-frames.js';
import type { PlanFrame, PlannedFrame } from '../retention/chosen-frames.js';
import type { SweepLease } from './sweep-lease.js';

/** Frames whose lines are one object. */
const batchFrames = 8 * maxNoteNames;
/** Two requests each. */
const emptiedAtOnce = 16;

/** @param frames that are in the bucket with their recorded size @throws {OperationalError} STORE: some may be deleted */
export async function deleteObjects(
  client: S3Client,
  lease: SweepLease,
  day: { readonly path: string; readonly camera: string },
  frames: readonly PlannedFrame[],
  nowMs: number,
): Promise<void> {
  for (let at = 0; at < frames.length; at += batchFrames) {
    const batch = frames.slice(at, at + batchFrames);
    await lease.check();
    await addNotes(client, day.path, notesOf(day.camera, batch, nowMs));
    await emptyObjects(client, day.path, batch);
  }
}

/** Empties the objects of frames that are deleted by the record already. @throws {OperationalError} STORE */
export async function emptyObjects(
  client: S3Client,
  day: string,
  frames: readonly (PlanFrame & { readonly why?: string })[],
): Promise<void> {
  await mapAtOnce(frames, emptiedAtOnce, ({ name, why = 'deleted' }) =>
    emptyFrame(client, `${day}/${name}`, why),
  );
}
