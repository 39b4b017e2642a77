/** Stores entries without a file, gaps and reports, as lines of records. */
import type { CaptureFolders } from './capture-folders.js';
import { recordName } from './day-record.js';
import type { DayRecords } from './day-records.js';
import type { FolderFlushes } from './folder-flushes.js';
import type { FrameId } from './record-line.js';
import type { StoredFrame } from './store-port.js';

export interface StoreParts {
  readonly folders: CaptureFolders;
  readonly records: DayRecords;
  readonly flushes: FolderFlushes;
}

export interface EntryLine {
  /** The same for each repeat of the entry. */
  readonly key: string;
  /** With its line end. */
  readonly text: string;
  readonly id: FrameId;
  /** Its last moment. */
  readonly atMs: number;
}

export class EntryLines {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** Appends a line to a folder's record, unless it is there. @throws a system error */
  append(folder: string, { key, text, id, atMs }: EntryLine): Promise<StoredFrame> {
    const { folders, records, flushes } = this.#parts;
    return folders.use([folder], async (day) => {
      const record = await records.of(folder, day);
      const duplicate = record.hasLine(key) || record.isSummarized(id, atMs);
      // The process that appended a duplicate's line may not have flushed it.
      if (duplicate) await record.flush(day);
      else await record.appendAndFlush(day, text, { kind: 'line', key });
      await flushes.flush(day);
      return { name: `${folder}/${recordName}`, duplicate };
    });
  }

  /** @returns undefined when a folder's record does not have it @throws a system error */
  find(folder: string, { key, id, atMs }: EntryLine): Promise<StoredFrame | undefined> {
    const { folders, records } = this.#parts;
    return folders.useExisting([folder], async (day) => {
      const record = await records.of(folder, day);
      if (!record.hasLine(key) && !record.isSummarized(id, atMs)) return undefined;
      await record.flush(day);
      return { name: `${folder}/${recordName}`, duplicate: true };
    });
  }
}
