/** Looks at a spool on the disk without touching it, also while an agent uses it. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../shared/cli/errors.js';
import { parseEntryName } from './entry-name.js';

export interface SpoolSurvey {
  /** The folder's name, `laptop_4444`: the receiver that its frames are for. */
  readonly receiver: string;
  readonly waitingFrames: number;
  readonly waitingBytes: number;
  /** Frames that the receiver refused for good, and their bytes. */
  readonly asideFrames: number;
  readonly asideBytes: number;
  /** When the frame that waits longest was captured. */
  readonly oldestMs: number | undefined;
  /** When the last frame for this receiver was captured, whether it waits or was delivered. */
  readonly newestMs: number | undefined;
}

/** One survey a receiver; none where there is no spool. @throws a system error: EACCES */
export async function surveySpool(root: string): Promise<readonly SpoolSurvey[]> {
  const names = (await namesIn(root)).filter((name) => /_\d+$/.test(name));
  return Promise.all(names.map((name) => surveyFolder(join(root, name), name)));
}

async function surveyFolder(folder: string, receiver: string): Promise<SpoolSurvey> {
  let waitingFrames = 0;
  let waitingBytes = 0;
  let oldestMs: number | undefined;
  let newestMs: number | undefined;
  for (const name of await namesIn(folder)) {
    const kind = parseEntryName(name)?.kind;
    if (kind !== 'frame' && kind !== 'sent') continue;
    const found = await statIfThere(join(folder, name));
    if (found === undefined) continue; // delivered meanwhile
    newestMs = Math.max(newestMs ?? 0, found.mtimeMs);
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

/** @returns the bytes of each */
async function framesIn(folder: string): Promise<number[]> {
  const names = (await namesIn(folder)).filter((name) => parseEntryName(name)?.kind === 'frame');
  const found = await Promise.all(names.map((name) => statIfThere(join(folder, name))));
  return found.flatMap((stats) => stats?.size ?? []);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return [];
    throw error;
  }
}

async function statIfThere(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
