/**
 * The records of the days in use, loaded when first asked for and forgotten when there are too many. Sees to
 * it that what was appended is flushed some seconds later, without anybody waiting for it.
 */
import { join } from 'node:path';
import { DayRecord } from './day-record.js';

export const recordName = 'record.jsonl';
export interface RecordLimits {
  /** Frames and holes, some 100 bytes each. A camera that changes every second of a day makes 86,400. */
  readonly maxEntries: number;
  readonly maxRecords: number;
}
const defaultLimits: RecordLimits = { maxEntries: 300_000, maxRecords: 1000 };
/** What a power cut may take from the records; it takes no frame. */
const flushAfterMs = 5000;

export class DayRecords {
  readonly #directory: string;
  readonly #limits: RecordLimits;
  /** By folder, the one used longest ago first. */
  readonly #records = new Map<string, DayRecord>();
  #timer: NodeJS.Timeout | undefined;

  constructor(directory: string, limits = defaultLimits) {
    this.#directory = directory;
    this.#limits = limits;
  }

  /**
   * The record of a folder, with all that is in its file now.
   * @param folder relative to the captures directory
   * @throws a system error
   */
  async of(folder: string): Promise<DayRecord> {
    const record =
      this.#records.get(folder) ?? new DayRecord(join(this.#directory, folder, recordName));
    this.#records.delete(folder);
    this.#records.set(folder, record);
    await record.follow();
    this.#forget();
    return record;
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
      void this.#flush();
    }, flushAfterMs);
    this.#timer.unref();
  }

  /** Flushes every record. Never rejects. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const unflushed = [...this.#records.values()].filter((record) => !record.isFlushed);
    // What does not reach the disk now is lost by a power cut only, and found again by the frames' names.
    await Promise.allSettled(unflushed.map((record) => record.flush()));
    this.#forget();
  }

  #forget(): void {
    const { maxEntries, maxRecords } = this.#limits;
    let entries = 0;
    for (const { size } of this.#records.values()) entries += size;
    if (entries <= maxEntries && this.#records.size <= maxRecords) return;
    // The last is in use; one that is not flushed goes when it is.
    for (const [folder, record] of [...this.#records].slice(0, -1)) {
      if (entries <= maxEntries && this.#records.size <= maxRecords) return;
      if (!record.isFlushed) continue;
      this.#records.delete(folder);
      entries -= record.size;
    }
  }
}
