/** Looks at a captures directory without touching it: what each camera sent last, and how much today. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../shared/errors.js';
import { clockedPath, parseFrameName } from '../../shared/frame-path.js';

export interface CameraSurvey {
  readonly camera: string;
  /** When its last frame was captured. */
  readonly lastMs: number | undefined;
  /** Frames in the folder of the day that it is here, and their bytes. */
  readonly todayFrames: number;
  readonly todayBytes: number;
}

/** One survey a camera, by name. @param utcOffsetMinutes this machine's @throws a system error */
export async function surveyCaptures(
  directory: string,
  nowMs: number,
  utcOffsetMinutes: number,
): Promise<readonly CameraSurvey[]> {
  const today = clockedPath('', { capturedAtMs: nowMs, utcOffsetMinutes }).folder.slice(1);
  const entries = await readdir(directory, { withFileTypes: true });
  const cameras = entries.filter((entry) => entry.isDirectory() && /^[a-z0-9]/.test(entry.name));
  const surveys: CameraSurvey[] = [];
  for (const { name } of cameras.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const folder = join(directory, name);
    surveys.push({ camera: name, lastMs: await lastFrame(folder), ...(await sum(folder, today)) });
  }
  return surveys;
}

/** Days and moments sort as text, as far as the offset from UTC does not change. */
async function lastFrame(folder: string): Promise<number | undefined> {
  const days = (await readdir(folder)).filter((name) => /^\d{4}_\d\d_\d\d$/.test(name));
  for (const day of days.sort().reverse()) {
    const moments = (await namesIn(join(folder, day))).flatMap((name) => {
      const atMs = parseFrameName(name)?.capturedAtMs;
      return atMs === undefined ? [] : [atMs];
    });
    if (moments.length > 0) return moments.reduce((last, each) => Math.max(last, each));
  }
  return undefined;
}

async function sum(folder: string, day: string) {
  let todayFrames = 0;
  let todayBytes = 0;
  for (const name of await namesIn(join(folder, day))) {
    if (!name.endsWith('.jpg')) continue;
    todayFrames += 1;
    todayBytes += await sizeOf(join(folder, day, name));
  }
  return { todayFrames, todayBytes };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    // Gone meanwhile, or a file in a folder's place.
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return [];
    throw error;
  }
}

/** Of a file that was removed meanwhile, 0. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 0;
    throw error;
  }
}
