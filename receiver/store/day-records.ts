/**
 * The records of the folders in use, loaded when first asked for and forgotten when there are too many. Sees to
 * it that what was appended is flushed some seconds later, without anybody waiting for it.
 */
import { maxRecordEntries } from '../limits/receiver-limits.js';
import type { CaptureFolders } from './capture-folders.js';
import { DayRecord } from './day-record.js';
import type { Folder } from './folder.js';

export interface RecordLimits {
  /** Frames and holes; a camera that sends a frame each second of a day makes 86,400. */
  readonly maxEntries: number;
  readonly maxRecords: number;
}
const defaultLimits: RecordLimits = { maxEntries: maxRecordEntries, maxRecords: 1000 };
/** What a power cut may take from the records; it takes no frame. */
const flushAfterMs = 5000;

interface Kept {
  readonly record: DayRecord;
  /** Of the folder that it is in. */
  readonly folderId: string;
}

export class DayRecords {
  readonly #folders: CaptureFolders;
  readonly #limits: RecordLimits;
  /** By folder, the one used longest ago first. */
  readonly #records = new Map<string, Kept>();
  #timer: NodeJS.Timeout | undefined;

  constructor(folders: CaptureFolders, limits = defaultLimits) {
    this.#folders = folders;
    this.#limits = limits;
  }

  /**
   * The record of a folder, with all that is in its file now.
   * @param path of the folder, relative to the captures directory
   * @throws a system error
   */
  async of(path: string, folder: Folder): Promise<DayRecord> {
    let kept = this.#records.get(path);
    if (kept?.folderId !== folder.id) {
      const { maxEntries } = this.#limits;
      kept = { record: new DayRecord({ maxEntries }), folderId: folder.id };
    }
    this.#records.delete(path);
    this.#records.set(path, kept);
    await kept.record.follow(folder);
    this.#forget();
    return kept.record;
  }

  /** How many are in memory. */
  get count(): number {
    return this.#records.size;
  }

  /** To be told after an append. */
  flushSoon(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#flush().then(() => {
        if (this.#unflushed().length > 0) this.flushSoon();
      });
    }, flushAfterMs);
    this.#timer.unref();
  }

  /** Flushes every record. Never rejects. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#flush();
    clearTimeout(this.#timer);
  }

  #unflushed(): [path: string, kept: Kept][] {
    return [...this.#records].filter(([, { record }]) => !record.isFlushed);
  }

  async #flush(): Promise<void> {
    // What does not reach the disk now is lost by a power cut only, and found again by the frames' names.
    await Promise.allSettled(
      this.#unflushed().map(([path, { record, folderId }]) =>
        this.#folders.useExisting([path], async (folder) => {
          // The lines of a folder that is elsewhere now are the system's to write.
          if (folder.id === folderId) await record.flush(folder);
          else this.#records.delete(path);
        }),
      ),
    );
    this.#forget();
  }

  #forget(): void {
    const { maxEntries, maxRecords } = this.#limits;
    let entries = 0;
    for (const { record } of this.#records.values()) entries += record.size;
    if (entries <= maxEntries && this.#records.size <= maxRecords) return;
    // The last is in use; one that is not flushed goes when it is.
    for (const [path, { record }] of [...this.#records].slice(0, -1)) {
      if (entries <= maxEntries && this.#records.size <= maxRecords) return;
      if (!record.isFlushed) continue;
      this.#records.delete(path);
      entries -= record.size;
    }
  }
}
