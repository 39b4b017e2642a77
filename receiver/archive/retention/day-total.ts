/** How many bytes a day's folder uses, counted from the lines of its record as it grows. Pure. */
import type { FrameEntry } from '../frame-entry.js';
import { type RecordLine, isEntry } from '../record-entry.js';

/** A disk stores files in such blocks. */
const blockBytes = 4096;
const dayMs = 86_400_000;

export interface DayTotal {
  /** The record that was counted. */
  readonly inode: number;
  /** Its lines before this position are counted. */
  readonly endByte: number;
  /** Its size then; a line that is not whole follows `endByte`. */
  readonly recordBytes: number;
  /** Frames with a file, by the record. */
  readonly frames: number;
  readonly byteCount: number;
  /** The same in whole blocks. */
  readonly diskBytes: number;
  /** Record, index and folder, in whole blocks. */
  readonly otherBytes: number;
  /** No frame that may be deleted is older; Infinity: there is none. */
  readonly earliestMs: number;
  readonly latestMs: number;
  /** Events that are kept: the frames of an event that lasts over midnight are in the next day too. */
  readonly keptEvents: readonly string[];
  /** Lines of frames, gaps and reports. */
  readonly entries: number;
  /** Frames were deleted. */
  readonly hasDeleted: boolean;
  /** A sweep found nothing that may be deleted when the record ended here. */
  readonly doneByte: number | undefined;
}

export const noTotal: DayTotal = {
  ...{ inode: 0, endByte: 0, recordBytes: 0, frames: 0, byteCount: 0, diskBytes: 0 },
  ...{ otherBytes: 0, earliestMs: Infinity, latestMs: -Infinity, keptEvents: [] },
  ...{ entries: 0, hasDeleted: false, doneByte: undefined },
};

export function inBlocks(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}

/** Where a day's folder is, by its path. */
export interface DayPath {
  readonly path: string;
  readonly camera: string;
  readonly isUnclocked: boolean;
  /** Midnight as if its zone were UTC; 0 for the folder of 0.1 without a day. */
  readonly localMs: number;
}

/** @param path `yard/2026_11_22`, `yard/unclocked/2026_11_22` or, of 0.1, `yard/unclocked` */
export function dayPathOf(path: string): DayPath {
  const [camera = '', ...rest] = path.split('/');
  const day = rest.at(-1)?.replaceAll('_', '-') ?? '';
  const localMs = Date.parse(`${day}T00:00Z`);
  const isUnclocked = rest[0] === 'unclocked';
  return { path, camera, isUnclocked, localMs: Number.isNaN(localMs) ? 0 : localMs };
}

/** When a frame was captured; a camera without a clock: when it arrived. */
export function momentOf(frame: FrameEntry, { isUnclocked, localMs }: DayPath): number {
  return isUnclocked ? (frame.receivedAtMs ?? localMs) : frame.capturedAtMs;
}

/** Counts lines that follow those of a total. */
export class DayCount {
  readonly #day: DayPath;
  readonly #keptEvents: Set<string>;
  #frames: number;
  #byteCount: number;
  #diskBytes: number;
  #earliestMs: number;
  #latestMs: number;
  #entries: number;
  #hasDeleted: boolean;

  constructor(day: DayPath, before: DayTotal) {
    this.#day = day;
    this.#frames = before.frames;
    this.#byteCount = before.byteCount;
    this.#diskBytes = before.diskBytes;
    this.#earliestMs = before.earliestMs;
    this.#latestMs = before.latestMs;
    this.#keptEvents = new Set(before.keptEvents);
    this.#entries = before.entries;
    this.#hasDeleted = before.hasDeleted;
  }

  add(line: RecordLine): void {
    if (isEntry(line)) this.#entries += 1;
    if (line.kind === 'frame') this.#addFrame(line);
    else if (line.kind === 'deleted') this.#remove(line.names.length, line.byteCount);
    else if (line.kind === 'kept' && line.event !== undefined) this.#keptEvents.add(line.event);
    else if (line.kind === 'unkept') {
      if (line.event !== undefined) this.#keptEvents.delete(line.event);
      // Its frames may be deleted again; they are not older than the day begins in any zone.
      this.#earliestMs = Math.min(this.#earliestMs, this.#day.localMs - dayMs);
    }
  }

  result(of: Pick<DayTotal, 'inode' | 'endByte' | 'recordBytes' | 'otherBytes'>): DayTotal {
    return {
      ...of,
      ...{ frames: this.#frames, byteCount: this.#byteCount, diskBytes: this.#diskBytes },
      ...{ earliestMs: this.#frames === 0 ? Infinity : this.#earliestMs },
      ...{ latestMs: this.#latestMs, keptEvents: [...this.#keptEvents], doneByte: undefined },
      ...{ entries: this.#entries, hasDeleted: this.#hasDeleted },
    };
  }

  #addFrame(frame: FrameEntry): void {
    const atMs = momentOf(frame, this.#day);
    this.#frames += 1;
    this.#byteCount += frame.byteCount;
    this.#diskBytes += inBlocks(frame.byteCount);
    this.#earliestMs = Math.min(this.#earliestMs, atMs);
    this.#latestMs = Math.max(this.#latestMs, atMs);
  }

  /** The line has the sum of the sizes, not the blocks: they are in proportion. */
  #remove(frames: number, bytes: number): void {
    this.#hasDeleted = true;
    const share = this.#byteCount > 0 ? bytes / this.#byteCount : 1;
    this.#frames -= frames;
    this.#byteCount -= bytes;
    this.#diskBytes = Math.round(this.#diskBytes * (1 - share));
    if (this.#frames > 0 && this.#byteCount >= 0) return;
    this.#frames = 0;
    this.#byteCount = 0;
    this.#diskBytes = 0;
  }
}
