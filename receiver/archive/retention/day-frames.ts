/**
 * The frames of a day that a sweep may delete: those whose line, name and file agree, and that are not kept. A file is
 * looked at, not opened: it is a regular one with the recorded size. Anything else in the folder is not touched.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isFrameName } from '../../../shared/protocol/frame-path.js';
import { recordName } from '../../store/day-record.js';
import type { Folder } from '../../store/folder.js';
import type { KeptNote } from '../../store/store-note.js';
import { isEntry } from '../record-entry.js';
import { readRecord } from '../record-reader.js';
import { type DayPath, type DayTotal, inBlocks, momentOf } from './day-total.js';
import type { PlanFrame } from './chosen-frames.js';

export interface DayFrames {
  /** May be deleted. */
  readonly frames: readonly PlanFrame[];
  readonly keptFrames: number;
  /** Deleted by their lines, and their files are still there: a sweep was killed. */
  readonly unfinished: readonly PlanFrame[];
  /** Recorded, and without a file. */
  readonly missing: number;
  /** Recorded names whose file is not the recorded one, with what is there. */
  readonly foreign: readonly { readonly name: string; readonly found: string }[];
  /** Names that the record says are deleted. */
  readonly deleted: ReadonlySet<string>;
  /** Every frame of the record is deleted. */
  readonly isAllGone: boolean;
  /** As the files are now. */
  readonly total: DayTotal;
}

/** What is at the names of a day's frames. */
export interface FrameLook {
  has(name: string): boolean;
  /** What a name leads to; undefined: the recorded frame, or nothing. */
  foreign(frame: PlanFrame): string | undefined;
}

/** Files that are looked at in one turn of the event loop. */
const looksPerTurn = 500;

/** @returns undefined: there is no record @throws a system error; {OperationalError} STORE: the record is a link */
export async function loadDay(
  folder: Folder,
  day: DayPath,
  keptBefore: readonly string[],
  lookAt: (folder: Folder, path: string) => Promise<FrameLook>,
): Promise<DayFrames | undefined> {
  const recorded = new Map<string, PlanFrame>();
  const deleted = new Set<string>();
  const keeps = new Keeps(keptBefore);
  const { ino = 0n, size = 0n } = folder.lstat(recordName) ?? {};
  let entries = 0;
  const read = await readRecord(folder, (line) => {
    if (isEntry(line)) entries += 1;
    if (line.camera !== undefined && line.camera !== day.camera) return;
    if (line.kind === 'deleted') for (const name of line.names) deleted.add(name);
    else if (line.kind === 'kept' || line.kind === 'unkept') keeps.add(line);
    else if (line.kind === 'frame' && isFrameName(line.name)) {
      const { name, byteCount, event } = line;
      const diskBytes = inBlocks(byteCount);
      recorded.set(name, { name, atMs: momentOf(line, day), byteCount, diskBytes, event });
    }
  });
  if (read === undefined) return undefined;
  // A frame is there before its line: a later look has each frame of the record.
  const look = await lookAt(folder, day.path);
  const looks = await lookAtAll(look, recorded, deleted, keeps);
  const there = [...looks.frames, ...looks.kept];
  const { endByte } = read;
  const total = {
    ...{ inode: Number(ino), endByte, recordBytes: Math.max(Number(size), endByte) },
    ...{ frames: there.length, otherBytes: 0 },
    byteCount: sumOf(there, 'byteCount'),
    diskBytes: sumOf(there, 'diskBytes'),
    earliestMs: earliestOf(looks.frames),
    latestMs: there.reduce((most, { atMs }) => Math.max(most, atMs), -Infinity),
    ...{ keptEvents: keeps.ownEvents, entries, hasDeleted: deleted.size > 0 },
    doneByte: looks.frames.length === 0 ? endByte : undefined,
  };
  const { kept, ...rest } = looks;
  const isAllGone = there.length + rest.missing + rest.foreign.length === 0;
  return { ...rest, keptFrames: kept.length, deleted, isAllGone, total };
}

/** What a name leads to; undefined: the recorded file, or nothing. */
export function foreignAt(folder: Folder, { name, byteCount }: PlanFrame): string | undefined {
  const stats = folder.lstat(name);
  if (stats === undefined) return undefined;
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (!stats.isFile()) return 'not a regular file';
  return Number(stats.size) === byteCount
    ? undefined
    : `a file of ${stats.size} bytes instead of ${byteCount}`;
}

async function lookAtAll(
  look: FrameLook,
  recorded: ReadonlyMap<string, PlanFrame>,
  deleted: ReadonlySet<string>,
  keeps: Keeps,
) {
  const frames: PlanFrame[] = [];
  const kept: PlanFrame[] = [];
  const unfinished: PlanFrame[] = [];
  const foreign: { name: string; found: string }[] = [];
  let [missing, looks] = [0, 0];
  for (const frame of recorded.values()) {
    looks += 1;
    if (looks % looksPerTurn === 0) await nextTurn();
    const isThere = look.has(frame.name);
    const found = look.foreign(frame);
    if (deleted.has(frame.name)) {
      if (isThere && found === undefined) unfinished.push(frame);
    } else if (!isThere) missing += 1;
    else if (found !== undefined) foreign.push({ name: frame.name, found });
    else if (keeps.has(frame)) kept.push(frame);
    else frames.push(frame);
  }
  return { frames, kept, unfinished, missing, foreign };
}

/** Infinity: there is none. */
export function earliestOf(frames: readonly PlanFrame[]): number {
  return frames.reduce((least, { atMs }) => Math.min(least, atMs), Infinity);
}

export function sumOf(frames: readonly PlanFrame[], key: 'byteCount' | 'diskBytes'): number {
  return frames.reduce((sum, frame) => sum + frame[key], 0);
}

/** What a note about keeping may name. */
interface Keepable {
  readonly name: string;
  readonly event?: string | undefined;
}

/** Which frames are kept: of the lines about a frame, by its name or its event, the last one counts. */
export class Keeps {
  /** By name and by event: the number of the line, negative when it ends the keeping. */
  readonly #names = new Map<string, number>();
  readonly #events = new Map<string, number>();
  readonly #before: ReadonlySet<string>;
  /** By the number of the line. */
  readonly #notes = new Map<number, string>();
  #lines = 0;

  /** @param before events that the day before keeps */
  constructor(before: readonly string[]) {
    this.#before = new Set(before);
  }

  get ownEvents(): string[] {
    return [...this.#events].filter(([, line]) => line > 0).map(([event]) => event);
  }

  add({ kind, names = [], event, note }: KeptNote): void {
    this.#lines += 1;
    if (note !== undefined) this.#notes.set(this.#lines, note);
    const line = kind === 'kept' ? this.#lines : -this.#lines;
    for (const name of names) this.#names.set(name, line);
    if (event !== undefined) this.#events.set(event, line);
  }

  has(frame: Keepable): boolean {
    const line = this.#lineOf(frame);
    return line === 0 ? frame.event !== undefined && this.#before.has(frame.event) : line > 0;
  }

  /** Why a frame is kept, if its line says so. */
  noteOf(frame: Keepable): string | undefined {
    return this.#notes.get(this.#lineOf(frame));
  }

  /** The number of the last line about a frame; 0: there is none. */
  #lineOf({ name, event }: Keepable): number {
    const byName = this.#names.get(name) ?? 0;
    const byEvent = event === undefined ? 0 : (this.#events.get(event) ?? 0);
    return Math.abs(byName) > Math.abs(byEvent) ? byName : byEvent;
  }
}
