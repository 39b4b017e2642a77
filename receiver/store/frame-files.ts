/**
 * Stores frames as files with a line in their folder's record.
 *
 * A repeated frame is written again, in place of its file: the flush of that file may have failed, and after a failed
 * flush another one proves nothing.
 */
import { randomUUID } from 'node:crypto';
import { readFrameSize } from '../../shared/jpeg/frame-size.js';
import { isPlausibleClock, numberedName } from '../../shared/protocol/frame-path.js';
import type { DayRecord } from './day-record.js';
import type { Folder } from './folder.js';
import { hasContent } from './frame-copy.js';
import { FrameNames } from './frame-names.js';
import type { StoreParts } from './entry-lines.js';
import { type FileAt, renameOver } from './publish.js';
import { frameLine } from './record-line.js';
import { allOrFirstError } from './all-or-first-error.js';
import type { FrameToStore, StoredFrame } from './store-port.js';
import { noteLine } from './store-note.js';
import { incomingFolder } from './unfinished.js';

export interface NamedFrame {
  readonly frame: FrameToStore;
  /** See `frameKey`; undefined for a raw frame, which never counts as a repeat. */
  readonly key: string | undefined;
  readonly stem: string;
}

export class FrameFiles {
  readonly #parts: StoreParts;
  readonly #names = new FrameNames();

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** Stores a frame in a folder; a repeat replaces its own file. @throws a system error */
  store(folder: string, named: NamedFrame): Promise<StoredFrame> {
    const { frame, key, stem } = named;
    const { folders, records } = this.#parts;
    return folders.use([folder, incomingOf(frame)], async (day, incoming) => {
      const record = await records.of(folder, day);
      const recorded = key === undefined ? undefined : record.nameOf(key, stem);
      const gone = goneName(record, named, recorded);
      if (gone !== undefined) return { name: `${folder}/${gone}`, duplicate: true };
      if (recorded !== undefined && (await hasContent(day, recorded, frame.jpeg))) {
        return await this.#rewrite(folder, recorded, frame, { day, incoming, record });
      }
      return await writeTemporary(incoming, frame, (temporary) => {
        const request = { folder, day, record, stem, key, jpeg: frame.jpeg };
        return this.#names.assign(temporary, request, async (name, isCopy) => {
          await this.#flushAndRecord(named, name, day, record);
          return { name: `${folder}/${name}`, duplicate: isCopy };
        });
      });
    });
  }

  /** @returns undefined when the frame is not in that folder @throws a system error */
  find(folder: string, named: NamedFrame): Promise<StoredFrame | undefined> {
    const { folders, records } = this.#parts;
    const { frame, key, stem } = named;
    return folders.useExisting([folder, incomingOf(frame)], async (day, incoming) => {
      const plain = numberedName(stem, 1);
      if (key === undefined) return undefined;
      const record = await records.of(folder, day);
      const gone = goneName(record, named, record.nameOf(key, stem));
      if (gone !== undefined) return { name: `${folder}/${gone}`, duplicate: true };
      const free = record.ownerOf(plain, key) === undefined ? plain : undefined;
      const name = record.nameOf(key, stem) ?? free;
      if (name === undefined || !(await hasContent(day, name, frame.jpeg))) return undefined;
      return await this.#rewrite(folder, name, frame, { day, incoming, record });
    });
  }

  /** Removes the file of a frame that was stored while its time was erased. @throws a system error */
  async erase({ name: path }: StoredFrame, frame: FrameToStore): Promise<void> {
    const at = path.lastIndexOf('/');
    const [folder, name] = [path.slice(0, at), path.slice(at + 1)];
    const { folders, records, flushes } = this.#parts;
    await folders.use([folder], async (day) => {
      const record = await records.of(folder, day);
      const { camera, receivedAtMs: atMs, jpeg } = frame;
      const facts = { names: [name], byteCount: jpeg.length };
      const note = { kind: 'deleted', camera, atMs, why: 'erased', ...facts } as const;
      await record.appendAndFlush(day, noteLine(note), { kind: 'gone', note });
      day.removeIfThere(name);
      await flushes.flush(day);
    });
  }

  async #rewrite(
    folder: string,
    name: string,
    frame: FrameToStore,
    { day, incoming, record }: { day: Folder; incoming: Folder; record: DayRecord },
  ): Promise<StoredFrame> {
    return await writeTemporary(incoming, frame, async (temporary) => {
      renameOver(temporary, { folder: day, name });
      // Another process may have deleted it meanwhile: its line came before.
      await record.refresh(day);
      if (record.isDeleted(name)) day.removeIfThere(name);
      await this.#parts.flushes.flush(day);
      return { name: `${folder}/${name}`, duplicate: true };
    });
  }

  /** Flushes a frame's name, and appends its line. */
  async #flushAndRecord(
    { frame, key }: NamedFrame,
    name: string,
    day: Folder,
    record: DayRecord,
  ): Promise<void> {
    const isRecorded = key !== undefined && record.ownerOf(name, key) === 'this';
    const size = readFrameSize(frame.jpeg);
    const line = frameLine({ ...frame, name, byteCount: frame.jpeg.length, size });
    const recorded = key === undefined ? undefined : ({ kind: 'frame', key, name } as const);
    await allOrFirstError([
      this.#parts.flushes.flush(day),
      isRecorded ? undefined : record.append(day, line, recorded),
    ]);
    this.#parts.records.flushSoon();
  }
}

/** @returns the name that a frame had which was deleted on purpose; undefined: it was not */
function goneName(
  record: DayRecord,
  { frame, stem }: NamedFrame,
  recorded: string | undefined,
): string | undefined {
  if (recorded !== undefined) return record.isDeleted(recorded) ? recorded : undefined;
  const { id, capturedAtMs } = frame;
  const isGone = id !== undefined && record.isSummarized(id, capturedAtMs);
  return isGone ? numberedName(stem, 1) : undefined;
}

const incomingOf = ({ camera }: FrameToStore): string => `${camera}/${incomingFolder}`;

/** Writes a frame's temporary file for the work, which moves it; removes it when the work fails. */
async function writeTemporary<T>(
  folder: Folder,
  { jpeg, capturedAtMs }: FrameToStore,
  work: (temporary: FileAt) => Promise<T>,
): Promise<T> {
  const name = `${randomUUID()}.part`;
  // With an implausible capture time the file keeps the time of arrival.
  const modifiedAtMs = isPlausibleClock(capturedAtMs) ? capturedAtMs : undefined;
  try {
    await folder.writeNew(name, jpeg, modifiedAtMs);
    return await work({ folder, name });
  } catch (error) {
    folder.removeIfThere(name);
    throw error;
  }
}
