/** Reads a captures directory, without changing it: each camera's last frame, and its frames of today. */
import {
  clockedPath,
  isDayName,
  parseFrameName,
  unclockedFolder,
} from '../../shared/protocol/frame-path.js';
import { naturalOrder } from '../../shared/natural-order.js';
import { Folder, openIfFolder } from './folder.js';

export interface CameraSurvey {
  readonly camera: string;
  /** Capture time of its last frame. */
  readonly lastMs: number | undefined;
  /** Frames, and their bytes, in the folder of this machine's current day. */
  readonly todayFrames: number;
  readonly todayBytes: number;
}

/** One survey for each camera, by name. @param utcOffsetMinutes this machine's @throws a system error */
export async function surveyCaptures(
  directory: string,
  nowMs: number,
  utcOffsetMinutes: number,
): Promise<readonly CameraSurvey[]> {
  const today = clockedPath('', { capturedAtMs: nowMs, utcOffsetMinutes }).folder.slice(1);
  const root = await Folder.open(directory);
  try {
    const names = (await namesIn(root)).filter((name) => /^[a-z0-9]/.test(name)).sort(naturalOrder);
    const surveys: CameraSurvey[] = [];
    for (const name of names) {
      await within(root, [name], async (camera) => {
        const sums = [await sum(camera, [today]), await sum(camera, [...unclocked, today])];
        surveys.push({
          camera: name,
          lastMs: await lastFrame(camera),
          todayFrames: sums.reduce((total, { frames }) => total + frames, 0),
          todayBytes: sums.reduce((total, { bytes }) => total + bytes, 0),
        });
      });
    }
    return surveys;
  } finally {
    await root.close();
  }
}

/** Days sort as text; within a day the names are compared by time, since the offset from UTC may change. */
async function lastFrame(camera: Folder): Promise<number | undefined> {
  const days = (await namesIn(camera)).filter(isDayName);
  for (const day of days.sort().reverse()) {
    let lastMs: number | undefined;
    await within(camera, [day], async (folder) => {
      for await (const name of folder.names()) {
        const atMs = parseFrameName(name)?.capturedAtMs;
        if (atMs === undefined || atMs <= (lastMs ?? -Infinity)) continue;
        // An empty file is no frame: version 0.1 could leave one when it was killed.
        if (folder.lstat(name)?.size !== 0n) lastMs = atMs;
      }
    });
    if (lastMs !== undefined) return lastMs;
  }
  return undefined;
}

const unclocked = unclockedFolder('').split('/').slice(1);

/** Frames in a folder below a camera's. */
async function sum(camera: Folder, path: readonly string[]) {
  let [frames, bytes] = [0, 0];
  await within(camera, path, async (folder) => {
    for await (const name of folder.names()) {
      if (!name.endsWith('.jpg')) continue;
      const stats = folder.lstat(name);
      if (stats?.isFile() !== true || stats.size === 0n) continue;
      frames += 1;
      bytes += Number(stats.size);
    }
  });
  return { frames, bytes };
}

/** Calls `act` with a folder below another, if it exists; links and files are skipped. */
async function within(
  parent: Folder,
  path: readonly string[],
  act: (folder: Folder) => Promise<void>,
): Promise<void> {
  const [name, ...rest] = path;
  if (name === undefined) {
    await act(parent);
    return;
  }
  const folder = await openIfFolder(parent, name);
  try {
    if (folder !== undefined) await within(folder, rest, act);
  } finally {
    await folder?.close();
  }
}

async function namesIn(folder: Folder): Promise<string[]> {
  const names: string[] = [];
  for await (const name of folder.names()) names.push(name);
  return names;
}
