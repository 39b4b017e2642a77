/**
 * A cache of the records of folders in use: loaded at first use, evicted above a limit. Flushes appended lines some
 * seconds later in the background.
 */
import { maxRecordEntries } from '../limits/receiver-limits.js';
import type { CaptureFolders } from './capture-folders.js';
import { DayRecord } from './day-record.js';
import type { Folder } from './folder.js';

export interface RecordLimits {
  /** Frames and gaps; a camera that sends a frame each second makes 86,400 in a day. */
  readonly maxEntries: number;
  readonly maxRecords: number;
}
const defaultLimits: RecordLimits = { maxEntries: maxRecordEntries, maxRecords: 1000 };
/** A power cut loses at most the record lines of this time, and no frame. */
const flushAfterMs = 5000;
/** While flushes fail the time doubles up to this: each of them appends all unflushed lines again. */
const maxFlushAfterMs = 5 * 60_000;

/** An unused record's file stays open for at least this time, as an unused folder does. */
const idleMs = 50;

interface CachedRecord {
  readonly record: DayRecord;
  /** Id of the folder that the record is in. */
  readonly folderId: string;
}

export class DayRecords {
  readonly #folders: CaptureFolders;
  readonly #limits: RecordLimits;
  /** By folder, least recently used first. */
  readonly #records = new Map<string, CachedRecord>();
  #timer: NodeJS.Timeout | undefined;
  /** Records used since the last sweep, and those of the sweep before: their files are closed at the next one. */
  #used = new Set<DayRecord>();
  #usedBefore = new Set<DayRecord>();
  #sweepTimer: NodeJS.Timeout | undefined;
  #flushAfterMs = flushAfterMs;

  constructor(folders: CaptureFolders, limits = defaultLimits) {
    this.#folders = folders;
    this.#limits = limits;
  }

  /**
   * The record of a folder, with all lines that its file has now.
   * @param path of the folder, relative to the captures directory
   * @throws a system error
   */
  async of(path: string, folder: Folder): Promise<DayRecord> {
    let cached = this.#records.get(path);
    if (cached?.folderId !== folder.id) {
      const { maxEntries } = this.#limits;
      // A frame that is written for longer than a record rests opens its file again.
      const onOpened = (record: DayRecord): void => this.#restLater(record);
      cached = { record: new DayRecord({ maxEntries, onOpened }), folderId: folder.id };
    }
    this.#records.delete(path);
    this.#records.set(path, cached);
    this.#restLater(cached.record);
    await cached.record.refresh(folder);
    this.#evict();
    return cached.record;
  }

  /** Records in memory. */
  get count(): number {
    return this.#records.size;
  }

  /** Schedules a flush; called after each append. */
  flushSoon(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#flush().then(() => {
        if (this.#unflushed().length > 0) this.flushSoon();
      });
    }, this.#flushAfterMs);
    this.#timer.unref();
  }

  /** Flushes every record. Never rejects. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#flush();
    clearTimeout(this.#timer);
    await this.#sweep();
    await this.#sweep();
    clearTimeout(this.#sweepTimer);
  }

  #restLater(record: DayRecord): void {
    this.#used.add(record);
    this.#sweepTimer ??= setTimeout(() => void this.#sweep(), idleMs).unref();
  }

  /** Closes the files of records that were not used lately. Never rejects. */
  async #sweep(): Promise<void> {
    clearTimeout(this.#sweepTimer);
    this.#sweepTimer = undefined;
    const resting = [...this.#usedBefore].filter((record) => !this.#used.has(record));
    this.#usedBefore = this.#used;
    this.#used = new Set();
    if (this.#usedBefore.size > 0) {
      this.#sweepTimer = setTimeout(() => void this.#sweep(), idleMs).unref();
    }
    await Promise.all(resting.map((record) => record.rest()));
  }

  #unflushed(): [path: string, cached: CachedRecord][] {
    return [...this.#records].filter(([, { record }]) => !record.isFlushed);
  }

  async #flush(): Promise<void> {
    // A failure is ignored: only a power cut loses these lines, and frames are found by their names.
    const results = await Promise.allSettled(
      this.#unflushed().map(([path, { record, folderId }]) =>
        this.#folders.useExisting([path], async (folder) => {
          // The folder was moved: the system writes its lines without a flush.
          if (folder.id !== folderId) this.#records.delete(path);
          else {
            this.#restLater(record);
            await record.flush(folder);
          }
        }),
      ),
    );
    const hasFailed = results.some(({ status }) => status === 'rejected');
    const longerMs = Math.min(2 * this.#flushAfterMs, maxFlushAfterMs);
    this.#flushAfterMs = hasFailed ? longerMs : flushAfterMs;
    this.#evict();
  }

  #evict(): void {
    const { maxEntries, maxRecords } = this.#limits;
    let entries = 0;
    for (const { record } of this.#records.values()) entries += record.size;
    if (entries <= maxEntries && this.#records.size <= maxRecords) return;
    // The last one is in use; an unflushed one is evicted after its flush.
    for (const [path, { record }] of [...this.#records].slice(0, -1)) {
      if (entries <= maxEntries && this.#records.size <= maxRecords) return;
      if (!record.isFlushed) continue;
      this.#records.delete(path);
      entries -= record.size;
    }
  }
}
