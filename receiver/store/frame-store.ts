/**
 * Keeps frames as files below the captures directory. When `put` resolves the frame is on the disk under
 * its final name; a file under its final name is whole, always. What frames are and who sends them is the
 * sessions' business.
 */
import { randomUUID } from 'node:crypto';
import { access, constants, mkdir, readFile, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { flushToDisk, makeDirectory, writeNewFile } from '../../shared/durable-file.js';
import { OperationalError, systemCode } from '../../shared/errors.js';
import {
  type FrameMoment,
  type FramePath,
  clockedPath,
  isPlausibleClock,
  numberedName,
  unclockedPath,
} from '../../shared/frame-path.js';
import { publishFile } from './publish.js';

export interface FrameToStore extends FrameMoment {
  /** A checked camera name: it becomes a folder. */
  readonly camera: string;
  readonly jpeg: Buffer;
  /** What names the frame for ever; undefined for a raw frame, which is never taken for a repeat. */
  readonly id: { readonly epoch: string; readonly sequence: number } | undefined;
}

export interface StoredFrame {
  /** Relative to the captures directory, with `/`. */
  readonly name: string;
  /** True when the frame was there already; it is on the disk all the same. */
  readonly duplicate: boolean;
}

export interface FrameStore {
  /**
   * Stores a frame durably.
   * @throws {OperationalError} STORE: it is not stored, no file has its final name; worth trying again
   */
  put(frame: FrameToStore): Promise<StoredFrame>;
}

/** Where unfinished files live: beside the camera's days, so on the same file system. */
const incomingFolder = '.incoming';
/** An unfinished file lives for as long as one write: this old, its process is dead. */
const abandonedAfterMs = 10 * 60_000;
/** More equal names than a camera can make in a millisecond: something is wrong. */
const maxSameName = 10_000;

/**
 * Opens the captures directory, makes it when it is missing, removes what killed processes left unfinished.
 * @throws {OperationalError} STORE when it is no directory or cannot be written
 */
export async function openFrameStore(directory: string, nowMs: number): Promise<FrameStore> {
  try {
    await mkdir(directory, { recursive: true });
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    await removeAbandoned(directory, nowMs);
  } catch (cause) {
    throw storeError(`cannot use the captures directory ${directory}`, cause);
  }
  return {
    async put(frame) {
      try {
        return await putFrame(directory, frame);
      } catch (cause) {
        throw storeError(`cannot store a frame of ${frame.camera} in ${directory}`, cause);
      }
    },
  };
}

async function putFrame(directory: string, frame: FrameToStore): Promise<StoredFrame> {
  const path = pathOf(frame);
  const folder = join(directory, path.folder);
  const incoming = join(directory, frame.camera, incomingFolder);
  // Only below the captures directory: one that was unmounted must not come back as an empty folder.
  for (const each of [join(directory, frame.camera), folder, incoming]) await makeDirectory(each);

  const temporary = join(incoming, `${randomUUID()}.part`);
  try {
    // An absurd clock is not the file's time either: it keeps the time of arrival.
    const isClocked = isPlausibleClock(frame.capturedAtMs);
    await writeNewFile(
      temporary,
      frame.jpeg,
      isClocked ? { modifiedAtMs: frame.capturedAtMs } : undefined,
    );
    for (let n = 1; n <= maxSameName; n += 1) {
      const fileName = numberedName(path.stem, n);
      const final = join(folder, fileName);
      const name = `${path.folder}/${fileName}`;
      if (await publishFile(temporary, final)) {
        await flushToDisk(folder);
        return { name, duplicate: false };
      }
      if (frame.id !== undefined && (await hasContent(final, frame.jpeg))) {
        // Whoever wrote it may not have come as far as flushing it.
        await flushToDisk(final);
        await flushToDisk(folder);
        await unlink(temporary);
        return { name, duplicate: true };
      }
    }
    throw new Error(`there are ${maxSameName} files named ${path.stem}`);
  } catch (error) {
    await removeIfThere(temporary);
    throw error;
  }
}

function pathOf(frame: FrameToStore): FramePath {
  if (frame.id === undefined || isPlausibleClock(frame.capturedAtMs)) {
    return clockedPath(frame.camera, frame);
  }
  return unclockedPath(frame.camera, frame.id.epoch, frame.id.sequence);
}

async function hasContent(path: string, bytes: Buffer): Promise<boolean> {
  if ((await stat(path)).size !== bytes.length) return false;
  return (await readFile(path)).equals(bytes);
}

async function removeAbandoned(directory: string, nowMs: number): Promise<void> {
  for (const camera of await readdir(directory, { withFileTypes: true })) {
    if (!camera.isDirectory()) continue;
    const incoming = join(directory, camera.name, incomingFolder);
    for (const name of await namesIn(incoming)) {
      if (!name.endsWith('.part')) continue;
      // Its modification time may be the capture's; when it was made and renamed tells its age.
      const { ctimeMs } = await stat(join(incoming, name));
      if (nowMs - ctimeMs > abandonedAfterMs) await removeIfThere(join(incoming, name));
    }
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch {
    // On a broken disk the first error is the one to tell; the file is removed at a later start.
  }
}

const hints: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: make room',
  EDQUOT: 'the quota is used up: make room',
  EROFS: 'the file system is read-only: remount it',
  EACCES: 'let this user write there, or choose another --dir',
  EPERM: 'let this user write there, or choose another --dir',
  ENOENT: 'is it unmounted, or was it removed? Put it back or restart the receiver',
  ENOTDIR: 'something in the path is a file: choose another --dir',
  EEXIST: 'something in the path is a file: choose another --dir',
  EIO: 'the disk has errors: look at the kernel log',
};

function storeError(message: string, cause: unknown): OperationalError {
  const hint = hints[systemCode(cause) ?? ''];
  return new OperationalError('STORE', message, { cause, ...(hint !== undefined && { hint }) });
}
