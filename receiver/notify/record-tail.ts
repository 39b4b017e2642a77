/** Follows the records of all cameras: finds the lines that any receiver of the directory has appended. Reads only. */
import { isDayName, unclockedFolder } from '../../shared/protocol/frame-path.js';
import type { Clock } from '../../shared/clock.js';
import { CameraDays } from '../archive/camera-days.js';
import { within } from '../archive/captures-reader.js';
import type { RecordLine } from '../archive/record-entry.js';
import { readRecord } from '../archive/record-reader.js';
import { recordName } from '../store/day-record.js';
import type { Folder } from '../store/folder.js';

/** How far a record was read. */
interface Position {
  /** As text: it may need 64 bits. */
  readonly inode: string;
  readonly endByte: number;
}

/** By the folder of the record, below the captures directory. */
export type TailState = Readonly<Record<string, Position>>;

export interface FoundLine {
  readonly camera: string;
  /** Of its record, below the captures directory. */
  readonly folder: string;
  readonly line: RecordLine;
  /** It was there before the first start. */
  readonly isHistory: boolean;
}

/** Days of a camera that are followed, the newest ones; what arrives for an earlier day is found by no look. */
const maxDays = 8;
/** Of these, those that each look reads; the others are read at each listing. */
const newestDays = 3;
/** Looks after which folders are listed again: a camera's midnight makes a new one. */
const defaultListEvery = 5;
/** The end of a record that is read as history: some hundred lines. */
const historyBytes = 64 * 1024;
const unclocked = unclockedFolder('').slice(1);

export class RecordTail {
  readonly #positions: Map<string, Position>;
  readonly #listEvery: number;
  /** There was no earlier process: what is there is history. */
  readonly #isFirst: boolean;
  /** Folders of each camera, the newest last. */
  #folders = new Map<string, readonly string[]>();
  #looks = 0;
  readonly #days: CameraDays;

  /** @param saved of an earlier process */
  constructor(saved: TailState | undefined, clock: Clock, { listEvery = defaultListEvery } = {}) {
    this.#days = new CameraDays(clock);
    this.#listEvery = listEvery;
    this.#positions = new Map(Object.entries(saved ?? {}));
    this.#isFirst = saved === undefined;
  }

  get state(): TailState {
    return Object.fromEntries(this.#positions);
  }

  /**
   * Calls `onLine` for each whole line since the last look.
   * @param captures is opened for each look: a disk may be mounted at any time @throws a system error
   */
  async look(captures: Folder, onLine: (found: FoundLine) => void): Promise<void> {
    const isListing = this.#looks % this.#listEvery === 0;
    const isStart = this.#looks === 0;
    if (isListing) await this.#list(captures);
    this.#looks += 1;
    for (const [camera, folders] of this.#folders) {
      for (const folder of isListing ? folders : folders.slice(-newestDays)) {
        await this.#read(captures, camera, folder, isStart, onLine);
      }
    }
  }

  async #list(captures: Folder): Promise<void> {
    const folders = new Map<string, readonly string[]>();
    for (const camera of await this.#days.cameras(captures)) {
      const days = newestOf(await this.#days.of(captures, camera), camera);
      const hasUnclocked = await this.#days.hasUnclocked(captures, camera);
      const others = hasUnclocked ? await unclockedDays(captures, camera) : [];
      folders.set(camera, [...others, ...days]);
    }
    const all = new Set([...folders.values()].flat());
    for (const folder of this.#positions.keys()) {
      if (!all.has(folder)) this.#positions.delete(folder);
    }
    this.#folders = folders;
  }

  async #read(
    captures: Folder,
    camera: string,
    path: string,
    isStart: boolean,
    onLine: (found: FoundLine) => void,
  ): Promise<void> {
    const known = this.#positions.get(path);
    if (known !== undefined && !hasChanged(captures, path, known)) return;
    await within(captures, path.split('/'), async (folder) => {
      const stats = folder.lstat(recordName);
      if (stats?.isFile() !== true) return;
      const [inode, size] = [String(stats.ino), Number(stats.size)];
      if (known?.inode === inode && known.endByte >= size) return;
      const isHistory = isStart && this.#isFirst;
      // A record that was replaced has no new lines: some of its old ones were taken out.
      const isReplaced = known !== undefined && known.inode !== inode;
      const skipsOld = isHistory || isReplaced || (isStart && this.#isEarlier(path));
      const fromByte = skipsOld ? Math.max(0, size - historyBytes) : (known?.endByte ?? 0);
      const read = await readRecord(
        folder,
        (line) => {
          const isOthers = line.camera !== undefined && line.camera !== camera;
          if (!isOthers) onLine({ camera, folder: path, line, isHistory: skipsOld });
        },
        fromByte,
      );
      this.#positions.set(path, { inode, endByte: read?.endByte ?? 0 });
    });
  }

  /** Whether a folder without a position was there when the earlier process ran: a newer one has a position. */
  #isEarlier(path: string): boolean {
    if (this.#positions.has(path)) return false;
    const parentOf = (each: string): string => each.slice(0, each.lastIndexOf('/'));
    return [...this.#positions.keys()].some(
      (each) => parentOf(each) === parentOf(path) && each > path,
    );
  }
}

/** By its path, since hundreds are looked at each second; what is read is read by handles of its folders. */
function hasChanged(captures: Folder, path: string, { inode, endByte }: Position): boolean {
  try {
    const stats = captures.lstat(`${path}/${recordName}`);
    return stats !== undefined && (String(stats.ino) !== inode || Number(stats.size) > endByte);
  } catch {
    return true; // what is in the place of a folder is found when it is opened
  }
}

async function unclockedDays(captures: Folder, camera: string): Promise<readonly string[]> {
  const days: string[] = [];
  await within(captures, [camera, unclocked], async (parent) => {
    for await (const name of parent.names()) if (isDayName(name)) days.push(name);
  });
  return newestOf(days.sort(), camera, unclocked);
}

const newestOf = (days: readonly string[], ...parents: readonly string[]): string[] =>
  days.slice(-maxDays).map((day) => [...parents, day].join('/'));
