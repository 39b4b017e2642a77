/**
 * Reads what the records of a captures directory say about its cameras in a range of their local time. Reads only, and
 * follows no link: a running receiver may append meanwhile.
 */
import { OperationalError, describeError, systemCode } from '../../shared/cli/errors.js';
import { clockedPath, isDayName, unclockedFolder } from '../../shared/protocol/frame-path.js';
import { naturalOrder } from '../../shared/natural-order.js';
import { recordName } from '../store/day-record.js';
import { Folder, openIfFolder } from '../store/folder.js';
import { CameraDay, type CameraDayResult } from './camera-day.js';
import type { LocalRange } from './camera-zone.js';
import { cameraPattern } from './frame-entry.js';
import { readRecord } from './record-reader.js';

export interface CameraReport extends CameraDayResult {
  readonly camera: string;
  /** When the newest entry arrived; undefined: there is no record. */
  readonly lastArrivalMs: number | undefined;
  /** Nothing arrived since then, for longer than the camera's reports allow. */
  readonly silentSinceMs: number | undefined;
  /** Frames in each minute of the range. */
  readonly frameMinutes: Uint32Array;
  /** Lines of these days that are unknown or cut off. */
  readonly skippedLines: number;
  /** Records that cannot be read, as sentences. */
  readonly problems: readonly string[];
}

export interface ReportWish {
  readonly range: LocalRange;
  readonly nowMs: number;
  /** This machine's. */
  readonly utcOffsetMinutes: number;
}

/** Reports that a camera may miss until it is silent. */
const missedReports = 3;
/** A camera that reports more often may still pause for so long. */
const minEveryMs = 10_000;
/** How far back the gap of a missing number is searched. */
const maxEarlierDays = 31;
const unclocked = unclockedFolder('').slice(1);

/** @param command of the receiver, for the hint @throws {OperationalError} STORE: the directory cannot be read */
export async function openCaptures(directory: string, command = 'report'): Promise<Folder> {
  try {
    return await Folder.open(directory);
  } catch (cause) {
    const isDenied = systemCode(cause) === 'EACCES';
    const hint = isDenied ? `sudo receiver ${command}` : 'name the captures directory: --dir DIR';
    throw new OperationalError('STORE', `cannot read ${directory}`, { cause, hint });
  }
}

/** Names of the folders of cameras that have a day, sorted. @throws a system error */
export async function camerasIn(captures: Folder): Promise<string[]> {
  const names: string[] = [];
  for await (const name of captures.names()) {
    if (!cameraPattern.test(name)) continue;
    const hasDay = await within(captures, [name], async (folder) => {
      for await (const each of folder.names())
        if (isDayName(each) || each === unclocked) return true;
      return false;
    });
    if (hasDay === true) names.push(name);
  }
  return names.sort(naturalOrder);
}

/**
 * Calls `act` with each day folder of a camera, also with those of frames without a clock, sorted.
 * @param dayMs only that day: its midnight as if its zone were UTC
 * @throws a system error
 */
export async function daysOf(
  captures: Folder,
  camera: string,
  dayMs: number | undefined,
  act: (path: string, folder: Folder) => Promise<void>,
): Promise<void> {
  const only = dayMs === undefined ? undefined : dayName(dayMs);
  for (const parent of [[camera], [camera, unclocked]]) {
    await within(captures, parent, async (above) => {
      const names: string[] = [];
      for await (const name of above.names()) {
        if (isDayName(name) && (only === undefined || name === only)) names.push(name);
      }
      for (const name of names.sort()) {
        await within(above, [name], (folder) => act([...parent, name].join('/'), folder));
      }
    });
  }
}

/** @throws a system error */
export async function readCamera(
  captures: Folder,
  camera: string,
  { range, nowMs, utcOffsetMinutes }: ReportWish,
): Promise<CameraReport> {
  const reading = new CameraReading(camera, range);
  const read = await within(captures, [camera], (folder) => reading.run(folder));
  const result = reading.day.result({
    ...{ nowMs, utcOffsetMinutes },
    hasOtherDays: read?.hasOtherDays ?? false,
  });
  const { arrivedAtMs = -Infinity } = result;
  const lastMs = Math.max(arrivedAtMs, read?.appendedAtMs ?? -Infinity);
  const lastArrivalMs = Number.isFinite(lastMs) ? lastMs : undefined;
  const silentSinceMs = isSilent(result, lastMs, nowMs) ? lastArrivalMs : undefined;
  return {
    ...result,
    ...{ camera, lastArrivalMs, silentSinceMs },
    ...{ skippedLines: reading.skippedLines, problems: reading.problems },
    frameMinutes: reading.day.frameMinutes,
  };
}

/**
 * Whether a camera is silent: its reports are late.
 * @param lastMs when its newest entry arrived, or was appended
 */
export function isSilent(
  {
    everyMs,
    reportedAtMs = -Infinity,
    arrivedAtMs = -Infinity,
  }: Pick<CameraDayResult, 'everyMs' | 'reportedAtMs' | 'arrivedAtMs'>,
  lastMs: number,
  nowMs: number,
): boolean {
  if (everyMs === undefined) return false;
  const patienceMs = missedReports * Math.max(everyMs, minEveryMs);
  // An agent that was replaced by 0.1 sends entries, and no report.
  return arrivedAtMs - reportedAtMs <= patienceMs && nowMs - lastMs > patienceMs;
}

class CameraReading {
  readonly day: CameraDay;
  readonly problems: string[] = [];
  skippedLines = 0;
  readonly #camera: string;
  readonly #range: LocalRange;

  constructor(camera: string, range: LocalRange) {
    this.#camera = camera;
    this.#range = range;
    this.day = new CameraDay(range);
  }

  /** @returns whether it has days before those that were read, and when the newest line was appended */
  async run(folder: Folder): Promise<{ hasOtherDays: boolean; appendedAtMs: number | undefined }> {
    const days: string[] = [];
    for await (const name of folder.names()) if (isDayName(name)) days.push(name);
    days.sort();
    const { fromLocalMs, toLocalMs } = this.#range;
    const [from, to] = [dayName(fromLocalMs), dayName(toLocalMs - 1)];
    const inRange = days.filter((day) => from <= day && day <= to);
    const before = days.filter((day) => day < from);
    const after = days.filter((day) => day > to);
    const neighbours = [...before.slice(-1), ...after.slice(0, 1), ...after.slice(-1)];
    // The newest day has the last report.
    if (after.length === 0 && inRange.length === 0) neighbours.push(...before.slice(-1));
    const appended = [await this.#newestAppend(folder, days)];
    for (const day of new Set([...inRange, ...neighbours])) {
      const isOfRange = inRange.includes(day);
      await this.#read(folder, [day], isOfRange);
    }
    await within(folder, [unclocked], async (parent) => {
      const names: string[] = [];
      for await (const name of parent.names()) if (isDayName(name)) names.push(name);
      appended.push(await this.#newestAppend(parent, names));
      for (const name of names.sort()) {
        if (from <= name && name <= to) await this.#read(parent, [name], true, true);
      }
    });
    const earlier = before.slice(0, -1).slice(-maxEarlierDays).reverse();
    for (const day of earlier) {
      // A gap is in the day of its first frame, and may name numbers of later days.
      if (this.day.missing().count === 0) break;
      await this.#read(folder, [day], false);
    }
    const known = appended.filter((each) => each !== undefined);
    return {
      hasOtherDays: before.length > 1,
      appendedAtMs: known.length === 0 ? undefined : Math.max(...known),
    };
  }

  async #read(
    parent: Folder,
    path: readonly string[],
    isOfRange: boolean,
    isUnclocked = false,
  ): Promise<void> {
    try {
      await within(parent, path, async (folder) => {
        const read = await readRecord(folder, (entry) => {
          // A record that was copied from another camera is not this one's.
          if (entry.camera !== undefined && entry.camera !== this.#camera) return;
          this.day.add(entry, isUnclocked);
        });
        if (isOfRange) this.skippedLines += read?.skippedLines ?? 0;
        if (isOfRange && read === undefined && (await hasFrames(folder))) {
          this.problems.push(`there is no record of ${path.join('/')}: receiver reindex writes it`);
        }
      });
    } catch (error) {
      this.problems.push(`cannot read the record of ${path.join('/')}: ${describeError(error)}`);
    }
  }

  /** An entry of an earlier day that arrives late is appended to that day's record. */
  async #newestAppend(parent: Folder, days: readonly string[]): Promise<number | undefined> {
    let newestMs: number | undefined;
    for (const day of days) {
      await within(parent, [day], (folder) => {
        const stats = folder.lstat(recordName);
        if (stats?.isFile() === true) {
          newestMs = Math.max(newestMs ?? -Infinity, Number(stats.mtimeMs));
        }
        return Promise.resolve();
      });
    }
    return newestMs;
  }
}

async function hasFrames(folder: Folder): Promise<boolean> {
  for await (const name of folder.names()) if (name.endsWith('.jpg')) return true;
  return false;
}

/** `2026_11_22` */
export const dayName = (localMs: number): string =>
  clockedPath('', { capturedAtMs: localMs, utcOffsetMinutes: 0 }).folder.slice(1);

/** Calls `act` with a folder below another. @returns undefined: there is none; links and files are none */
export async function within<T>(
  parent: Folder,
  path: readonly string[],
  act: (folder: Folder) => Promise<T>,
): Promise<T | undefined> {
  const [name, ...rest] = path;
  if (name === undefined) return await act(parent);
  const folder = await openIfFolder(parent, name);
  try {
    return folder && (await within(folder, rest, act));
  } finally {
    await folder?.close();
  }
}
