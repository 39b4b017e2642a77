/**
 * Which epoch speaks for a camera, over all processes that use a captures directory: `.locks/<camera>`, held
 * with flock(2) for as long as a connection lives, so that the lock goes with its process. Connections of one
 * epoch share it; the file says which epoch, and which connection came last: the others see it and end.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { makeDirectory } from '../../shared/durable-file.js';
import { systemCode } from '../../shared/errors.js';
import { runWithFile } from '../run-program.js';
import { isOwnFolder, openOwnFile } from './own-entries.js';

const folderName = '.locks';
/** A process that is about to end, and one that just looks, hold the lock for a moment. */
const attempts = 10;
const betweenAttemptsMs = 100;
/** How soon an older connection of the same epoch sees that it was replaced. */
const lookEveryMs = 3000;
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
  claim: CameraClaim,
): Promise<CameraLock | undefined> {
  const folder = join(directory, folderName);
  if (!(await isOwnFolder(folder))) await makeDirectory(folder);
  const path = join(folder, claim.camera);
  const file = await openOwnFile(path, constants.O_RDWR | constants.O_CREAT);
  try {
    const self: Holder = { epoch: claim.epoch, connection: randomUUID() };
    if (await enter(file, path, self)) return held(file, path, self, claim.onReplaced);
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return undefined;
}

async function enter(file: FileHandle, path: string, self: Holder): Promise<boolean> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (attempt > 0) await delay(betweenAttemptsMs);
    if (await flock(file, 'exclusive')) {
      await write(file, self);
      // From exclusive to shared there is a gap, in which another may come: then it is theirs.
      if (await flock(file, 'shared')) return true;
    } else if (await flock(file, 'shared')) {
      if ((await readHolder(path))?.epoch === self.epoch) {
        await write(file, self);
        return true;
      }
      await flock(file, 'unlock');
    }
  }
  return false;
}

function held(file: FileHandle, path: string, self: Holder, onReplaced: () => void): CameraLock {
  let isOver = false;
  const timer = setInterval(() => {
    void readHolder(path).then((holder) => {
      if (isOver || holder === undefined || holder.connection === self.connection) return;
      clearInterval(timer);
      onReplaced();
    });
  }, lookEveryMs);
  timer.unref();
  return {
    async release() {
      if (isOver) return;
      isOver = true;
      clearInterval(timer);
      await file.close();
    },
  };
}

const modes = { exclusive: '--exclusive', shared: '--shared', unlock: '--unlock' } as const;

/**
 * Node has no flock(2); util-linux locks what it inherits, and the lock stays when it ends.
 * @returns false when another process holds it
 */
async function flock(file: FileHandle, mode: keyof typeof modes): Promise<boolean> {
  try {
    // 1: held by another. Any other failure is a file system that has no locks.
    return (await runWithFile('flock', ['--nonblock', modes[mode], '3'], file.fd)) !== 1;
  } catch (error) {
    // Without util-linux (macOS) there is no systemd to start several of us: one process keeps its own list.
    if (systemCode(error) === 'ENOENT') return true;
    throw error;
  }
}

async function write(file: FileHandle, self: Holder): Promise<void> {
  await file.write(`${JSON.stringify(self).padEnd(lineBytes - 1)}\n`, 0);
}

/** Never rejects: what cannot be read says nothing. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const file = await openOwnFile(path, constants.O_RDONLY);
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
