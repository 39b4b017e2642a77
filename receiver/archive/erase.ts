/**
 * Removes a stretch of a camera's time on purpose: files of frames, and their lines, with hash, decision and signature.
 * What stays is that it was done, and the sequences of the frames. Gaps and reports stay: they say when the camera was
 * watched, and show nothing.
 *
 * The erasure is on the disk first: from then on no frame of the stretch is stored. What a killed erasure has left,
 * the next one of the same stretch removes.
 */
import { constants } from 'node:fs/promises';
import { OperationalError, describeError } from '../../shared/cli/errors.js';
import { type Erasure, erasuresName, isErased, lineOfErasure } from '../store/erasures.js';
import { writeAll } from '../store/file-calls.js';
import { type Folder, openIfFolder } from '../store/folder.js';
import { giveToOwner } from '../store/give-to-owner.js';
import { daysOf, within } from './captures-reader.js';
import { compactRecord } from './compact-record.js';
import { readRecord } from './record-reader.js';
import {
  type DayFrames,
  DayStretch,
  type Erased,
  type Stretch,
  mayHave,
  noDays,
  withDay,
} from './erase-stretch.js';
import { loadDay } from './retention/day-frames.js';
import { dayPathOf } from './retention/day-total.js';
import { deleteFrames, finishDeletion } from './retention/delete-frames.js';
import { sweptDirectory } from './retention/swept-directory.js';
import { type SweepLock, withSweepLock } from './retention/sweep-lock.js';

const appendFlags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;
/** How long to wait for a sweep. */
const lockWaitS = 30;

/** @throws a system error */
export async function readStretch(captures: Folder, erasure: Erasure): Promise<Stretch> {
  let stretch = noDays;
  await eachDay(captures, erasure, (_path, folder, day) => {
    stretch = withDay(stretch, day, (name) => folder.lstat(name) !== undefined);
    return Promise.resolve();
  });
  return stretch;
}

/**
 * @param check throws when the stretch may not be erased: frames may be kept while this waits for the lock
 * @throws a system error; {OperationalError} STORE: another process deletes frames, or there is no such camera
 */
export async function erase(
  captures: Folder,
  erasure: Erasure,
  check?: (stretch: Stretch) => void,
): Promise<Erased> {
  return await withSweepLock(captures, lockWaitS, async (lock) => {
    check?.(await readStretch(captures, erasure));
    await finishUnfinished(captures, lock);
    await recordErasure(captures, erasure);
    let [frames, byteCount, days] = [0, 0, 0];
    const left: string[] = [];
    await eachDay(captures, erasure, async (path, folder, day) => {
      try {
        // After a kill the next sweep removes the files.
        await lock.begin(path);
        const done = await eraseDay(folder, erasure, day);
        left.push(...done.left.map((name) => `${path}/${name} is not the file of the record`));
        frames += done.frames;
        byteCount += done.byteCount;
        if (done.frames > 0) days += 1;
        await lock.end();
      } catch (error) {
        left.push(`${path}: ${describeError(error)}`);
      }
    });
    return { frames, byteCount, days, left };
  });
}

/** What a killed sweep has left: the sweep file names one day, and that of an erasure would take its place. */
async function finishUnfinished(captures: Folder, lock: SweepLock): Promise<void> {
  const path = await lock.unfinishedDay();
  if (path === undefined) return;
  await within(captures, path.split('/'), async (folder) => {
    const day = await loadDay(folder, dayPathOf(path), [], (...place) =>
      sweptDirectory.look(...place),
    );
    await finishDeletion(folder, day?.unfinished ?? []);
  });
  await lock.end();
}

async function eraseDay(folder: Folder, erasure: Erasure, day: DayFrames) {
  const { camera, atMs } = erasure;
  const isThere = ({ name }: { readonly name: string }): boolean =>
    folder.lstat(name) !== undefined;
  const there = day.recorded.filter(isThere);
  if (there.length > 0) await deleteFrames(folder, camera, there, atMs);
  const left = there.filter(isThere).map(({ name }) => name);
  for (const name of day.unrecorded) folder.unlink(name);
  if (day.unrecorded.length > 0) await folder.sync();
  await compactRecord(folder, {
    ...{ camera, atMs, why: 'erased' },
    isGone: (entry) =>
      entry.kind === 'frame' && isErased([erasure], entry) && !isThere({ name: entry.name }),
  });
  const bytes = there.reduce((sum, frame) => sum + frame.byteCount, 0);
  return { frames: there.length - left.length + day.unrecorded.length, byteCount: bytes, left };
}

/** Calls `act` with each day that may have frames of the stretch. @throws a system error, and what `act` throws */
async function eachDay(
  captures: Folder,
  erasure: Erasure,
  act: (path: string, folder: Folder, day: DayFrames) => Promise<void>,
): Promise<void> {
  let keptBefore: readonly string[] = [];
  await daysOf(captures, erasure.camera, undefined, async (path, folder) => {
    if (!mayHave(erasure, path)) return;
    const day = await readDay(folder, erasure, keptBefore);
    keptBefore = day.keptEvents;
    await act(path, folder, day);
  });
}

async function readDay(
  folder: Folder,
  erasure: Erasure,
  keptBefore: readonly string[],
): Promise<DayFrames> {
  const stretch = new DayStretch(erasure, keptBefore);
  await readRecord(folder, (line) => stretch.add(line));
  const unrecorded: string[] = [];
  for await (const name of folder.names()) {
    if (stretch.isUnrecorded(name) && folder.lstat(name)?.isFile() === true) unrecorded.push(name);
  }
  return { ...stretch.facts(), unrecorded };
}

/** Flushes the line of an erasure. */
async function recordErasure(captures: Folder, erasure: Erasure): Promise<void> {
  const folder = await openIfFolder(captures, erasure.camera);
  if (folder === undefined) {
    throw new OperationalError('STORE', `${captures.path} has no camera ${erasure.camera}`);
  }
  try {
    await appendErasure(folder, erasure);
  } finally {
    await folder.close();
  }
}

/** @param folder of the camera @throws a system error */
export async function appendErasure(folder: Folder, erasure: Erasure): Promise<void> {
  const file = await folder.openFile(erasuresName, appendFlags);
  try {
    await giveToOwner(file, folder);
    const { size } = await file.stat();
    // After a line that a crash has cut off.
    writeAll(file.fd, Buffer.from(`${size > 0 ? '\n' : ''}${lineOfErasure(erasure)}`));
    await file.sync();
  } finally {
    await file.close();
  }
  await folder.sync();
}
