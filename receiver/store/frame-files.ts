/**
 * Keeps frames as files with a line in their folder's record.
 *
 * A frame that comes again is written again, in place of the file that is there: whether that one's flush worked
 * is not known, and after one that failed another flush proves nothing.
 */
import { randomUUID } from 'node:crypto';
import { isPlausibleClock, numberedName } from '../../shared/protocol/frame-path.js';
import type { DayRecord } from './day-record.js';
import type { Folder } from './folder.js';
import { hasContent } from './frame-copy.js';
import { FrameNames } from './frame-names.js';
import type { StoreParts } from './gap-lines.js';
import { type FileAt, replaceFile } from './publish.js';
import { frameLine } from './record-line.js';
import { allOrFirstError } from './all-or-first-error.js';
import type { FrameToStore, StoredFrame } from './store-port.js';
import { incomingFolder } from './unfinished.js';

export interface NamedFrame {
  readonly frame: FrameToStore;
  /** See `frameKey`; undefined for a raw frame, which is never taken for a repeat. */
  readonly key: string | undefined;
  readonly stem: string;
}

export class FrameFiles {
  readonly #parts: StoreParts;
  readonly #names = new FrameNames();

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** Stores a frame in a folder, unless it is there. @throws a system error */
  store(folder: string, named: NamedFrame): Promise<StoredFrame> {
    const { frame, key, stem } = named;
    const { folders, records } = this.#parts;
    return folders.use([folder, incomingOf(frame)], async (day, incoming) => {
      const record = await records.of(folder, day);
      const recorded = key === undefined ? undefined : record.nameOf(key, stem);
      if (recorded !== undefined && (await hasContent(day, recorded, frame.jpeg))) {
        return await this.#writeAgain(folder, recorded, frame, day, incoming);
      }
      return await writeTemporary(incoming, frame, (temporary) => {
        const place = { folder, day, record, stem, key, jpeg: frame.jpeg };
        return this.#names.place(temporary, place, async (name, isCopy) => {
          await this.#keep(named, name, day, record);
          return { name: `${folder}/${name}`, duplicate: isCopy };
        });
      });
    });
  }

  /** @returns undefined when it is not in that folder @throws a system error */
  find(folder: string, { frame, key, stem }: NamedFrame): Promise<StoredFrame | undefined> {
    const { folders, records } = this.#parts;
    return folders.useExisting([folder, incomingOf(frame)], async (day, incoming) => {
      const plain = numberedName(stem, 1);
      if (key === undefined || (await day.look(plain)) === undefined) return undefined;
      const record = await records.of(folder, day);
      const free = record.ownerOf(plain, key) === undefined ? plain : undefined;
      const name = record.nameOf(key, stem) ?? free;
      if (name === undefined || !(await hasContent(day, name, frame.jpeg))) return undefined;
      return await this.#writeAgain(folder, name, frame, day, incoming);
    });
  }

  async #writeAgain(
    folder: string,
    name: string,
    frame: FrameToStore,
    day: Folder,
    incoming: Folder,
  ): Promise<StoredFrame> {
    return await writeTemporary(incoming, frame, async (temporary) => {
      await replaceFile(temporary, { folder: day, name });
      await this.#parts.flushes.flush(day);
      return { name: `${folder}/${name}`, duplicate: true };
    });
  }

  /** Flushes the name that a frame has got, and appends its line. */
  async #keep(
    { frame, key }: NamedFrame,
    name: string,
    day: Folder,
    record: DayRecord,
  ): Promise<void> {
    const isRecorded = key !== undefined && record.ownerOf(name, key) === 'this';
    const line = frameLine({ ...frame, name, byteCount: frame.jpeg.length });
    const recorded = key === undefined ? undefined : ({ kind: 'frame', key, name } as const);
    await allOrFirstError([
      this.#parts.flushes.flush(day),
      isRecorded ? undefined : record.append(day, line, recorded),
    ]);
    this.#parts.records.flushSoon();
  }
}

const incomingOf = ({ camera }: FrameToStore): string => `${camera}/${incomingFolder}`;

/** Writes a frame's temporary file, which is gone when the work is done or has failed. */
async function writeTemporary<T>(
  folder: Folder,
  { jpeg, capturedAtMs }: FrameToStore,
  work: (temporary: FileAt) => Promise<T>,
): Promise<T> {
  const name = `${randomUUID()}.part`;
  // An absurd clock is not the file's time either: it keeps the time of arrival.
  const times = isPlausibleClock(capturedAtMs) ? { modifiedAtMs: capturedAtMs } : undefined;
  try {
    await folder.writeNew(name, jpeg, times);
    return await work({ folder, name });
  } catch (error) {
    await folder.removeIfThere(name);
    throw error;
  }
}
