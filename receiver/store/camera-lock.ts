/**
 * Which epoch holds a camera's name, over all processes that use a captures directory: `.locks/<camera>`, locked
 * with flock(2) while a connection lives, so that the lock ends with its process. Connections of one epoch share
 * the lock; the file names the epoch and its newest connection: the older ones read it and end.
 *
 * The last holder of a file removes it, under an exclusive lock. So a lock is valid only when the file still has
 * its name after it was locked.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, constants } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { flock } from '../../shared/files/flock.js';
import { Folder, openIfFolder, openOrMake } from './folder.js';
import { isAbandoned } from './unfinished.js';

const folderName = '.locks';
/** An ending process, and one that only checks, hold the lock for a moment. */
const attempts = 10;
const betweenAttemptsMs = 100;
/** An older connection of the same epoch notices within this time that it was replaced. */
const checkEveryMs = 3000;
/** Checks until the file's times are renewed, so that no starting process takes it for an abandoned one. */
const checksPerTouch = 50;
/** Abandoned files that one start removes; each takes a process of flock(1). */
const maxRemovedAtStart = 100;
/** The file is overwritten in place: every holder's line has the same length. */
const lineBytes = 128;

export interface CameraClaim {
  /** A valid camera name: it is used as a file name. */
  readonly camera: string;
  readonly epoch: string;
  /** Called once, when a newer connection of the same epoch holds the lock. */
  readonly onReplaced: () => void;
}

/** A held lock. */
export interface CameraLock {
  release(): Promise<void>;
}

const holderLine = v.object({ epoch: v.string(), connection: v.string() });
type Holder = v.InferOutput<typeof holderLine>;

/** @returns undefined when another epoch holds it @throws a system error: the lock is not held */
export async function lockCamera(
  directory: string,
  { camera, epoch, onReplaced }: CameraClaim,
): Promise<CameraLock | undefined> {
  const folder = await openLocks(directory);
  const self: Holder = { epoch, connection: randomUUID() };
  try {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (attempt > 0) await delay(betweenAttemptsMs);
      const file = await tryAcquire(folder, camera, self);
      if (file !== undefined) return watchLock({ folder, camera, file }, self, onReplaced);
    }
  } catch (error) {
    await folder.close();
    throw error;
  }
  await folder.close();
  return undefined;
}

/** Removes the files of killed processes, unless a process holds them. @throws a system error */
export async function removeIdleLocks(root: Folder, nowMs: number): Promise<void> {
  const folder = await openIfFolder(root, folderName);
  if (folder === undefined) return;
  try {
    let removed = 0;
    for await (const camera of folder.names()) {
      const stats = await folder.lstat(camera);
      if (stats?.isFile() !== true || !isAbandoned(stats, nowMs)) continue;
      const file = await folder.openFile(camera, constants.O_RDWR);
      await closeAndRemove({ folder, camera, file });
      removed += 1;
      if (removed === maxRemovedAtStart) return;
    }
  } finally {
    await folder.close();
  }
}

async function openLocks(directory: string): Promise<Folder> {
  const root = await Folder.open(directory);
  try {
    return await openOrMake(root, folderName);
  } finally {
    await root.close();
  }
}

interface LockFile {
  readonly folder: Folder;
  /** The file's name. */
  readonly camera: string;
  readonly file: FileHandle;
}

/** One attempt. @returns undefined when another process holds it */
async function tryAcquire(
  folder: Folder,
  camera: string,
  self: Holder,
): Promise<FileHandle | undefined> {
  const file = await folder.openFile(camera, constants.O_RDWR | constants.O_CREAT);
  try {
    const isLocked = await lock(folder, camera, file, self);
    if (isLocked && (await isNamed({ folder, camera, file }))) return file;
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return undefined;
}

async function lock(
  folder: Folder,
  camera: string,
  file: FileHandle,
  self: Holder,
): Promise<boolean> {
  if (await tryLock(file, 'exclusive')) {
    await writeHolder(file, self);
    // flock(2) converts exclusive to shared by unlocking first: another process may lock in between.
    return await tryLock(file, 'shared');
  }
  if (!(await tryLock(file, 'shared'))) return false;
  if ((await readHolder(folder, camera))?.epoch !== self.epoch) return false;
  await writeHolder(file, self);
  return true;
}

/** Whether the open file still has its name: its last holder removes it. */
async function isNamed({ folder, camera, file }: LockFile): Promise<boolean> {
  const [stats, { dev, ino }] = await Promise.all([
    folder.lstat(camera),
    file.stat({ bigint: true }),
  ]);
  return stats?.dev === dev && stats.ino === ino;
}

/** Calls `onReplaced` when the file names a newer connection. */
function watchLock(locked: LockFile, self: Holder, onReplaced: () => void): CameraLock {
  const { folder, camera, file } = locked;
  let isReleased = false;
  let checkCount = 0;
  /** The running check: the folder must not be closed before it ends. */
  let checking = Promise.resolve();
  const check = async (): Promise<void> => {
    checkCount += 1;
    if (checkCount % checksPerTouch === 0) {
      const now = new Date();
      await file.utimes(now, now).catch(() => undefined); // the disk is full or unmounted
    }
    const holder = await readHolder(folder, camera);
    if (isReleased || holder === undefined || holder.connection === self.connection) return;
    clearInterval(timer);
    onReplaced();
  };
  const timer = setInterval(() => {
    checking = checking.then(check);
  }, checkEveryMs);
  timer.unref();
  return {
    async release() {
      if (isReleased) return;
      isReleased = true;
      clearInterval(timer);
      await checking;
      try {
        await closeAndRemove(locked);
      } finally {
        await folder.close();
      }
    },
  };
}

/** Closes a lock's file, and removes it when no other process holds it. */
async function closeAndRemove(locked: LockFile): Promise<void> {
  const { folder, camera, file } = locked;
  try {
    // No other process holds it now, and one that locks it later finds it without its name.
    if ((await tryLock(file, 'exclusive')) && (await isNamed(locked))) {
      await folder.removeIfThere(camera);
    }
  } finally {
    await file.close();
  }
}

/** @returns false when another process holds it. A file system without locks is taken to have one process. */
async function tryLock(file: FileHandle, mode: 'exclusive' | 'shared'): Promise<boolean> {
  return (await flock(file, { mode })) !== 'held';
}

async function writeHolder(file: FileHandle, self: Holder): Promise<void> {
  await file.write(`${JSON.stringify(self).padEnd(lineBytes - 1)}\n`, 0);
}

/** Never rejects. @returns undefined when the file cannot be read */
async function readHolder(folder: Folder, camera: string): Promise<Holder | undefined> {
  try {
    const file = await folder.openFile(camera, constants.O_RDONLY);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(lineBytes), 0, lineBytes, 0);
      return v.parse(holderLine, JSON.parse(buffer.toString('utf8', 0, bytesRead)));
    } finally {
      await file.close();
    }
  } catch {
    return undefined; // unmounted, or edited by a user
  }
}
