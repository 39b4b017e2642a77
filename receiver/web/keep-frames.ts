/** Keeps frames for the viewer, as `receiver keep` does: by a process that may write into the captures directory. */
import * as v from 'valibot';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import type { Clock } from '../../shared/clock.js';
import { openCaptures } from '../archive/captures-reader.js';
import { cameraPattern, eventPattern } from '../archive/frame-entry.js';
import {
  type KeepTarget,
  type KeepWish as KeepFacts,
  keepFrames,
} from '../archive/retention/keep.js';
import { keepingDirectory } from '../archive/retention/keep-in-directory.js';
import { within } from '../archive/retention/store-totals.js';
import { withSweepLock } from '../archive/retention/sweep-lock.js';
import type { Folder } from '../store/folder.js';
import type { S3Client } from '../store/s3/s3-client.js';
import type { KeepAnswer, KeepWish } from './api-types.js';
import { frameAtLine } from './queries/record-lines.js';
import { HttpError } from './server/answers.js';
import { badRequest } from './server/parameters.js';

const wishSchema = v.object({
  camera: v.pipe(v.string(), v.regex(cameraPattern)),
  event: v.optional(v.pipe(v.string(), v.regex(eventPattern))),
  frame: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^frame\/[a-z0-9-]+\/\d{4}_\d\d_\d\d\/\d{1,15}\/[0-9a-f]{64}\.jpg$/),
    ),
  ),
  keep: v.boolean(),
  note: v.optional(v.pipe(v.string(), v.maxLength(1000), v.regex(/^[^\p{Cc}]*$/u))),
});
/** A sweep of the receiver takes seconds. */
const waitS = 10;

/** @returns the wish, checked @throws {HttpError} 400 */
export function checkKeepWish(value: unknown): KeepWish {
  const read = v.safeParse(wishSchema, value);
  if (!read.success) throw badRequest('keep needs a camera, an event or a frame, and keep');
  if ((read.output.event === undefined) === (read.output.frame === undefined)) {
    throw badRequest('keep needs either an event or a frame');
  }
  return read.output;
}

/**
 * @param directory of the captures, or the mirror of the bucket
 * @param client of the bucket @throws {HttpError} there is no such frame or event; a system error
 */
export async function keepInStore(
  directory: string,
  wish: unknown,
  clock: Clock,
  client?: S3Client,
): Promise<KeepAnswer> {
  const root = await openCaptures(directory, 'web');
  try {
    const { camera, event, frame, keep, note } = checkKeepWish(wish);
    const target: KeepTarget | undefined =
      event === undefined
        ? await fileOf(root, frame ?? '', camera)
        : { kind: 'event', camera, event };
    if (target === undefined) throw gone();
    const kind = keep ? 'kept' : 'unkept';
    const facts = { kind, note, atMs: clock.nowMs() } as const;
    if (client !== undefined) await keepInBucket(client, target, facts, clock);
    else await withSweepLock(root, waitS, () => keepFrames(keepingDirectory(root), target, facts));
    return { waiting: false };
  } catch (error) {
    if (error instanceof OperationalError && error.code === 'STORE') throw gone(error.message);
    if (['EACCES', 'EPERM', 'EROFS'].includes(systemCode(error) ?? '')) {
      const message = 'this viewer may only read the captures: receiver keep keeps a frame';
      throw new HttpError(403, 'not-allowed', message);
    }
    throw error;
  } finally {
    await root.close();
  }
}

/** Keeps frames of a bucket: a viewer of it notices by the hint. */
async function keepInBucket(
  client: S3Client,
  target: KeepTarget,
  wish: KeepFacts,
  clock: Clock,
): Promise<void> {
  const [{ keepingBucket }, { withSweepLease }, { putHint }] = await Promise.all([
    import('../archive/bucket/keep-in-bucket.js'),
    import('../archive/bucket/sweep-lease.js'),
    import('../store/s3/bucket-hints.js'),
  ]);
  const lease = { client, clock, waitMs: waitS * 1000 };
  const kept = await withSweepLease(lease, () => keepFrames(keepingBucket(client), target, wish));
  await putHint(client, kept.days, clock.nowMs()).catch(() => undefined);
}

async function fileOf(root: Folder, url: string, camera: string): Promise<KeepTarget | undefined> {
  const [, ofCamera = '', day = '', lineAt, hash = ''] = url.replace(/\.jpg$/, '').split('/');
  if (ofCamera !== camera) throw badRequest(`the frame ${url} is not one of ${camera}`);
  const entry = await within(root, camera, (folder) =>
    within(folder, day, (inner) => frameAtLine(inner, Number(lineAt))),
  );
  if (entry?.sha256 !== hash) return undefined;
  return { kind: 'file', camera, day: `${camera}/${day}`, name: entry.name };
}

const gone = (message = 'the record has no such frame any more'): HttpError =>
  new HttpError(410, 'gone', message);
