/** Keeps frames on purpose, and ends that: notes in the records of their days. */
import { isAbsolute, relative, resolve } from 'node:path';
import { OperationalError } from '../../../shared/cli/errors.js';
import { isDayName, isFrameName, unclockedFolder } from '../../../shared/protocol/frame-path.js';
import type { StoreNote } from '../../store/store-note.js';
import { cameraPattern, eventPattern } from '../frame-entry.js';
import type { RecordLine } from '../record-entry.js';
import type { DayPath } from './day-total.js';

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

/** What frames are kept in. */
export interface KeepingStore {
  /** For messages. */
  readonly place: string;
  /** A camera's days, oldest first, those without a clock last. */
  days(camera: string): Promise<readonly DayPath[]>;
  /** Calls `onLine` with each line of a day's record. */
  readLines(day: string, onLine: (line: RecordLine) => void): Promise<void>;
  hasFrame(day: string, name: string): Promise<boolean>;
  /** Resolves when the note is stored. @throws {OperationalError} STORE: the day has no record; or a system error */
  append(day: string, note: StoreNote): Promise<void>;
}

/** What is to be kept is not there, or was deleted. */
export class NothingToKeep extends OperationalError {
  constructor(message: string) {
    super('STORE', message, { hint: fileHint });
  }
}

/**
 * Appends the notes, flushed. The caller holds the sweep lock: no sweep deletes the frames meanwhile.
 * @throws {NothingToKeep} there is no such frame or event; {OperationalError} STORE; or a system error
 */
export async function keepFrames(
  store: KeepingStore,
  target: KeepTarget,
  wish: KeepWish,
): Promise<Kept> {
  const { camera } = target;
  const { kind, note, atMs } = wish;
  if (target.kind === 'file') {
    const { day, name } = target;
    if (!(await store.hasFrame(day, name))) {
      throw new NothingToKeep(`there is no frame ${store.place}/${day}/${name}`);
    }
    if (await isDeleted(store, day, name)) {
      const path = `${store.place}/${day}/${name}`;
      throw new NothingToKeep(`${path} is deleted by its record: the next sweep removes it`);
    }
    await store.append(day, { kind, camera, atMs, names: [name], note });
    return { days: [day], frames: 1 };
  }
  const { event } = target;
  const found = await daysOfEvent(store, camera, event);
  if (found.length === 0) {
    throw new NothingToKeep(`${store.place} has no frame of an event ${camera}/${event}`);
  }
  for (const { path } of found) await store.append(path, { kind, camera, atMs, event, note });
  return {
    days: found.map(({ path }) => path),
    frames: found.reduce((sum, { frames }) => sum + frames, 0),
  };
}

/** What deletes may have been killed before it removed the frame: what comes next removes it, kept or not. */
async function isDeleted(store: KeepingStore, day: string, name: string): Promise<boolean> {
  let isNamed = false;
  await store.readLines(day, (line) => {
    if (line.kind === 'deleted' && line.names.includes(name)) isNamed = true;
  });
  return isNamed;
}

interface FoundDay {
  readonly path: string;
  readonly frames: number;
}

/** An event may last over midnight. Most ids are the time of the first frame: those days are searched first. */
async function daysOfEvent(
  store: KeepingStore,
  camera: string,
  event: string,
): Promise<FoundDay[]> {
  const days = await store.days(camera);
  const startMs = /^\d{12,14}/.test(event) ? Number.parseInt(event, 10) : undefined;
  const isNear = ({ localMs }: DayPath): boolean =>
    startMs !== undefined && localMs > startMs - 2.6 * dayMs && localMs < startMs + 1.6 * dayMs;
  const near = days.filter(isNear);
  const last = near.at(-1);
  const found = await searchAll(store, near, event);
  if (found.length === 0) return await searchAll(store, days, event);
  if (last === undefined || found.at(-1)?.path !== last.path) return found;
  // It lasts longer.
  return [...found, ...(await searchAll(store, days.slice(days.indexOf(last) + 1), event))];
}

async function searchAll(store: KeepingStore, days: readonly DayPath[], event: string) {
  const found: FoundDay[] = [];
  for (const day of days) {
    const names = new Set<string>();
    await store.readLines(day.path, (line) => {
      const isOwn = line.camera === undefined || line.camera === day.camera;
      if (!isOwn) return;
      if (line.kind === 'frame' && line.event === event) names.add(line.name);
      else if (line.kind === 'deleted') for (const name of line.names) names.delete(name);
    });
    if (names.size > 0) found.push({ path: day.path, frames: names.size });
  }
  return found;
}
