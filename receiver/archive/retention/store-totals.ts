/**
 * How many bytes a store uses, for each day of each camera, without reading its frames: from the records. A refresh
 * looks at each record's size, and reads the lines that were appended since; other processes append too.
 *
 * Only frames with a line are counted. Links are never followed: the sizes of what is behind them are not this store's.
 */
import { isDayName, unclockedFolder } from '../../../shared/protocol/frame-path.js';
import { recordName } from '../../store/day-record.js';
import { type Folder, openIfFolder } from '../../store/folder.js';
import { dayIndexName } from '../day-index.js';
import { cameraPattern } from '../frame-entry.js';
import { readRecord } from '../record-reader.js';
import { DayCount, type DayTotal, dayPathOf, inBlocks, noTotal } from './day-total.js';
import { readTotals, writeTotals } from './totals-file.js';

const unclocked = unclockedFolder('').slice(1);
/** Of a camera, besides its days: its folder and that of unfinished files. */
const cameraBytes = 2 * 4096;
/** Newest days of a camera, which others may append to now. */
const activeDays = 2;

/** What a folder of a day looks like from outside. */
interface DayLook {
  readonly inode: number;
  readonly recordBytes: number;
  readonly otherBytes: number;
}

export class StoreTotals {
  readonly #storeId: string;
  #days = new Map<string, DayTotal>();
  readonly #cameras = new Map<string, number>();
  #totalBytes = 0;
  #frames = 0;
  #hasChanged = false;
  /** When names were last made or removed in the root, '', and in each camera's folder; as they were at the last look. */
  readonly #changeTimes = new Map<string, bigint | undefined>();
  /** By day: the size of a record that cannot be reduced. */
  readonly #passedOver = new Map<string, number>();

  private constructor(storeId: string) {
    this.#storeId = storeId;
  }

  /** Reads the cached totals; `refresh` is needed before they are used. */
  static async open(root: Folder, storeId: string): Promise<StoreTotals> {
    const totals = new StoreTotals(storeId);
    totals.#days = await readTotals(root, storeId);
    return totals;
  }

  get days(): ReadonlyMap<string, DayTotal> {
    return this.#days;
  }

  /** Bytes of each camera. */
  get cameraBytes(): ReadonlyMap<string, number> {
    return this.#cameras;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  get frames(): number {
    return this.#frames;
  }

  /** Counts what was appended to any record since. @throws a system error */
  async refresh(root: Folder): Promise<void> {
    const found = new Set<string>();
    for (const camera of await this.#camerasIn(root)) {
      for (const path of await this.#refreshCamera(root, camera)) found.add(path);
    }
    for (const path of this.#days.keys()) {
      if (found.has(path)) continue;
      this.#days.delete(path);
      this.#hasChanged = true;
    }
    this.#sum();
  }

  /**
   * As `refresh`, of the days that are likely to have grown: the newest of each camera, new ones, and those that are
   * named.
   * @throws a system error
   */
  async refreshActive(root: Folder, paths: Iterable<string>): Promise<void> {
    if (this.#changeTimes.get('') !== changeTimeOf(root, '.')) await this.#camerasIn(root);
    for (const [camera, changedNs] of [...this.#changeTimes]) {
      if (camera === '' || changeTimeOf(root, camera) === changedNs) continue;
      await this.#refreshCamera(root, camera);
    }
    const active = new Set(paths);
    const byCamera = new Map<string, string[]>();
    for (const path of this.#days.keys()) {
      const { camera, isUnclocked } = dayPathOf(path);
      const key = `${camera} ${isUnclocked}`;
      const own = byCamera.get(key);
      if (own === undefined) byCamera.set(key, [path]);
      else own.push(path);
    }
    for (const own of byCamera.values()) {
      for (const path of own.sort().slice(-activeDays)) active.add(path);
    }
    for (const path of active) await this.refreshDay(root, path);
    this.#sum();
  }

  /** As `refresh`, of one day. @throws a system error */
  async refreshDay(root: Folder, path: string): Promise<void> {
    const parts = path.split('/');
    await withinAll(root, parts.slice(0, -1), (parent) =>
      this.#refreshDay(parent, parts.at(-1) ?? '', path),
    );
  }

  /** Takes the total of a day whose files were looked at. */
  set(path: string, total: DayTotal): void {
    this.#days.set(path, total);
    this.#hasChanged = true;
    this.#sum();
  }

  /** Remembers that the record of a day cannot be reduced, until it grows. */
  passOver(path: string): void {
    this.#passedOver.set(path, this.#days.get(path)?.recordBytes ?? 0);
  }

  isPassedOver(path: string): boolean {
    return this.#passedOver.get(path) === this.#days.get(path)?.recordBytes;
  }

  /** Writes the cache when it has changed. @throws a system error */
  async save(root: Folder): Promise<void> {
    if (!this.#hasChanged) return;
    this.#hasChanged = false;
    await writeTotals(root, this.#storeId, this.#days);
  }

  async #camerasIn(root: Folder): Promise<string[]> {
    this.#changeTimes.set('', changeTimeOf(root, '.'));
    const cameras: string[] = [];
    for await (const name of root.names()) {
      if (!cameraPattern.test(name)) continue;
      cameras.push(name);
      if (!this.#changeTimes.has(name)) this.#changeTimes.set(name, undefined);
    }
    return cameras;
  }

  /** @returns the paths of its days */
  async #refreshCamera(root: Folder, camera: string): Promise<string[]> {
    this.#changeTimes.set(camera, changeTimeOf(root, camera));
    const found = await within(root, camera, (folder) => this.#refreshDays(folder, camera));
    return found ?? [];
  }

  async #refreshDays(folder: Folder, camera: string): Promise<string[]> {
    const names: string[] = [];
    let hasUnclocked = false;
    for await (const name of folder.names()) {
      if (isDayName(name)) names.push(name);
      hasUnclocked ||= name === unclocked;
    }
    const found: string[] = [];
    const refresh = async (parent: Folder, name: string, path: string): Promise<void> => {
      if (await this.#refreshDay(parent, name, path)) found.push(path);
    };
    for (const name of names) await refresh(folder, name, `${camera}/${name}`);
    if (!hasUnclocked) return found;
    // Version 0.1 stored frames in this folder itself.
    await refresh(folder, unclocked, `${camera}/${unclocked}`);
    await within(folder, unclocked, async (parent) => {
      const days: string[] = [];
      for await (const name of parent.names()) if (isDayName(name)) days.push(name);
      for (const name of days) await refresh(parent, name, `${camera}/${unclocked}/${name}`);
    });
    return found;
  }

  /** @returns whether there is such a folder with a record */
  async #refreshDay(parent: Folder, name: string, path: string): Promise<boolean> {
    const look = lookAt(parent, name);
    if (look === undefined) return false;
    const known = this.#days.get(path);
    if (known?.inode === look.inode && known.recordBytes === look.recordBytes) {
      if (known.otherBytes !== look.otherBytes) this.#days.set(path, { ...known, ...look });
      return true;
    }
    await within(parent, name, async (folder) => {
      const isSame = known?.inode === look.inode && known.endByte <= look.recordBytes;
      const total = await countDay(folder, path, look, isSame ? known : noTotal);
      this.#days.set(path, total);
      this.#hasChanged = true;
    });
    return true;
  }

  #sum(): void {
    this.#cameras.clear();
    [this.#totalBytes, this.#frames] = [0, 0];
    for (const [path, { diskBytes, otherBytes, frames }] of this.#days) {
      const { camera } = dayPathOf(path);
      const before = this.#cameras.get(camera) ?? cameraBytes;
      this.#cameras.set(camera, before + diskBytes + otherBytes);
      this.#frames += frames;
    }
    for (const bytes of this.#cameras.values()) this.#totalBytes += bytes;
  }
}

/**
 * Looks at a record by its path below a folder's handle. A link in its place is not followed, one in the place of
 * the day may be: then the folder cannot be opened, and nothing is counted.
 * @returns undefined: there is no record
 */
export function lookAt(parent: Folder, name: string): DayLook | undefined {
  const folder = parent.lstat(name);
  if (folder?.isDirectory() !== true) return undefined;
  const record = parent.lstat(`${name}/${recordName}`);
  if (record?.isFile() !== true) return undefined;
  const index = parent.lstat(`${name}/${dayIndexName}`);
  const sizes = [folder.size, record.size, index?.size ?? 0n].map(Number);
  const otherBytes = sizes.reduce((sum, size) => sum + inBlocks(size), 0);
  return { inode: Number(record.ino), recordBytes: Number(record.size), otherBytes };
}

function changeTimeOf(folder: Folder, name: string): bigint | undefined {
  return folder.lstat(name)?.mtimeNs;
}

async function countDay(
  folder: Folder,
  path: string,
  look: DayLook,
  before: DayTotal,
): Promise<DayTotal> {
  const count = new DayCount(dayPathOf(path), before);
  const { camera } = dayPathOf(path);
  const read = await readRecord(
    folder,
    (line) => {
      // A record that was copied from another camera is not this one's.
      if (line.camera === undefined || line.camera === camera) count.add(line);
    },
    before.endByte,
  );
  const endByte = read?.endByte ?? before.endByte;
  // Lines that were appended meanwhile are counted; the size is at least that.
  return count.result({ ...look, endByte, recordBytes: Math.max(look.recordBytes, endByte) });
}

/** Calls `act` with a folder in another, if there is one; links and files are none. */
export async function within<T>(
  parent: Folder,
  name: string,
  act: (folder: Folder) => Promise<T>,
): Promise<T | undefined> {
  const folder = await openIfFolder(parent, name);
  try {
    return folder && (await act(folder));
  } finally {
    await folder?.close();
  }
}

/** As `within`, for a folder some levels below. */
export async function withinAll<T>(
  parent: Folder,
  names: readonly string[],
  act: (folder: Folder) => Promise<T>,
): Promise<T | undefined> {
  const [name, ...rest] = names;
  if (name === undefined) return await act(parent);
  return await within(parent, name, (folder) => withinAll(folder, rest, act));
}
