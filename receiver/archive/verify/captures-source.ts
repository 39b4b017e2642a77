/** A captures directory, as verify reads it: by handles, no link is followed, nothing is changed. */
import { type FileHandle, constants } from 'node:fs/promises';
import { describeError, systemCode } from '../../../shared/cli/errors.js';
import { isDayName, unclockedFolder } from '../../../shared/protocol/frame-path.js';
import { naturalOrder } from '../../../shared/natural-order.js';
import { recordName } from '../../store/day-record.js';
import { erasuresIn, erasuresName } from '../../store/erasures.js';
import type { Folder } from '../../store/folder.js';
import { cameraPattern } from '../frame-entry.js';
import type {
  DayFolder,
  FilePlace,
  Look,
  OpenBytes,
  OtherName,
  VerifySource,
} from './day-folder.js';

const unclocked = unclockedFolder('').slice(1);
/** What a receiver keeps beside the days of a camera. */
const ownNames = new Set(['.incoming', erasuresName]);

export class CapturesSource implements VerifySource {
  readonly #root: Folder;
  readonly #sinceMs: number | undefined;

  /** @param sinceMs days that end before, and whose record is older, are left out */
  constructor(root: Folder, sinceMs?: number) {
    this.#root = root;
    this.#sinceMs = sinceMs;
  }

  /** Also a name that is a link: its days cannot be checked. */
  async cameras(): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const name of this.#root.names()) {
      if (!cameraPattern.test(name)) continue;
      const look = this.#root.lstat(name);
      if (look?.isSymbolicLink() === true || (await this.#hasDays(name))) names.push(name);
    }
    return names.sort(naturalOrder);
  }

  async days(
    camera: string,
    act: (day: DayFolder) => Promise<void>,
    onOther: (other: OtherName) => void,
  ): Promise<void> {
    const folder = await openOr(this.#root, camera, camera, onOther);
    if (folder === undefined) return;
    try {
      await this.#daysIn(folder, camera, camera, act, onOther);
      if (folder.lstat(unclocked) === undefined) return;
      const path = `${camera}/${unclocked}`;
      const parent = await openOr(folder, unclocked, path, onOther);
      if (parent === undefined) return;
      try {
        // Version 0.1 stored such frames without a folder for the day.
        if (this.#isWanted(parent)) await act(new DirectoryDay(parent, camera, path, true));
        await this.#daysIn(parent, camera, path, act, onOther);
      } finally {
        await parent.close();
      }
    } finally {
      await folder.close();
    }
  }

  async badErasures(camera: string): Promise<readonly OtherName[]> {
    const path = `${camera}/${erasuresName}`;
    let folder: Folder | undefined;
    try {
      folder = await this.#root.openFolder(camera);
      const lines = folder === undefined ? [] : (await erasuresIn(folder)).unreadable;
      return lines.map((line) => ({ path, kind: 'unreadable-erasure', why: `line ${line}` }));
    } catch (error) {
      // A folder that cannot be read is found with its days.
      return folder === undefined ? [] : [{ path, kind: 'unreadable', why: describeError(error) }];
    } finally {
      await folder?.close();
    }
  }

  isSending(camera: string): boolean {
    try {
      return this.#root.lstat(`.locks/${camera}`)?.isFile() === true;
    } catch {
      return false;
    }
  }

  /** A folder that may not be read counts: it cannot be checked. */
  async #hasDays(camera: string): Promise<boolean> {
    if (this.#root.lstat(camera)?.isDirectory() !== true) return false;
    let folder: Folder | undefined;
    try {
      folder = await this.#root.openFolder(camera);
      if (folder === undefined) return false;
      for await (const name of folder.names())
        if (isDayName(name) || name === unclocked) return true;
      return false;
    } catch {
      return true;
    } finally {
      await folder?.close();
    }
  }

  async #daysIn(
    parent: Folder,
    camera: string,
    parentPath: string,
    act: (day: DayFolder) => Promise<void>,
    onOther: (other: OtherName) => void,
  ): Promise<void> {
    const isUnclocked = parentPath !== camera;
    const names: string[] = [];
    for await (const name of parent.names()) {
      if (isDayName(name)) names.push(name);
      else if (!isUnclocked && name !== unclocked && !ownNames.has(name)) {
        onOther({ path: `${parentPath}/${name}`, kind: 'foreign-file', why: 'not a day' });
      }
    }
    for (const name of names.sort()) {
      const path = `${parentPath}/${name}`;
      const folder = await openOr(parent, name, path, onOther);
      try {
        if (folder === undefined || !this.#isWanted(folder, name)) continue;
        await act(new DirectoryDay(folder, camera, path, isUnclocked));
      } catch (error) {
        if (systemCode(error) === undefined) throw error;
        onOther({ path, kind: 'unreadable', why: describeError(error) });
      } finally {
        await folder?.close();
      }
    }
  }

  /** An entry of an earlier day that arrives late is appended to that day's record. */
  #isWanted(folder: Folder, day?: string): boolean {
    if (this.#sinceMs === undefined) return true;
    const dayMs = Date.parse(`${(day ?? '').replaceAll('_', '-')}T00:00Z`);
    // A local day ends up to twelve hours after the day in UTC.
    if (dayMs + 36 * 3_600_000 >= this.#sinceMs) return true;
    const changedMs = folder.lstat(recordName)?.mtimeMs ?? 0n;
    return Number(changedMs) >= this.#sinceMs;
  }
}

async function openOr(
  parent: Folder,
  name: string,
  path: string,
  onOther: (other: OtherName) => void,
): Promise<Folder | undefined> {
  try {
    return await parent.openFolder(name);
  } catch (error) {
    onOther({ path, kind: 'unreadable', why: describeError(error) });
    return undefined;
  }
}

class DirectoryDay implements DayFolder {
  readonly camera: string;
  readonly path: string;
  readonly isUnclocked: boolean;
  readonly #folder: Folder;

  constructor(folder: Folder, camera: string, path: string, isUnclocked: boolean) {
    this.#folder = folder;
    this.camera = camera;
    this.path = path;
    this.isUnclocked = isUnclocked;
  }

  names(): AsyncIterable<string> {
    return this.#folder.names();
  }

  look(name: string): Look | undefined {
    const stats = this.#folder.lstat(name);
    return (
      stats && {
        isFile: stats.isFile(),
        bytes: Number(stats.size),
        changedAtMs: Number(stats.ctimeMs),
      }
    );
  }

  async openRecord(): Promise<OpenBytes | undefined> {
    const file = await this.#open(recordName);
    if (file === undefined) return undefined;
    const { size } = await file.stat();
    return {
      size,
      read: async (into, atByte) => (await file.read(into, 0, into.length, atByte)).bytesRead,
      close: () => file.close(),
    };
  }

  placeOf(name: string): FilePlace {
    return this.#folder.pathsOf(name);
  }

  async bytesOf(name: string): Promise<Buffer | undefined> {
    const file = await this.#open(name);
    try {
      return await file?.readFile();
    } finally {
      await file?.close();
    }
  }

  async #open(name: string): Promise<FileHandle | undefined> {
    try {
      return await this.#folder.openFile(name, constants.O_RDONLY);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}
