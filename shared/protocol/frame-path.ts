/**
 * A frame's path below the captures directory, as a function of its header: a frame stored twice gets the same
 * name. Only for a camera without a clock the folder depends on the arrival.
 * `frontdoor/2026_11_22/2026_11_22_08_30_15_123+0100.jpg`, the camera's own local time. Pure.
 */

/** 2020-01-01 UTC: an earlier capture time means that the camera has no clock. */
export const earliestPlausibleMs = Date.UTC(2020, 0, 1);
/** The name has a year of four digits. */
const latestPlausibleMs = Date.UTC(9999, 0, 1);
/** UTC-12 to UTC+14 are in use; less than a day leaves room for new offsets. */
export const maxUtcOffsetMinutes = 24 * 60 - 1;

export interface FrameMoment {
  readonly capturedAtMs: number;
  /** The camera's offset from UTC, minutes, east positive. */
  readonly utcOffsetMinutes: number;
}

/** A file's folder and name without `.jpg`, both relative, with `/`. */
export interface FramePath {
  readonly folder: string;
  readonly stem: string;
}

/** The path of a frame with a plausible capture time. */
export function clockedPath(camera: string, moment: FrameMoment): FramePath {
  const { capturedAtMs, utcOffsetMinutes } = moment;
  const local = new Date(capturedAtMs + utcOffsetMinutes * 60_000).toISOString();
  const [date = '', time = ''] = local.slice(0, -1).split('T');
  const day = date.replaceAll('-', '_');
  const clock = time.replaceAll(/[:.]/g, '_');
  return { folder: `${camera}/${day}`, stem: `${day}_${clock}${formatOffset(utcOffsetMinutes)}` };
}

/** The folder for a camera's frames with an implausible capture time; in it a folder for each day of arrival. */
export function unclockedFolder(camera: string): string {
  return `${camera}/unclocked`;
}

/** The path of a frame with an implausible capture time. @param arrival by the receiver's clock */
export function unclockedPath(
  camera: string,
  epoch: string,
  sequence: number,
  arrival: FrameMoment,
): FramePath {
  const { folder } = clockedPath(unclockedFolder(camera), arrival);
  return { folder, stem: `${epoch}-${sequence}` };
}

export function isDayName(name: string): boolean {
  return /^\d{4}_\d\d_\d\d$/.test(name);
}

export function isPlausibleClock(capturedAtMs: number): boolean {
  return capturedAtMs >= earliestPlausibleMs && capturedAtMs < latestPlausibleMs;
}

/** The file name of the n-th frame with the same stem: `.jpg`, `-2.jpg`, `-3.jpg`. */
export function numberedName(stem: string, n: number): string {
  return n === 1 ? `${stem}.jpg` : `${stem}-${n}.jpg`;
}

/** The number in a file name, see `numberedName`; 1 for the plain name, and for names in another format. */
export function nameNumber(fileName: string): number {
  const match = /^(?:[\d_]{23}[+-]\d{4}|[0-9a-f]{16,32}-\d{1,16})(?:-(\d{1,9}))?\.jpg$/.exec(
    fileName,
  );
  return Number(match?.[1] ?? 1);
}

/** Parses a file name to its moment; undefined for a name in another format. */
export function parseFrameName(fileName: string): FrameMoment | undefined {
  const match =
    /^(\d{4})_(\d\d)_(\d\d)_(\d\d)_(\d\d)_(\d\d)_(\d{3})([+-])(\d\d)(\d\d)(?:-(?:[2-9]|[1-9]\d+))?\.jpg$/.exec(
      fileName,
    );
  if (!match) return undefined;
  const [year, month, day, hour, minute, second, ms] = match.slice(1, 8).map(Number);
  const offset = (Number(match[9]) * 60 + Number(match[10])) * (match[8] === '-' ? -1 : 1);
  const localMs = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second, ms);
  const moment = { capturedAtMs: localMs - offset * 60_000, utcOffsetMinutes: offset };
  // Date.UTC turns 31 February into another day, which has another name.
  return fileName.startsWith(clockedPath('', moment).stem) ? moment : undefined;
}

/** A frame of a camera without a clock: epoch and sequence. */
const unclockedName = /^[0-9a-f]{16,32}-\d{1,16}(?:-\d{1,9})?\.jpg$/;

/** Whether a receiver gives such a name to a frame. */
export function isFrameName(fileName: string): boolean {
  return parseFrameName(fileName) !== undefined || unclockedName.test(fileName);
}

function formatOffset(minutes: number): string {
  const size = Math.abs(minutes);
  const digits = [Math.trunc(size / 60), size % 60].map((n) => String(n).padStart(2, '0')).join('');
  return `${minutes < 0 ? '-' : '+'}${digits}`;
}
