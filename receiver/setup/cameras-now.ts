/** What `status` and `doctor` say of each camera. */
import { ago, counted, humanDuration, humanSize } from '../../shared/cli/humanize.js';
import { type ClockError, clockText, wrongClocks } from '../archive/camera-clocks.js';
import { type CameraSurvey, surveyCaptures } from '../store/captures-survey.js';

export interface CameraNow extends CameraSurvey {
  /** Undefined: nothing shows that its clock is wrong. */
  readonly clockError: ClockError | undefined;
}

/** A frame that is this far ahead was not captured just now. */
const aheadMs = 60_000;

/** Sorted by name. @param utcOffsetMinutes this machine's @throws a system error */
export async function camerasNow(
  directory: string,
  nowMs: number,
  utcOffsetMinutes: number,
): Promise<readonly CameraNow[]> {
  return await withClocks(
    directory,
    await surveyCaptures(directory, nowMs, utcOffsetMinutes),
    nowMs,
  );
}

/** @param directory with the records: of the captures, or the mirror of a bucket @throws a system error */
export async function withClocks(
  directory: string,
  surveys: readonly CameraSurvey[],
  nowMs: number,
): Promise<readonly CameraNow[]> {
  const clocks = await wrongClocks(directory, nowMs);
  return surveys.map((survey) => ({ ...survey, clockError: clocks.get(survey.camera) }));
}

/** `last frame 3 s ago, 12 frames today (1.2 MB)`, and what is wrong with its clock. */
export function cameraText(
  { lastMs, todayFrames, todayBytes, clockError }: CameraNow,
  nowMs: number,
): string {
  const today = `${counted(todayFrames, 'frame')} today (${humanSize(todayBytes)})`;
  const clock = clockError === undefined ? '' : `; ${clockText(clockError)}`;
  return `${lastText(lastMs, todayFrames, nowMs)}, ${today}${clock}`;
}

function lastText(lastMs: number | undefined, todayFrames: number, nowMs: number): string {
  if (lastMs === undefined) return todayFrames > 0 ? 'last frame at an unknown time' : 'no frame';
  if (lastMs - nowMs <= aheadMs) return `last frame ${ago(lastMs, nowMs)}`;
  return `last frame dated ${humanDuration(lastMs - nowMs)} ahead`;
}
