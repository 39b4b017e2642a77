/**
 * Keeps frames as files below the captures directory, and holes as lines in its records. What `put` and
 * `note` have resolved for is on the disk; a file under its final name is whole, always.
 *
 * The order of a frame, and what a crash after each step leaves:
 *
 *   1. temporary file, flushed      an unfinished file, removed at a later start; the frame comes again
 *   2. link to a free final name    the whole frame, known by its name and bytes when it comes again: adopted
 *   3. directory flushed, and       the same after a power cut. The line is handed to the system before the
 *      line appended, side by side  acknowledgement but not flushed: kill -9 loses no acknowledged frame's line
 *   4. acknowledged                 a power cut within seconds may lose the line, never the frame: the frame
 *                                   is adopted when it comes again. A line may outlive its file (the line
 *                                   reached the disk before the directory did): the file is looked for, and
 *                                   the frame stored again. So no line is believed without its file, and no
 *                                   file needs its line.
 *
 * A hole has no file: its line is flushed before its acknowledgement. What adopting cannot tell apart are two
 * frames with the same millisecond and the same bytes, the first one's line lost or another process's that is
 * just being written. One epoch has no such two, and a camera's lock lets in one epoch at a time.
 */
import { randomUUID } from 'node:crypto';
import { access, constants, lstat, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { flushToDisk, makeDirectories, writeNewFile } from '../../shared/durable-file.js';
import { systemCode } from '../../shared/errors.js';
import {
  type FrameMoment,
  type FramePath,
  clockedPath,
  isPlausibleClock,
  numberedName,
  unclockedPath,
} from '../../shared/frame-path.js';
import { type CameraClaim, type CameraLock, lockCamera } from './camera-lock.js';
import { CaptureFolders } from './capture-folders.js';
import type { DayRecord } from './day-record.js';
import { DayRecords, recordName } from './day-records.js';
import { FlushGroup } from './flush-group.js';
import { publishFile } from './publish.js';
import { type FrameId, frameLine, holeLine } from './record-line.js';
import { storeError } from './store-error.js';
import type { FrameStore, FrameToStore, Hole, StoredFrame } from './store-port.js';
import { StoreMarker } from './store-marker.js';
import { incomingFolder, removeAbandoned, removeIfThere } from './unfinished.js';

/** More equal names than a camera can make in a millisecond: something is wrong. */
const maxSameName = 10_000;

/**
 * Opens the captures directory, makes it when it is missing, removes what killed processes left unfinished.
 * @throws {OperationalError} STORE when it is no directory or cannot be written
 */
export async function openFrameStore(directory: string, nowMs: number): Promise<FrameStore> {
  try {
    await makeDirectories(directory);
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    await removeAbandoned(directory, nowMs);
    return new Captures(directory, await StoreMarker.open(directory));
  } catch (cause) {
    throw storeError(`cannot use the captures directory ${directory}`, cause);
  }
}

class Captures implements FrameStore {
  readonly #directory: string;
  readonly #marker: StoreMarker;
  readonly #records: DayRecords;
  readonly #flushes = new FlushGroup();
  readonly #folders: CaptureFolders;
  /** By camera, epoch, sequence and bytes: a repeat that comes meanwhile waits for the first. */
  readonly #storing = new Map<string, Promise<StoredFrame>>();
  /** By path: the frame that is about to get this name. */
  readonly #claims = new Map<string, FrameId>();

  constructor(directory: string, marker: StoreMarker) {
    this.#directory = directory;
    this.#marker = marker;
    this.#records = new DayRecords(directory);
    this.#folders = new CaptureFolders(directory, this.#flushes);
  }

  get id(): string {
    return this.#marker.id;
  }

  async put(frame: FrameToStore): Promise<StoredFrame> {
    const { camera, id, sha256 } = frame;
    const work = (): Promise<StoredFrame> => this.#store(frame);
    try {
      return id === undefined ? await work() : await this.#once([camera, id, sha256], work);
    } catch (cause) {
      throw storeError(`cannot store a frame of ${camera} in ${this.#directory}`, cause);
    }
  }

  async note(hole: Hole): Promise<StoredFrame> {
    const { camera, id } = hole;
    try {
      return await this.#once([camera, id, 'hole'], () => this.#note(hole));
    } catch (cause) {
      throw storeError(`cannot note a hole of ${camera} in ${this.#directory}`, cause);
    }
  }

  async lock(claim: CameraClaim): Promise<CameraLock | undefined> {
    try {
      await this.#marker.check();
      return await lockCamera(this.#directory, claim);
    } catch (cause) {
      throw storeError(`cannot lock camera ${claim.camera} in ${this.#directory}`, cause);
    }
  }

  close(): Promise<void> {
    return this.#records.close();
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

  async #store(frame: FrameToStore): Promise<StoredFrame> {
    try {
      return await this.#findOrWrite(frame);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      // A folder was removed from under us, by hand or because its frames were old.
      this.#folders.forget();
      return await this.#findOrWrite(frame);
    }
  }

  async #findOrWrite(frame: FrameToStore): Promise<StoredFrame> {
    const path = pathOf(frame.camera, frame, frame.id);
    const folders = [frame.camera, path.folder, incomingOf(frame.camera)];
    await Promise.all([this.#marker.check(), this.#folders.check(folders)]);
    const record = await this.#records.of(path.folder);
    const stored = await this.#findStored(frame, path, record);
    return stored ?? (await this.#write(frame, path, record));
  }

  async #note(hole: Hole): Promise<StoredFrame> {
    const { folder } = pathOf(hole.camera, hole, hole.id);
    await Promise.all([this.#marker.check(), this.#folders.check([hole.camera, folder])]);
    this.#folders.forget();
    await this.#folders.make([hole.camera, folder]);
    const record = await this.#records.of(folder);
    const known = record.find(hole.id);
    const duplicate = known !== undefined && known.name === undefined;
    if (!duplicate) await record.append(holeLine(hole), { ...hole.id, name: undefined });
    await record.flush();
    await this.#flushes.flush(join(this.#directory, folder));
    return { name: `${folder}/${recordName}`, duplicate };
  }

  /** A frame that is recorded, and whose file is there still. */
  async #findStored(
    frame: FrameToStore,
    path: FramePath,
    record: DayRecord,
  ): Promise<StoredFrame | undefined> {
    const fileName = frame.id && record.find(frame.id)?.name;
    if (fileName === undefined) return undefined;
    const name = `${path.folder}/${fileName}`;
    if (!(await hasContent(join(this.#directory, name), frame.jpeg))) return undefined;
    await this.#flushAgain(path.folder, fileName);
    return { name, duplicate: true };
  }

  async #write(frame: FrameToStore, path: FramePath, record: DayRecord): Promise<StoredFrame> {
    const incoming = incomingOf(frame.camera);
    await this.#folders.make([frame.camera, path.folder, incoming]);
    const temporary = join(this.#directory, incoming, `${randomUUID()}.part`);
    // An absurd clock is not the file's time either: it keeps the time of arrival.
    const isClocked = isPlausibleClock(frame.capturedAtMs);
    const times = isClocked ? { modifiedAtMs: frame.capturedAtMs } : undefined;
    try {
      await writeNewFile(temporary, frame.jpeg, times);
      for (let n = 1; n <= maxSameName; n += 1) {
        const stored = await this.#publish(
          temporary,
          numberedName(path.stem, n),
          frame,
          path,
          record,
        );
        if (stored !== undefined) return stored;
      }
      throw new Error(`there are ${maxSameName} files named ${path.stem}`);
    } catch (error) {
      await removeIfThere(temporary);
      throw error;
    }
  }

  /** @returns undefined when the name is another's */
  async #publish(
    temporary: string,
    fileName: string,
    frame: FrameToStore,
    { folder }: FramePath,
    record: DayRecord,
  ): Promise<StoredFrame | undefined> {
    const name = `${folder}/${fileName}`;
    const final = join(this.#directory, name);
    const { id } = frame;
    if (id !== undefined && this.#claims.has(final)) return undefined;
    if (id !== undefined) this.#claims.set(final, id);
    try {
      if (await publishFile(temporary, final)) {
        await Promise.all([
          this.#flushes.flush(join(this.#directory, folder)),
          this.#record(frame, fileName, record),
        ]);
        return { name, duplicate: false };
      }
      if (id === undefined || !(await hasContent(final, frame.jpeg))) return undefined;
      await record.follow();
      if (record.isAnothers(fileName, id)) return undefined;
      const isRecorded = record.find(id)?.name === fileName;
      await this.#flushAgain(folder, fileName);
      if (!isRecorded) await this.#record(frame, fileName, record);
      await unlink(temporary);
      return { name, duplicate: true };
    } finally {
      if (id !== undefined) this.#claims.delete(final);
    }
  }

  async #record(frame: FrameToStore, name: string, record: DayRecord): Promise<void> {
    const line = frameLine({ ...frame, name, byteCount: frame.jpeg.length });
    await record.append(line, frame.id && { ...frame.id, name });
    this.#records.flushSoon();
  }

  /** Whoever wrote it may not have come as far as flushing it. */
  async #flushAgain(folder: string, fileName: string): Promise<void> {
    await flushToDisk(join(this.#directory, folder, fileName));
    await this.#flushes.flush(join(this.#directory, folder));
  }
}

const incomingOf = (camera: string): string => `${camera}/${incomingFolder}`;

function pathOf(camera: string, moment: FrameMoment, id: FrameId | undefined): FramePath {
  if (id === undefined || isPlausibleClock(moment.capturedAtMs)) return clockedPath(camera, moment);
  return unclockedPath(camera, id.epoch, id.sequence);
}

/** False also when there is no such file. */
async function hasContent(path: string, bytes: Buffer): Promise<boolean> {
  try {
    const look = await lstat(path);
    // What a link leads to is no frame that is kept here.
    if (!look.isFile() || look.size !== bytes.length) return false;
    return (await readFile(path)).equals(bytes);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
