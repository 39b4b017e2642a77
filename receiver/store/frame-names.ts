/**
 * Assigns names to frames: the plain one, or one with a number when other frames have the same stem. The cost does
 * not grow with their number: the next number is remembered, and found by bisection after a restart.
 */
import { numberedName } from '../../shared/protocol/frame-path.js';
import type { DayRecord } from './day-record.js';
import type { Folder } from './folder.js';
import { hasContent } from './frame-copy.js';
import { type FileAt, publishFile, renameOver } from './publish.js';

/** Stems whose next number is remembered. */
const maxStems = 10_000;
/**
 * How many of the newest names are searched for a copy without a line. A copy is left by a killed receiver, of a
 * frame in flight, and fewer frames than this are in flight.
 */
const maxCopiesTried = 32;

/** Taken numbers in a row, until the next free one is searched by bisection again. */
const maxMisses = 8;

export interface NameRequest {
  /** Relative to the captures directory. */
  readonly folder: string;
  readonly day: Folder;
  readonly record: DayRecord;
  readonly stem: string;
  /** Undefined for a raw frame, which never counts as a repeat. */
  readonly key: string | undefined;
  readonly jpeg: Buffer;
}

/** Called with the name, while it is reserved for the frame. */
export type OnNamed<T> = (name: string, isCopy: boolean) => Promise<T>;

export class FrameNames {
  /** By folder and stem, least recently used first. */
  readonly #next = new Map<string, number>();
  /** Paths reserved for frames that are being named. */
  readonly #reserved = new Set<string>();

  /**
   * Moves a frame's temporary file to its name: a free one, or that of a copy of it without a line.
   * @throws what `onNamed` throws, or a system error; the temporary file may still exist
   */
  async assign<T>(temporary: FileAt, request: NameRequest, onNamed: OnNamed<T>): Promise<T> {
    const { folder, day, record, stem } = request;
    const path = `${folder}/${stem}`;
    if (!this.#next.has(path)) {
      const plain = await this.#tryNumber(1, temporary, request, onNamed);
      if (plain !== undefined) return plain.result;
      const free = findFreeNumber(request);
      this.#remember(path, Math.max(free, this.#next.get(path) ?? 0));
    }
    await record.refresh(day);
    const copy = await this.#replaceCopy(temporary, request, onNamed);
    if (copy !== undefined) return copy.result;
    for (let misses = 0; ; misses += 1) {
      // Another process assigns numbers too, and may be far ahead.
      if (misses > 0 && misses % maxMisses === 0) this.#next.delete(path);
      const number = this.#next.get(path) ?? findFreeNumber(request);
      this.#remember(path, number + 1);
      const numbered = await this.#tryNumber(number, temporary, request, onNamed);
      if (numbered !== undefined) return numbered.result;
    }
  }

  /** @returns undefined when the name is taken */
  async #tryNumber<T>(
    number: number,
    temporary: FileAt,
    { folder, day, record, stem }: NameRequest,
    onNamed: OnNamed<T>,
  ): Promise<{ result: T } | undefined> {
    const name = numberedName(stem, number);
    // The name stays that of the frame that was deleted.
    if (record.isDeleted(name)) return undefined;
    return await this.#reserve(`${folder}/${name}`, async () => {
      if (!(await publishFile(temporary, { folder: day, name }))) return undefined;
      return { result: await onNamed(name, false) };
    });
  }

  /** Replaces a copy of the frame: a process killed between the name and the line leaves one. */
  async #replaceCopy<T>(
    temporary: FileAt,
    { folder, day, record, stem, key, jpeg }: NameRequest,
    onNamed: OnNamed<T>,
  ): Promise<{ result: T } | undefined> {
    if (key === undefined) return undefined;
    const next = this.#next.get(`${folder}/${stem}`) ?? 2;
    const first = Math.max(2, next - maxCopiesTried);
    const numbers = [1, ...Array.from({ length: next - first }, (_, index) => first + index)];
    for (const number of numbers) {
      const name = numberedName(stem, number);
      if (record.ownerOf(name, key) === 'another') continue;
      const copy = await this.#reserve(`${folder}/${name}`, async () => {
        if (!(await hasContent(day, name, jpeg))) return undefined;
        renameOver(temporary, { folder: day, name });
        return { result: await onNamed(name, true) };
      });
      if (copy !== undefined) return copy;
    }
    return undefined;
  }

  /** @returns undefined when the name is reserved for another frame, or when the work returns it */
  async #reserve<T>(path: string, work: () => Promise<T | undefined>): Promise<T | undefined> {
    if (this.#reserved.has(path)) return undefined;
    this.#reserved.add(path);
    try {
      return await work();
    } finally {
      this.#reserved.delete(path);
    }
  }

  #remember(path: string, next: number): void {
    this.#next.delete(path);
    this.#next.set(path, next);
    if (this.#next.size <= maxStems) return;
    for (const oldest of this.#next.keys()) {
      this.#next.delete(oldest);
      return;
    }
  }
}

/** A number from 2 whose name is free and whose predecessor's is taken; the lowest one if no number is skipped. */
function findFreeNumber({ day, record, stem }: NameRequest): number {
  const isTaken = (number: number): boolean => {
    const name = numberedName(stem, number);
    return day.lstat(name) !== undefined || record.isDeleted(name);
  };
  let taken = 1;
  let free = 2;
  while (isTaken(free)) [taken, free] = [free, 2 * free];
  while (free - taken > 1) {
    const middle = Math.floor((taken + free) / 2);
    if (isTaken(middle)) taken = middle;
    else free = middle;
  }
  return free;
}
