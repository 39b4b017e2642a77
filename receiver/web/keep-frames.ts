/** Keeps frames for the viewer, as `receiver keep` does: by a process that may write into the captures directory. */
import * as v from 'valibot';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import type { Clock } from '../../shared/clock.js';
import { openCaptures } from '../archive/captures-reader.js';
import { cameraPattern, eventPattern } from '../archive/frame-entry.js';
import {
  type KeepTarget,
  type KeepWish as KeepFacts,
  NothingToKeep,
  keepFrames,
  readTarget,
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
  file: v.optional(v.pipe(v.string(), v.maxLength(300))),
  keep: v.boolean(),
  note: v.optional(v.pipe(v.string(), v.maxLength(1000), v.regex(/^[^\p{Cc}]*$/u))),
});
/** A sweep of the receiver takes seconds. */
const waitS = 10;

/** @returns the wish, checked @throws {HttpError} 400 */
export function checkKeepWish(value: unknown): KeepWish {
  const read = v.safeParse(wishSchema, value);
  if (!read.success) throw badRequest('keep needs a camera, an event or a frame, and keep');
  const { camera, event, frame, file } = read.output;
  if ([event, frame, file].filter((each) => each !== undefined).length !== 1) {
    throw badRequest('keep needs either an event or a frame');
  }
  if (file !== undefined && fileTarget(file)?.camera !== camera) {
    throw badRequest(`${JSON.stringify(file)} is not the path of a frame of ${camera}`);
  }
  return read.output;
}

function fileTarget(file: string): KeepTarget | undefined {
  const target = readTarget(file, '/');
  return target?.kind === 'file' && file.startsWith(`${target.camera}/`) ? target : undefined;
}

/**
 * The wish for another process: the `url` of a frame has the position of its line, which other record mirrors of the
 * same bucket have elsewhere.
 * @param directory the mirror @throws {HttpError} there is no such frame; a system error
 */
export async function wishByFile(directory: string, value: unknown): Promise<KeepWish> {
  const { frame, ...wish } = checkKeepWish(value);
  if (frame === undefined) return wish;
  const root = await openCaptures(directory, 'web');
  try {
    const target = await fileOf(root, frame, wish.camera);
    if (target?.kind !== 'file') throw gone();
    return { ...wish, file: `${target.day}/${target.name}` };
  } finally {
    await root.close();
  }
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
  if (client !== undefined)
    return await keepInBucket(client, await wishByFile(directory, wish), clock);
  return await asAnswer(async () => {
    const root = await openCaptures(directory, 'web');
    try {
      const { camera, frame, ...checked } = checkKeepWish(wish);
      const target =
        frame === undefined ? targetOf({ camera, ...checked }) : await fileOf(root, frame, camera);
      if (target === undefined) throw gone();
      const store = keepingDirectory(root);
      await withSweepLock(root, waitS, () => keepFrames(store, target, factsOf(checked, clock)));
    } finally {
      await root.close();
    }
  });
}

/**
 * Keeps frames of a bucket: a viewer of it notices by the hint.
 * @param value names an event or a file @throws as `keepInStore`
 */
export async function keepInBucket(
  client: S3Client,
  value: unknown,
  clock: Clock,
): Promise<KeepAnswer> {
  const bucket = await import('../archive/bucket/keep-in-bucket.js');
  return await asAnswer(async () => {
    const wish = checkKeepWish(value);
    const target = targetOf(wish);
    if (target === undefined) throw badRequest('in a bucket keep needs an event or a file');
    const parts = { client, clock, waitMs: waitS * 1000 };
    await bucket.keepInBucket(parts, target, factsOf(wish, clock));
  });
}

/** @returns undefined: the wish names a frame by its `url` */
function targetOf({ camera, event, file }: Omit<KeepWish, 'keep'>): KeepTarget | undefined {
  return event === undefined ? fileTarget(file ?? '') : { kind: 'event', camera, event };
}

const factsOf = ({ keep, note }: Pick<KeepWish, 'keep' | 'note'>, clock: Clock): KeepFacts => ({
  kind: keep ? 'kept' : 'unkept',
  note,
  atMs: clock.nowMs(),
});

/** @throws {HttpError} instead of errors that are an answer */
async function asAnswer(keep: () => Promise<void>): Promise<KeepAnswer> {
  try {
    await keep();
    return { waiting: false };
  } catch (error) {
    if (error instanceof NothingToKeep) throw gone(error.message);
    // A sweep lasts too long, or a bucket does not answer.
    if (error instanceof OperationalError && error.code === 'STORE')
      throw new HttpError(503, 'busy', error.message);
    if (['EACCES', 'EPERM', 'EROFS'].includes(systemCode(error) ?? '')) {
      const message = 'this viewer may only read the captures: receiver keep keeps a frame';
      throw new HttpError(403, 'not-allowed', message);
    }
    throw error;
  }
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
