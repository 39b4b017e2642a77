/** Reads the state of a spool from the disk, read-only; an agent may run meanwhile. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifExists } from '../../shared/files/if-exists.js';
import { parseEntryName } from './entry-name.js';

export interface SpoolSurvey {
  /** The folder's name, which has host and port of the receiver: `laptop_4444`. */
  readonly receiver: string;
  readonly waitingFrames: number;
  readonly waitingBytes: number;
  /** Frames that the receiver refused for good, and their bytes. */
  readonly asideFrames: number;
  readonly asideBytes: number;
  /** Capture time of the oldest waiting frame. */
  readonly oldestMs: number | undefined;
  /** Capture time of the newest frame for this receiver, waiting or delivered. */
  readonly newestMs: number | undefined;
}

/** One survey for each receiver; empty when there is no spool. @throws a system error such as EACCES */
export async function surveySpool(root: string): Promise<readonly SpoolSurvey[]> {
  const names = ((await ifExists(readdir(root))) ?? []).filter((name) => /_\d+$/.test(name));
  return Promise.all(names.map((name) => surveyFolder(join(root, name), name)));
}

async function surveyFolder(folder: string, receiver: string): Promise<SpoolSurvey> {
  let waitingFrames = 0;
  let waitingBytes = 0;
  let oldestMs: number | undefined;
  let newestMs: number | undefined;
  for (const name of (await ifExists(readdir(folder))) ?? []) {
    const kind = parseEntryName(name)?.kind;
    if (kind !== 'frame' && kind !== 'sent') continue;
    const found = await ifExists(stat(join(folder, name)));
    if (found === undefined) continue; // delivered meanwhile
    // A tombstone that was a frame has its time; an empty one has that of its own write.
    if (found.size > 0) newestMs = Math.max(newestMs ?? 0, found.mtimeMs);
    if (kind === 'sent') continue;
    waitingFrames += 1;
    waitingBytes += found.size;
    oldestMs = Math.min(oldestMs ?? Infinity, found.mtimeMs);
  }
  const aside = await framesIn(join(folder, 'rejected'));
  const asideBytes = aside.reduce((sum, bytes) => sum + bytes, 0);
  const waiting = { waitingFrames, waitingBytes, asideFrames: aside.length, asideBytes };
  return { receiver, ...waiting, oldestMs, newestMs };
}

/** @returns the size of each frame, bytes */
async function framesIn(folder: string): Promise<number[]> {
  const names = ((await ifExists(readdir(folder))) ?? []).filter(
    (name) => parseEntryName(name)?.kind === 'frame',
  );
  const found = await Promise.all(names.map((name) => ifExists(stat(join(folder, name)))));
  return found.flatMap((stats) => stats?.size ?? []);
}
