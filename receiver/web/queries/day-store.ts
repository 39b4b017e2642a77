/**
 * The days of cameras in memory: rows of those that were asked for last, and the summaries of many more. A day is read
 * again only as far as its record has grown.
 */
import { join } from 'node:path';
import { systemCode } from '../../../shared/cli/errors.js';
import type { Clock } from '../../../shared/clock.js';
import { makeDirectories } from '../../../shared/files/durable-file.js';
import { CameraDays } from '../../archive/camera-days.js';
import { openDayIndex } from '../../archive/day-index.js';
import { recordName } from '../../store/day-record.js';
import { Folder, openIfFolder } from '../../store/folder.js';
import { DayRows } from './day-rows.js';
import { type DaySummary, summaryOf } from './day-summary.js';

/** Rows of all days in memory, of 63 bytes and some more each. */
const maxRows = 120_000;
/** A summary is 17 KB, and more where much happened. */
const maxSummaries = 1000;
/** What a day costs without its frames, and what one of its reports costs, in rows. */
const [rowsOfADay, rowsOfAReport] = [1000, 5];

/** Which part of a record something was made of. */
interface Version {
  readonly inode: bigint;
  readonly size: bigint;
}

interface Held<T> extends Version {
  readonly value: T;
}

export class DayStore {
  readonly #captures: Folder;
  readonly #cameraDays: CameraDays;
  /** Has the indexes, when this process may not write into the captures directory. */
  readonly #cachePath: string | undefined;
  /** In the order of their last use. */
  readonly #rows = new Map<string, Held<DayRows>>();
  readonly #summaries = new Map<string, Held<DaySummary>>();
  readonly #opening = new Map<string, Promise<DayRows | undefined>>();

  constructor(captures: Folder, cachePath: string | undefined, clock: Clock) {
    this.#captures = captures;
    this.#cameraDays = new CameraDays(clock);
    this.#cachePath = cachePath;
  }

  /** Names of the cameras, sorted. @throws a system error */
  cameras(): Promise<string[]> {
    return this.#cameraDays.cameras(this.#captures);
  }

  /** The days of a camera, oldest first. @throws a system error */
  days(camera: string): Promise<readonly string[]> {
    return this.#cameraDays.of(this.#captures, camera);
  }

  /** Calls `act` with a day's folder. @returns undefined: there is none @throws a system error */
  async inDay<T>(camera: string, day: string, act: (folder: Folder) => Promise<T>) {
    return await this.#within([camera, day], act);
  }

  /** The rows of a day as its record is now. @returns undefined: there is no record @throws a system error */
  async rows(camera: string, day: string): Promise<DayRows | undefined> {
    const key = `${camera}/${day}`;
    // Two queries at once read a record once.
    const opening = this.#opening.get(key) ?? this.#open(key, camera, day);
    this.#opening.set(key, opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(key);
    }
  }

  /** The summary of a day as its record is now. @returns undefined: there is no record @throws a system error */
  async summary(camera: string, day: string): Promise<DaySummary | undefined> {
    const key = `${camera}/${day}`;
    const version = this.version(camera, day);
    if (version === undefined) return undefined;
    const held = this.#summaries.get(key);
    if (held !== undefined && isSame(held, version)) {
      touch(this.#summaries, key, held);
      return held.value;
    }
    const rows = await this.rows(camera, day);
    if (rows === undefined) return undefined;
    const value = summaryOf(rows);
    touch(this.#summaries, key, { ...version, value });
    const [oldest] = this.#summaries.keys();
    if (this.#summaries.size > maxSummaries && oldest !== undefined) this.#summaries.delete(oldest);
    return value;
  }

  /** @returns undefined: there is no record @throws a system error */
  version(camera: string, day: string): Version | undefined {
    const stats = this.#record(camera, day);
    return stats && { inode: stats.ino, size: stats.size };
  }

  /** When the record of a day was written last. @returns undefined: there is no record @throws a system error */
  appendedAtMs(camera: string, day: string): number | undefined {
    const stats = this.#record(camera, day);
    return stats && Number(stats.mtimeMs);
  }

  /** By its path, since hundreds are looked at each second; what is read is read by handles of its folders. */
  #record(camera: string, day: string) {
    try {
      const stats = this.#captures.lstat(join(camera, day, recordName));
      return stats?.isFile() === true ? stats : undefined;
    } catch (error) {
      // A folder was replaced by a file or a link, or belongs to another user.
      if (['ENOTDIR', 'ELOOP', 'EACCES'].includes(systemCode(error) ?? '')) return undefined;
      throw error;
    }
  }

  async #open(key: string, camera: string, day: string): Promise<DayRows | undefined> {
    return await this.#within([camera, day], async (folder) => {
      const version = versionOf(folder);
      if (version === undefined) return undefined;
      const held = this.#rows.get(key);
      // A record that is shorter than what was read of it is another one.
      const isGrown = held?.inode === version.inode && held.size <= version.size;
      const value = isGrown ? held.value : await this.#read(folder, camera, day, version.inode);
      if (value === undefined) return undefined;
      if (isGrown && held.size < version.size) await value.grow(folder);
      touch(this.#rows, key, { ...version, value });
      this.#evict();
      return value;
    });
  }

  async #read(folder: Folder, camera: string, day: string, inode: bigint) {
    const index = await this.#withIndexFolder(folder, camera, day, (indexFolder) =>
      openDayIndex(folder, indexFolder),
    );
    if (index === undefined) return undefined;
    const rows = new DayRows(camera, day, inode, index);
    await rows.prepare(folder);
    return rows;
  }

  /** Without a cache, and where the cache cannot be written, the index stays beside its record. */
  async #withIndexFolder<T>(
    folder: Folder,
    camera: string,
    day: string,
    act: (indexFolder: Folder) => Promise<T>,
  ): Promise<T> {
    if (this.#cachePath === undefined) return await act(folder);
    const path = join(this.#cachePath, camera, day);
    let cache: Folder;
    try {
      await makeDirectories(path, 0o700);
      cache = await Folder.open(path);
    } catch {
      return await act(folder);
    }
    try {
      return await act(cache);
    } finally {
      await cache.close();
    }
  }

  #evict(): void {
    let rows = 0;
    for (const { value } of this.#rows.values()) rows += costOf(value);
    for (const [key, { value }] of this.#rows) {
      if (rows <= maxRows || this.#rows.size === 1) return;
      rows -= costOf(value);
      this.#rows.delete(key);
    }
  }

  async #within<T>(
    path: readonly string[],
    act: (folder: Folder) => Promise<T>,
    parent = this.#captures,
  ): Promise<T | undefined> {
    const [name, ...rest] = path;
    if (name === undefined) return await act(parent);
    const folder = await openIfFolder(parent, name);
    try {
      return folder && (await this.#within(rest, act, folder));
    } finally {
      await folder?.close();
    }
  }
}

function versionOf(folder: Folder): Version | undefined {
  const stats = folder.lstat(recordName);
  return stats?.isFile() === true ? { inode: stats.ino, size: stats.size } : undefined;
}

/** In rows. */
const costOf = ({ index: { columns, reports } }: DayRows): number =>
  rowsOfADay + columns.length + reports.length * rowsOfAReport;

const isSame = (a: Version, b: Version): boolean => a.inode === b.inode && a.size === b.size;

/** Makes an entry the one that was used last. */
function touch<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
}
