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
import { BucketCaptures } from '../../store/s3/bucket-captures.js';
import { emptyFrame } from '../../store/s3/bucket-frames.js';
import { readPieces } from '../../store/s3/bucket-record.js';
import { addNotes } from '../../store/s3/record-writer.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import { maxNoteNames } from '../../store/store-note.js';
import { readRecordLine } from '../record-entry.js';
import { notesOf } from '../retention/delete-frames.js';
import type { PlannedFrame } from '../retention/chosen-frames.js';
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

/**
 * Empties what a killed process has left of the frames that the record says are deleted, in the day that the lease names.
 * @throws {OperationalError} STORE: the lease still names the day
 */
export async function finishUnfinished(client: S3Client, lease: SweepLease): Promise<void> {
  const day = await lease.unfinishedDay();
  if (day === undefined) return;
  const recorded = new Map<string, { readonly byteCount: number }>();
  const deleted = new Map<string, string>();
  for (const text of (await readPieces(client, day)).lines) {
    const line = readRecordLine(text);
    if (line?.kind === 'frame') recorded.set(line.name, line);
    if (line?.kind === 'deleted') for (const name of line.names) deleted.set(name, line.why);
  }
  const files = await new BucketCaptures(client).frames(day);
  const own = files.flatMap(({ name, byteCount }) => {
    const why = deleted.get(name);
    return why !== undefined && recorded.get(name)?.byteCount === byteCount ? [{ name, why }] : [];
  });
  await lease.check();
  await emptyObjects(client, day, own);
  await lease.end();
}

/** Empties the objects of frames that are deleted by the record already. @throws {OperationalError} STORE */
export async function emptyObjects(
  client: S3Client,
  day: string,
  frames: readonly { readonly name: string; readonly why?: string }[],
): Promise<void> {
  await mapAtOnce(frames, emptiedAtOnce, ({ name, why = 'deleted' }) =>
    emptyFrame(client, `${day}/${name}`, why),
  );
}
