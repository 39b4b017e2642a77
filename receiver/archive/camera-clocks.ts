/**
 * Which cameras have a wrong clock now, from the entries that arrived last: reports state the difference; a frame that was
 * captured after it arrived, or long before this program existed, shows it without reports.
 */
import { humanDuration } from '../../shared/cli/humanize.js';
import { isDayName, unclockedFolder } from '../../shared/protocol/frame-path.js';
import { recordName } from '../store/day-record.js';
import { Folder } from '../store/folder.js';
import { camerasIn, within } from './captures-reader.js';
import type { RecordLine } from './record-entry.js';
import { readRecord } from './record-reader.js';

/** A smaller difference is not worth a line. */
const maxErrorMs = 60_000;
/** Entries that arrived longer ago say nothing about now. */
const recentMs = 2 * 86_400_000;
/** The end of a record that is read: some hundred lines. */
const tailBytes = 64 * 1024;
const unclocked = unclockedFolder('').slice(1);

/** The camera's clock minus this machine's, when they differ by more than a minute; `unset`: it is before 2020. */
export type ClockError = number | 'unset';

/** @returns cameras with a wrong clock, by name @throws a system error */
export async function wrongClocks(
  directory: string,
  nowMs: number,
): Promise<ReadonlyMap<string, ClockError>> {
  const wrong = new Map<string, ClockError>();
  const captures = await Folder.open(directory);
  try {
    for (const camera of await camerasIn(captures)) {
      const error = await clockOf(captures, camera, nowMs);
      if (error === 'unset' || Math.abs(error) > maxErrorMs) wrong.set(camera, error);
    }
  } finally {
    await captures.close();
  }
  return wrong;
}

export function clockText(error: ClockError): string {
  if (error === 'unset') return 'its clock is not set: its frames are in unclocked/';
  const way = error < 0 ? 'behind' : 'ahead of';
  return `its clock is ${humanDuration(Math.abs(error))} ${way} this machine's`;
}

interface Appended {
  /** Below the camera's folder. */
  readonly path: readonly string[];
  readonly atMs: number;
  readonly size: number;
}

async function clockOf(captures: Folder, camera: string, nowMs: number): Promise<ClockError> {
  const newest = await newestRecord(captures, camera);
  if (newest === undefined || nowMs - newest.atMs > recentMs) return 0;
  let error: ClockError = 0;
  await within(captures, [camera, ...newest.path], async (folder) => {
    // The first line is cut off, and skipped.
    const fromByte = Math.max(0, newest.size - tailBytes);
    await readRecord(folder, (line) => (error = errorIn(line) ?? error), fromByte);
  });
  return newest.path[0] === unclocked ? 'unset' : error;
}

/** @returns undefined: the line says nothing about the clock */
function errorIn(line: RecordLine): number | undefined {
  if (line.kind === 'report') return line.clockErrorMs ?? 0;
  if (line.kind !== 'frame' || line.receivedAtMs === undefined) return undefined;
  // A frame that waited says nothing.
  const aheadMs = line.capturedAtMs - line.receivedAtMs;
  return aheadMs > 0 ? aheadMs : undefined;
}

/** The record that was appended last, of all days: a camera may write into the past or the future. */
async function newestRecord(captures: Folder, camera: string): Promise<Appended | undefined> {
  let newest: Appended | undefined;
  for (const parent of [[], [unclocked]]) {
    await within(captures, [camera, ...parent], async (folder) => {
      for await (const name of folder.names()) {
        if (!isDayName(name)) continue;
        const stats = folder.lstat(`${name}/${recordName}`);
        if (stats?.isFile() !== true || Number(stats.mtimeMs) <= (newest?.atMs ?? 0)) continue;
        newest = { path: [...parent, name], atMs: Number(stats.mtimeMs), size: Number(stats.size) };
      }
    });
  }
  return newest;
}
