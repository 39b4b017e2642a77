/**
 * Which epoch speaks for a camera, over all processes that use a captures directory: `.locks/<camera>`, held
 * with flock(2) for as long as a connection lives, so that the lock goes with its process. Connections of one
 * epoch share it; the file says which epoch, and which connection came last: the others see it and end.
 *
 * Whoever is the last to hold a file removes it, under an exclusive lock. So a lock counts only when the file
 * still has its name after it was locked.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, constants } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { flock } from '../../shared/files/flock.js';
import { Folder, openIfFolder, openOrMake } from './folder.js';
import { isAbandoned } from './unfinished.js';

const folderName = '.locks';
/** A process that is about to end, and one that just looks, hold the lock for a moment. */
const attempts = 10;
const betweenAttemptsMs = 100;
/** How soon an older connection of the same epoch sees that it was replaced. */
const lookEveryMs = 3000;
/** How many looks until the file is marked as in use, so that no start takes it for one left over. */
const looksBetweenMarks = 50;
/** Files left over by killed processes that one start looks at; a process is run for each. */
const maxRemovedAtStart = 100;
/** Written over in place: every holder's line has the same length. */
const lineBytes = 128;

export interface CameraClaim {
  /** A checked camera name: it becomes a file's. */
  readonly camera: string;
  readonly epoch: string;
  /** Called once when a newer connection of the same epoch has come. */
  readonly onReplaced: () => void;
}

/** The name, until it is released. */
export interface CameraLock {
  release(): Promise<void>;
}

const holderLine = v.object({ epoch: v.string(), connection: v.string() });
type Holder = v.InferOutput<typeof holderLine>;

/** @returns undefined when another epoch has it @throws a system error: nothing is held */
export async function lockCamera(
  directory: string,
  { camera, epoch, onReplaced }: CameraClaim,
): Promise<CameraLock | undefined> {
  const folder = await openLocks(directory);
  const self: Holder = { epoch, connection: randomUUID() };
  try {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (attempt > 0) await delay(betweenAttemptsMs);
      const file = await enter(folder, camera, self);
      if (file !== undefined) return held({ folder, camera, file }, self, onReplaced);
    }
  } catch (error) {
    await folder.close();
    throw error;
  }
  await folder.close();
  return undefined;
}

/** Removes the files of processes that were killed, if nobody holds them. @throws a system error */
export async function removeIdleLocks(root: Folder, nowMs: number): Promise<void> {
  const folder = await openIfFolder(root, folderName);
  if (folder === undefined) return;
  try {
    let removed = 0;
    for await (const camera of folder.names()) {
      const look = await folder.look(camera);
      if (look?.isFile() !== true || !isAbandoned(look, nowMs)) continue;
      const file = await folder.openFile(camera, constants.O_RDWR);
      await end({ folder, camera, file });
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

/** One attempt. @returns undefined when it is another's now */
async function enter(
  folder: Folder,
  camera: string,
  self: Holder,
): Promise<FileHandle | undefined> {
  const file = await folder.openFile(camera, constants.O_RDWR | constants.O_CREAT);
  try {
    const isOurs = await lock(folder, camera, file, self);
    if (isOurs && (await isNamed({ folder, camera, file }))) return file;
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
    await write(file, self);
    // From exclusive to shared there is a gap, in which another may come: then it is theirs.
    return await tryLock(file, 'shared');
  }
  if (!(await tryLock(file, 'shared'))) return false;
  if ((await readHolder(folder, camera))?.epoch !== self.epoch) return false;
  await write(file, self);
  return true;
}

/** Whether the file that is open has its name still: who holds it last removes it. */
async function isNamed({ folder, camera, file }: LockFile): Promise<boolean> {
  const [look, { dev, ino }] = await Promise.all([
    folder.look(camera),
    file.stat({ bigint: true }),
  ]);
  return look?.dev === dev && look.ino === ino;
}

function held(locked: LockFile, self: Holder, onReplaced: () => void): CameraLock {
  const { folder, camera, file } = locked;
  let isOver = false;
  let looks = 0;
  /** What is under way: the folder must not be closed under it. */
  let looking = Promise.resolve();
  const look = async (): Promise<void> => {
    looks += 1;
    if (looks % looksBetweenMarks === 0) {
      const now = new Date();
      await file.utimes(now, now).catch(() => undefined); // a disk that is full or away
    }
    const holder = await readHolder(folder, camera);
    if (isOver || holder === undefined || holder.connection === self.connection) return;
    clearInterval(timer);
    onReplaced();
  };
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, lookEveryMs);
  timer.unref();
  return {
    async release() {
      if (isOver) return;
      isOver = true;
      clearInterval(timer);
      await looking;
      try {
        await end(locked);
      } finally {
        await folder.close();
      }
    },
  };
}

/** Gives a lock back, and removes its file if nobody else holds it. */
async function end(locked: LockFile): Promise<void> {
  const { folder, camera, file } = locked;
  try {
    // Nobody holds it now, and whoever locks it later sees that it has no name any more.
    if ((await tryLock(file, 'exclusive')) && (await isNamed(locked))) {
      await folder.removeIfThere(camera);
    }
  } finally {
    await file.close();
  }
}

/** @returns false when another process holds it. Where the file system has no locks there is no other process. */
async function tryLock(file: FileHandle, mode: 'exclusive' | 'shared'): Promise<boolean> {
  return (await flock(file, { mode })) !== 'held';
}

async function write(file: FileHandle, self: Holder): Promise<void> {
  await file.write(`${JSON.stringify(self).padEnd(lineBytes - 1)}\n`, 0);
}

/** Never rejects: what cannot be read says nothing. */
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
    return undefined; // unmounted, or written by hand
  }
}
