/** Keeps frames on purpose, and ends that: notes in the records of their days. */
import { isAbsolute, relative, resolve } from 'node:path';
import { OperationalError, systemCode } from '../../../shared/cli/errors.js';
import { isDayName, isFrameName, unclockedFolder } from '../../../shared/protocol/frame-path.js';
import type { Folder } from '../../store/folder.js';
import { cameraPattern, eventPattern } from '../frame-entry.js';
import { appendNotes } from '../note-appender.js';
import { readRecord } from '../record-reader.js';
import { type DayPath, dayPathOf } from './day-total.js';
import { within, withinAll } from './store-totals.js';

export type KeepTarget =
  | { readonly kind: 'file'; readonly camera: string; readonly day: string; readonly name: string }
  | { readonly kind: 'event'; readonly camera: string; readonly event: string };

export interface KeepWish {
  readonly kind: 'kept' | 'unkept';
  readonly note: string | undefined;
  readonly atMs: number;
}

export interface Kept {
  readonly days: readonly string[];
  readonly frames: number;
}

const dayMs = 86_400_000;
const unclocked = unclockedFolder('').slice(1);
const fileHint =
  'name a file as yard/2026_11_22/2026_11_22_08_30_15_123+0100.jpg, or an event as yard/1795332615123';

/**
 * @param text a file, absolute or relative to the captures directory, or `CAMERA/EVENT`
 * @returns undefined: it is neither
 */
export function readTarget(text: string, directory: string): KeepTarget | undefined {
  const path = isAbsolute(text) ? relative(resolve(directory), text) : text;
  const parts = path.split('/');
  const [camera = '', ...rest] = parts;
  const name = rest.at(-1) ?? '';
  if (!cameraPattern.test(camera)) return undefined;
  const inner = rest.slice(0, -1);
  const isDay = inner.length > 0 && inner.every((each) => isDayName(each) || each === unclocked);
  if (isDay && isFrameName(name)) {
    return { kind: 'file', camera, day: parts.slice(0, -1).join('/'), name };
  }
  const isEvent = rest.length === 1 && eventPattern.test(name) && !isAbsolute(text);
  return isEvent ? { kind: 'event', camera, event: name } : undefined;
}

/**
 * Appends the notes, flushed. The caller holds the sweep lock: no sweep deletes the frames meanwhile.
 * @throws {OperationalError} STORE: there is no such frame or event; or a system error
 */
export async function keepFrames(root: Folder, target: KeepTarget, wish: KeepWish): Promise<Kept> {
  if (target.kind === 'file') return await keepFile(root, target, wish);
  const { camera, event } = target;
  const found = await daysOfEvent(root, camera, event);
  if (found.length === 0) {
    throw new OperationalError(
      'STORE',
      `${root.path} has no frame of an event ${camera}/${event}`,
      {
        hint: fileHint,
      },
    );
  }
  const { kind, note, atMs } = wish;
  for (const { path } of found) {
    await withinAll(root, path.split('/'), (folder) =>
      appendNotes(folder, [{ kind, camera, atMs, event, note }]),
    );
  }
  return {
    days: found.map(({ path }) => path),
    frames: found.reduce((sum, { frames }) => sum + frames, 0),
  };
}

async function keepFile(
  root: Folder,
  { camera, day, name }: KeepTarget & { kind: 'file' },
  { kind, note, atMs }: KeepWish,
): Promise<Kept> {
  const isDone = await withinAll(root, day.split('/'), async (folder) => {
    if (folder.lstat(name)?.isFile() !== true) return false;
    try {
      await appendNotes(folder, [{ kind, camera, atMs, names: [name], note }]);
    } catch (cause) {
      if (systemCode(cause) !== 'ENOENT') throw cause;
      throw new OperationalError('STORE', `there is no record of ${root.path}/${day}`, {
        hint: 'receiver reindex writes it from the files',
      });
    }
    return true;
  });
  if (isDone === true) return { days: [day], frames: 1 };
  throw new OperationalError('STORE', `there is no frame ${root.path}/${day}/${name}`, {
    hint: fileHint,
  });
}

interface FoundDay {
  readonly path: string;
  readonly frames: number;
}

/** An event may last over midnight. Most ids are the time of the first frame: those days are searched first. */
async function daysOfEvent(root: Folder, camera: string, event: string): Promise<FoundDay[]> {
  const days = await daysOf(root, camera);
  const startMs = /^\d{12,14}/.test(event) ? Number.parseInt(event, 10) : undefined;
  const isNear = ({ localMs }: DayPath): boolean =>
    startMs !== undefined && localMs > startMs - 2.6 * dayMs && localMs < startMs + 1.6 * dayMs;
  const near = days.filter(isNear);
  const last = near.at(-1);
  const found = await searchAll(root, near, event);
  if (found.length === 0) return await searchAll(root, days, event);
  if (last === undefined || found.at(-1)?.path !== last.path) return found;
  // It lasts longer.
  return [...found, ...(await searchAll(root, days.slice(days.indexOf(last) + 1), event))];
}

async function searchAll(root: Folder, days: readonly DayPath[], event: string) {
  const found: FoundDay[] = [];
  for (const day of days) {
    const frames = await withinAll(root, day.path.split('/'), async (folder) => {
      const names = new Set<string>();
      await readRecord(folder, (line) => {
        const isOwn = line.camera === undefined || line.camera === day.camera;
        if (!isOwn) return;
        if (line.kind === 'frame' && line.event === event) names.add(line.name);
        else if (line.kind === 'deleted') for (const name of line.names) names.delete(name);
      });
      return names.size;
    });
    if (frames !== undefined && frames > 0) found.push({ path: day.path, frames });
  }
  return found;
}

/** A camera's days, oldest first, those without a clock last. */
async function daysOf(root: Folder, camera: string): Promise<DayPath[]> {
  const paths: string[] = [];
  await within(root, camera, async (folder) => {
    for await (const name of folder.names()) if (isDayName(name)) paths.push(`${camera}/${name}`);
    paths.sort();
    await within(folder, unclocked, async (parent) => {
      const days: string[] = [];
      for await (const name of parent.names()) if (isDayName(name)) days.push(name);
      paths.push(
        `${camera}/${unclocked}`,
        ...days.sort().map((day) => `${camera}/${unclocked}/${day}`),
      );
    });
  });
  return paths.map(dayPathOf);
}
