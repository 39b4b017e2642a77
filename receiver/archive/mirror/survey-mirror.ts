/** Each camera's last frame, and its frames of today, from the records of a bucket. Reads the days that this needs. */
import { clockedPath, unclockedFolder } from '../../../shared/protocol/frame-path.js';
import { naturalOrder } from '../../../shared/natural-order.js';
import { mapAtOnce } from '../../store/at-once.js';
import type { CameraSurvey } from '../../store/captures-survey.js';
import { Folder } from '../../store/folder.js';
import { within } from '../captures-reader.js';
import type { FrameEntry } from '../frame-entry.js';
import { readRecord } from '../record-reader.js';
import type { RecordMirror } from './record-mirror.js';

export interface SurveyMoment {
  readonly nowMs: number;
  /** This machine's. */
  readonly utcOffsetMinutes: number;
}

/** Each reads objects of a day at the same time. */
const camerasAtOnce = 4;

/** One survey for each camera, by name. @throws {OperationalError} STORE: of the bucket, or the cache; a system error */
export async function surveyMirror(
  mirror: RecordMirror,
  { nowMs, utcOffsetMinutes }: SurveyMoment,
): Promise<readonly CameraSurvey[]> {
  const today = clockedPath('', { capturedAtMs: nowMs, utcOffsetMinutes }).folder.slice(1);
  const cameras = await mirror.refreshCameras();
  const root = await Folder.open(mirror.directory);
  try {
    return await mapAtOnce([...cameras].sort(naturalOrder), camerasAtOnce, (camera) =>
      surveyCamera(mirror, root, camera, today),
    );
  } finally {
    await root.close();
  }
}

async function surveyCamera(
  mirror: RecordMirror,
  root: Folder,
  camera: string,
  today: string,
): Promise<CameraSurvey> {
  const days = await mirror.refreshDays(camera);
  const dateOf = (day: string): string => day.slice(day.lastIndexOf('/') + 1);
  const above = `${unclockedFolder(camera)}/`;
  const clocked = days.filter((day) => !day.startsWith(above));
  const unclocked = days.filter((day) => day.startsWith(above));
  let lastMs: number | undefined;
  let [todayFrames, todayBytes] = [0, 0];
  const count = async (day: string): Promise<readonly FrameEntry[]> => {
    await mirror.refreshDay(day);
    const frames = await framesOf(root, day);
    if (dateOf(day) !== today) return frames;
    todayFrames += frames.length;
    for (const { byteCount } of frames) todayBytes += byteCount;
    return frames;
  };
  // The newest of them shows whether the clock is set.
  for (const day of unclocked) {
    if (day === unclocked.at(-1) || dateOf(day) === today) await count(day);
  }
  for (const day of [...clocked].sort().reverse()) {
    if (lastMs !== undefined && dateOf(day) < today) break;
    for (const { capturedAtMs } of await count(day)) {
      if (capturedAtMs > (lastMs ?? -Infinity)) lastMs = capturedAtMs;
    }
  }
  return { camera, lastMs, todayFrames, todayBytes };
}

/** Those that are not deleted. */
async function framesOf(root: Folder, day: string): Promise<readonly FrameEntry[]> {
  const frames = new Map<string, FrameEntry>();
  await within(root, day.split('/'), (folder) =>
    readRecord(folder, (line) => {
      if (line.kind === 'frame') frames.set(line.name, line);
      else if (line.kind === 'deleted') for (const name of line.names) frames.delete(name);
    }),
  );
  return [...frames.values()];
}
