/**
 * Stores frames as files in the captures directory, gaps and reports as lines in its records. When `put`,
 * `recordGap` or `recordReport` resolves, the frame or line is on the disk, and was in its place; a file under its
 * final name is always whole. (Version 0.1 could leave an empty one on a file system without hard links; it is
 * replaced when its name is needed.)
 *
 * The steps of storing a frame, and what a crash after each one leaves:
 *
 *   1. temporary file, flushed      an unfinished file, removed at a later start; the agent repeats the frame
 *   2. link to a free final name    the whole frame, recognized by its name and bytes when it is repeated
 *   3. directory flushed and line   the same after a power cut. The line is written before the acknowledgement,
 *      appended, concurrently       but not flushed: kill -9 loses no acknowledged frame's line
 *   4. places of folders checked    a frame in a folder that was moved away meanwhile; it is stored again
 *   5. acknowledged                 a power cut within seconds may lose the line, never the frame: a repeat
 *                                   finds its file. A line may outlive its file (it reached the disk before
 *                                   the directory did): the file is checked, and the frame stored again. So
 *                                   no line counts without its file, and no file needs its line.
 *
 * A gap or report has no file: its line is flushed before its acknowledgement. Two frames with the same millisecond and the
 * same bytes cannot be distinguished by their files, when the first one's line is lost or another process is still
 * writing it. One epoch has no two such frames, and a camera's lock admits one epoch at a time.
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
import { type EntryLine, EntryLines } from './entry-lines.js';
import { Erasures, type OnUnreadableErasure } from './erasures.js';
import { FolderFlushes } from './folder-flushes.js';
import { Folder } from './folder.js';
import { FrameFiles } from './frame-files.js';
import { LockBatches } from './lock-batches.js';
import { type FrameId, frameKey, gapKey, gapLine, reportKey, reportLine } from './record-line.js';
import { storeError } from './store-error.js';
import type { FrameStore, FrameToStore, Gap, Report, StoredFrame } from './store-port.js';
import { StoreMarker } from './store-marker.js';
import { noteLine } from './store-note.js';
import { UnclockedDays } from './unclocked-days.js';
import { removeAbandoned } from './unfinished.js';

interface OpenOptions {
  readonly requiresMarker?: boolean;
  /** Called when the first frame of its camera arrives. */
  readonly onUnreadableErasure?: OnUnreadableErasure | undefined;
}

/**
 * Opens the captures directory, makes it when it is missing, removes unfinished files of killed processes.
 * @param requiresMarker nothing is made: a disk that is not mounted is not filled by mistake
 * @throws {OperationalError} STORE: it is not a directory, or cannot be written, or has no marker that is required
 */
export async function openFrameStore(
  directory: string,
  nowMs: number,
  { requiresMarker = false, onUnreadableErasure }: OpenOptions = {},
): Promise<FrameStore> {
  try {
    if (!requiresMarker) await makeDirectories(directory);
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    const root = await Folder.open(directory);
    try {
      await removeAbandoned(root, nowMs);
      await removeIdleLocks(root, nowMs);
      const marker = await StoreMarker.open(root, requiresMarker);
      return new Captures(directory, marker, onUnreadableErasure);
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
  readonly #lines: EntryLines;
  readonly #unclocked: UnclockedDays;
  readonly #erasures: Erasures;
  readonly #lockBatches = new LockBatches();
  /** By camera, key and bytes: a repeat that arrives meanwhile waits for the first. */
  readonly #storing = new Map<string, Promise<StoredFrame>>();

  constructor(
    directory: string,
    marker: StoreMarker,
    onUnreadable: OnUnreadableErasure = () => {},
  ) {
    const folders = new CaptureFolders(directory, (root) => marker.check(root));
    const records = new DayRecords(folders);
    const parts = { folders, records, flushes: new FolderFlushes() };
    this.#directory = directory;
    this.#marker = marker;
    this.#folders = folders;
    this.#records = records;
    this.#frames = new FrameFiles(parts);
    this.#lines = new EntryLines(parts);
    this.#unclocked = new UnclockedDays(folders);
    this.#erasures = new Erasures(directory, folders, onUnreadable);
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
        if (await this.#erasures.covers(camera, frame))
          return await this.#recordLate(folder, frame);
        const find = (earlier: string) => this.#frames.find(earlier, named);
        const earlier = await this.#findEarlier(frame, folder, find);
        const stored = earlier ?? (await this.#frames.store(folder, named));
        // The erasure may have passed the folder before the frame was in it.
        if (await this.#erasures.covers(camera, frame)) await this.#frames.erase(stored, frame);
        return stored;
      });
    } catch (cause) {
      throw storeError(`cannot store a frame of ${camera} in ${this.#directory}`, cause);
    }
  }

  recordGap(gap: Gap): Promise<StoredFrame> {
    return this.#record('gap', gap, {
      ...{ key: gapKey(gap), text: gapLine(gap), id: gap.id, atMs: gap.lastCapturedAtMs },
    });
  }

  recordReport(report: Report): Promise<StoredFrame> {
    return this.#record('report', report, {
      ...{ key: reportKey(report), text: reportLine(report) },
      ...{ id: report.id, atMs: report.report.toMs },
    });
  }

  async lock(claim: CameraClaim): Promise<CameraLock | undefined> {
    try {
      // Checks the marker.
      await this.#folders.use([''], () => Promise.resolve());
      return await lockCamera(this.#directory, claim, this.#lockBatches);
    } catch (cause) {
      throw storeError(`cannot lock camera ${claim.camera} in ${this.#directory}`, cause);
    }
  }

  async close(): Promise<void> {
    await this.#records.close();
    await this.#folders.close();
  }

  async #record(kind: string, entry: Gap | Report, line: EntryLine): Promise<StoredFrame> {
    const { camera } = entry;
    try {
      const { folder } = pathOf(entry, entry.id);
      return await this.#once([camera, line.key, kind], async () => {
        const find = (earlier: string) => this.#lines.find(earlier, line);
        return (await this.#findEarlier(entry, folder, find)) ?? this.#lines.append(folder, line);
      });
    } catch (cause) {
      throw storeError(`cannot record a ${kind} of ${camera} in ${this.#directory}`, cause);
    }
  }

  /** A frame of an erased stretch is not stored. */
  async #recordLate(folder: string, { camera, id, capturedAtMs, ...frame }: FrameToStore) {
    if (id === undefined) throw new Error('a raw frame is named by its arrival: never late');
    const note = { kind: 'late', camera, atMs: frame.receivedAtMs, ...id, capturedAtMs } as const;
    const key = `late ${frameKey(id, capturedAtMs)}`;
    const line = { key, text: noteLine(note), id, atMs: capturedAtMs };
    return await this.#lines.append(folder, line);
  }

  /** Runs the work for the first of concurrent calls with the same key; the others wait, and are duplicates. */
  async #once(keys: readonly unknown[], work: () => Promise<StoredFrame>): Promise<StoredFrame> {
    const key = JSON.stringify(keys);
    const first = this.#storing.get(key);
    if (first !== undefined) return { ...(await first), duplicate: true };
    const storing = work().finally(() => this.#storing.delete(key));
    this.#storing.set(key, storing);
    return await storing;
  }

  /** Searches the folders of earlier days for an entry of a camera without a clock. */
  async #findEarlier(
    { camera, capturedAtMs }: FrameToStore | Gap | Report,
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

function pathOf(received: FrameToStore | Gap | Report, id: FrameId | undefined): FramePath {
  const { camera, capturedAtMs, receivedAtMs, utcOffsetMinutes } = received;
  if (id === undefined || isPlausibleClock(capturedAtMs)) return clockedPath(camera, received);
  const arrival = { capturedAtMs: receivedAtMs, utcOffsetMinutes };
  return unclockedPath(camera, id.epoch, id.sequence, arrival);
}
