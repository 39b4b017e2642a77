/** Stores gaps as lines of records: frames that an agent dropped, which have no file. */
import type { CaptureFolders } from './capture-folders.js';
import { recordName } from './day-record.js';
import type { DayRecords } from './day-records.js';
import type { FolderFlushes } from './folder-flushes.js';
import { gapKey, gapLine } from './record-line.js';
import type { Gap, StoredFrame } from './store-port.js';

export interface StoreParts {
  readonly folders: CaptureFolders;
  readonly records: DayRecords;
  readonly flushes: FolderFlushes;
}

export class GapLines {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** Appends a gap's line to a folder's record, unless it is there. @throws a system error */
  append(folder: string, gap: Gap): Promise<StoredFrame> {
    const { folders, records, flushes } = this.#parts;
    const key = gapKey(gap);
    return folders.use([folder], async (day) => {
      const record = await records.of(folder, day);
      const duplicate = record.hasGap(key);
      // The process that appended a duplicate's line may not have flushed it.
      if (duplicate) await record.flush(day);
      else await record.appendAndFlush(day, gapLine(gap), { kind: 'gap', key });
      await flushes.flush(day);
      return { name: `${folder}/${recordName}`, duplicate };
    });
  }

  /** @returns undefined when a folder's record does not have it @throws a system error */
  find(folder: string, gap: Gap): Promise<StoredFrame | undefined> {
    const { folders, records } = this.#parts;
    return folders.useExisting([folder], async (day) => {
      const record = await records.of(folder, day);
      if (!record.hasGap(gapKey(gap))) return undefined;
      await record.flush(day);
      return { name: `${folder}/${recordName}`, duplicate: true };
    });
  }
}
