/**
 * Keeps frames as files in the captures directory, and holes as lines in its records. What `put` and `note`
 * have resolved for is on the disk, and was in its place then; a file under its final name is whole, always.
 * (Version 0.1 could leave an empty one on a file system without hard links; it is replaced when its name is
 * wanted.)
 *
 * The order of a frame, and what a crash after each step leaves:
 *
 *   1. temporary file, flushed      an unfinished file, removed at a later start; the frame comes again
 *   2. link to a free final name    the whole frame, known by its name and bytes when it comes again
 *   3. directory flushed, and       the same after a power cut. The line is handed to the system before the
 *      line appended, side by side  acknowledgement but not flushed: kill -9 loses no acknowledged frame's line
 *   4. folders looked for           a frame in a folder that was moved away meanwhile; it is stored again
 *   5. acknowledged                 a power cut within seconds may lose the line, never the frame: the frame
 *                                   is found when it comes again. A line may outlive its file (the line
 *                                   reached the disk before the directory did): the file is looked for, and
 *                                   the frame stored again. So no line is believed without its file, and no
 *                                   file needs its line.
 *
 * A hole has no file: its line is flushed before its acknowledgement. What looking at files cannot tell apart
 * are two frames with the same millisecond and the same bytes, the first one's line lost or another process's
 * that is just being written. One epoch has no such two, and a camera's lock lets in one epoch at a time.
 */
import { access, constants } from 'node:fs/promises';
import { makeDirectories } from '../../shared/files/durable-file.js';
import {
  type FramePath,
  clockedPath,
  isPlausibleClock,
  unclockedPath,
} from '../../shared/protocol/frame-path.js';
import { type CameraClaim, type CameraLock, lockCamera, removeIdleLocks } from './camera-lock.js';
import { CaptureFolders } from './capture-folders.js';
import { DayRecords } from './day-records.js';
import { FolderFlushes } from './folder-flushes.js';
import { Folder } from './folder.js';
import { FrameFiles } from './frame-files.js';
import { GapLines } from './gap-lines.js';
import { type FrameId, frameKey, gapKey } from './record-line.js';
import { storeError } from './store-error.js';
import type { FrameStore, FrameToStore, Gap, StoredFrame } from './store-port.js';
import { StoreMarker } from './store-marker.js';
import { UnclockedDays } from './unclocked-days.js';
import { removeAbandoned } from './unfinished.js';

/**
 * Opens the captures directory, makes it when it is missing, removes what killed processes left unfinished.
 * @throws {OperationalError} STORE when it is no directory or cannot be written
 */
export async function openFrameStore(directory: string, nowMs: number): Promise<FrameStore> {
  try {
    await makeDirectories(directory);
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    const root = await Folder.open(directory);
    try {
      await removeAbandoned(root, nowMs);
      await removeIdleLocks(root, nowMs);
      return new Captures(directory, await StoreMarker.open(root));
    } finally {
      await root.close();
    }
  } catch (cause) {
    throw storeError(`cannot use the captures directory ${directory}`, cause);
  }
}

class Captures implements FrameStore {
  readonly #directory: string;
  readonly #marker: StoreMarker;
  readonly #folders: CaptureFolders;
  readonly #records: DayRecords;
  readonly #frames: FrameFiles;
  readonly #holes: GapLines;
  readonly #unclocked: UnclockedDays;
  /** By camera, key and bytes: a repeat that comes meanwhile waits for the first. */
  readonly #storing = new Map<string, Promise<StoredFrame>>();

  constructor(directory: string, marker: StoreMarker) {
    const folders = new CaptureFolders(directory, (root) => marker.check(root));
    const records = new DayRecords(folders);
    const parts = { folders, records, flushes: new FolderFlushes() };
    this.#directory = directory;
    this.#marker = marker;
    this.#folders = folders;
    this.#records = records;
    this.#frames = new FrameFiles(parts);
    this.#holes = new GapLines(parts);
    this.#unclocked = new UnclockedDays(folders);
  }

  get id(): string {
    return this.#marker.id;
  }

  async put(frame: FrameToStore): Promise<StoredFrame> {
    const { camera, id, sha256 } = frame;
    try {
      const { folder, stem } = pathOf(frame, id);
      const key = id && frameKey(id, frame.capturedAtMs);
      const named = { frame, key, stem };
      if (key === undefined) return await this.#frames.store(folder, named);
      return await this.#once([camera, key, sha256], async () => {
        const find = (earlier: string) => this.#frames.find(earlier, named);
        return (await this.#findEarlier(frame, folder, find)) ?? this.#frames.store(folder, named);
      });
    } catch (cause) {
      throw storeError(`cannot store a frame of ${camera} in ${this.#directory}`, cause);
    }
  }

  async note(hole: Gap): Promise<StoredFrame> {
    const { camera } = hole;
    try {
      const { folder } = pathOf(hole, hole.id);
      return await this.#once([camera, gapKey(hole), 'hole'], async () => {
        const find = (earlier: string) => this.#holes.find(earlier, hole);
        return (await this.#findEarlier(hole, folder, find)) ?? this.#holes.note(folder, hole);
      });
    } catch (cause) {
      throw storeError(`cannot note a hole of ${camera} in ${this.#directory}`, cause);
    }
  }

  async lock(claim: CameraClaim): Promise<CameraLock | undefined> {
    try {
      // Looks at the marker.
      await this.#folders.use([''], () => Promise.resolve());
      return await lockCamera(this.#directory, claim);
    } catch (cause) {
      throw storeError(`cannot lock camera ${claim.camera} in ${this.#directory}`, cause);
    }
  }

  async close(): Promise<void> {
    await this.#records.close();
    await this.#folders.close();
  }

  /** Does the work for the first of those who come with the same key; the others wait, and are repeats. */
  async #once(keys: readonly unknown[], work: () => Promise<StoredFrame>): Promise<StoredFrame> {
    const key = JSON.stringify(keys);
    const first = this.#storing.get(key);
    if (first !== undefined) return { ...(await first), duplicate: true };
    const storing = work().finally(() => this.#storing.delete(key));
    this.#storing.set(key, storing);
    return await storing;
  }

  /** Looks for what a camera without a clock sends in the folders of earlier days. */
  async #findEarlier(
    { camera, capturedAtMs }: FrameToStore | Gap,
    today: string,
    find: (folder: string) => Promise<StoredFrame | undefined>,
  ): Promise<StoredFrame | undefined> {
    if (isPlausibleClock(capturedAtMs)) return undefined;
    for (const folder of await this.#unclocked.before(camera, today)) {
      const found = await find(folder);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function pathOf(received: FrameToStore | Gap, id: FrameId | undefined): FramePath {
  const { camera, capturedAtMs, receivedAtMs, utcOffsetMinutes } = received;
  if (id === undefined || isPlausibleClock(capturedAtMs)) return clockedPath(camera, received);
  const arrival = { capturedAtMs: receivedAtMs, utcOffsetMinutes };
  return unclockedPath(camera, id.epoch, id.sequence, arrival);
}
