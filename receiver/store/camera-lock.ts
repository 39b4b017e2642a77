/**
 * Which epoch holds a camera's name, over all processes that use a captures directory: `.locks/<camera>`, locked
 * with flock(2), so that the lock ends with its process. The file names the epoch and its newest connection: a process
 * to which the same agent has connected again writes itself into it and waits for the lock; the holder reads it,
 * closes its connection and releases the lock.
 *
 * The holder removes the file before it releases the lock, unless a newer connection waits for it. So a lock is valid
 * only when the file still has its name after it was locked.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, constants } from 'node:fs/promises';
import * as v from 'valibot';
import { flock } from '../../shared/files/flock.js';
import { Folder, openIfFolder, openOrMake } from './folder.js';
import type { LockBatches } from './lock-batches.js';
import { isAbandoned } from './unfinished.js';

const folderName = '.locks';
/** A holder that releases the lock removes the file: then the next file is locked. */
const attempts = 10;
/** An ending process holds the lock for a moment. */
const endingWaitS = 1;
/** A holder notices within this time that its agent has connected again. */
const checkEveryMs = 2000;
/** Until the holder has noticed, and closed its connection. */
const replacedWaitS = 6;
/** Checks until the file's times are renewed, so that no starting process takes it for an abandoned one. */
const checksPerTouch = 75;
/** Abandoned files that one start removes; each takes a process of flock(1). */
const maxRemovedAtStart = 100;
/** The file is overwritten in place: every holder's line has the same length. */
const lineBytes = 128;

export interface CameraClaim {
  /** A valid camera name: it is used as a file name. */
  readonly camera: string;
  readonly epoch: string;
  /** Called once, when the same epoch has connected to another process, which waits for the lock. */
  readonly onReplaced: () => void;
}

/** A held lock. */
export interface CameraLock {
  release(): Promise<void>;
}

const holderLine = v.object({ epoch: v.string(), connection: v.string() });
type Holder = v.InferOutput<typeof holderLine>;

/**
 * @param batches of the process
 * @returns undefined when another process holds it
 * @throws a system error: the lock is not held
 */
export async function lockCamera(
  directory: string,
  { camera, epoch, onReplaced }: CameraClaim,
  batches: LockBatches,
): Promise<CameraLock | undefined> {
  const folder = await openLocks(directory);
  const self: Holder = { epoch, connection: randomUUID() };
  try {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const locked = { folder, camera, file: await openLockFile(folder, camera) };
      const result = await acquire(locked, self, batches);
      if (result === 'locked') return watchLock(locked, self, onReplaced);
      await locked.file.close();
      if (result === 'held') break;
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
      const stats = folder.lstat(camera);
      if (stats?.isFile() !== true || !isAbandoned(stats, nowMs)) continue;
      const file = await folder.openFile(camera, constants.O_RDWR);
      try {
        const isIdle = (await flock(file, { mode: 'exclusive' })) !== 'held';
        if (isIdle) await remove({ folder, camera, file });
      } finally {
        await file.close();
      }
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

function openLockFile(folder: Folder, camera: string): Promise<FileHandle> {
  return folder.openFile(camera, constants.O_RDWR | constants.O_CREAT);
}

/**
 * Locks the file; its holder's line then names this connection, or a newer one of the same epoch. A file system without
 * locks is taken to have one process.
 * @returns `removed`: the file has lost its name meanwhile. The file is closed when this throws
 */
async function acquire(
  locked: LockFile,
  self: Holder,
  batches: LockBatches,
): Promise<'locked' | 'held' | 'removed'> {
  const { file } = locked;
  try {
    let isReconnection = await announce(file, self);
    const waitS = isReconnection ? replacedWaitS : endingWaitS;
    let result = await batches.lock(file, waitS);
    if (result === 'held' && !isReconnection) {
      // Both connections may have begun at the same moment, before the holder wrote its line.
      isReconnection = await announce(file, self);
      if (isReconnection) {
        result = await flock(file, { mode: 'exclusive', waitS: replacedWaitS });
      }
    }
    if (result === 'held') return 'held';
    if (!(await isNamed(locked))) return 'removed';
    if (!isReconnection) await writeHolder(file, self);
    return 'locked';
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Tells the holder, if it has the same epoch, that its agent has connected again. @returns whether it has */
async function announce(file: FileHandle, self: Holder): Promise<boolean> {
  if ((await readHolder(file))?.epoch !== self.epoch) return false;
  await writeHolder(file, self);
  return true;
}

/** Whether the open file still has its name: its last holder removes it. */
async function isNamed({ folder, camera, file }: LockFile): Promise<boolean> {
  const { dev, ino } = await file.stat({ bigint: true });
  const stats = folder.lstat(camera);
  return stats?.dev === dev && stats.ino === ino;
}

/** Calls `onReplaced` when the file names a newer connection. */
function watchLock(locked: LockFile, self: Holder, onReplaced: () => void): CameraLock {
  const { folder, file } = locked;
  let isReleased = false;
  let checkCount = 0;
  /** The running check: the file must not be closed before it ends. */
  let checking = Promise.resolve();
  const isReplaced = async (): Promise<boolean> => {
    const holder = await readHolder(file);
    return holder !== undefined && holder.connection !== self.connection;
  };
  const check = async (): Promise<void> => {
    checkCount += 1;
    if (checkCount % checksPerTouch === 0) {
      const now = new Date();
      await file.utimes(now, now).catch(() => undefined); // the disk is full or unmounted
    }
    if (isReleased || !(await isReplaced())) return;
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
        // No other process has the lock, and one that gets it later finds the file without its name.
        if (!(await isReplaced())) await remove(locked);
      } finally {
        await file.close();
        await folder.close();
      }
    },
  };
}

/** Removes a locked file. */
async function remove(locked: LockFile): Promise<void> {
  if (await isNamed(locked)) locked.folder.removeIfThere(locked.camera);
}

async function writeHolder(file: FileHandle, self: Holder): Promise<void> {
  await file.write(`${JSON.stringify(self).padEnd(lineBytes - 1)}\n`, 0);
}

/** Never rejects. @returns undefined when the file cannot be read, or names no holder */
async function readHolder(file: FileHandle): Promise<Holder | undefined> {
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(lineBytes), 0, lineBytes, 0);
    return v.parse(holderLine, JSON.parse(buffer.toString('utf8', 0, bytesRead)));
  } catch {
    return undefined; // new, unmounted, or edited by a user
  }
}
