/**
 * Gives frames their names: the plain one, or with a number when others want the same. Costs the same however
 * many there are: which number comes next is remembered, and found by halving after a restart.
 */
import { numberedName } from '../../shared/protocol/frame-path.js';
import type { DayRecord } from './day-record.js';
import type { Folder } from './folder.js';
import { hasContent } from './frame-copy.js';
import { type FileAt, publishFile, replaceFile } from './publish.js';

/** Stems whose next number is remembered. */
const maxStems = 10_000;
/**
 * How many of the newest names are looked at for a copy without a line: one frame is sent again of those that
 * were on their way when the receiver was killed, and that is fewer.
 */
const maxCopiesTried = 32;

/** Numbers that turn out to be taken, until the next free one is looked for again. */
const maxMisses = 8;

export interface Wanted {
  /** Relative to the captures directory. */
  readonly folder: string;
  readonly day: Folder;
  readonly record: DayRecord;
  readonly stem: string;
  /** Undefined for a raw frame, which is never taken for a repeat. */
  readonly key: string | undefined;
  readonly jpeg: Buffer;
}

/** What is done with the name while no other frame can take it. */
export type Keep<T> = (name: string, isCopy: boolean) => Promise<T>;

export class FrameNames {
  /** By folder and stem, the one used longest ago first. */
  readonly #next = new Map<string, number>();
  /** Paths that frames are about to get. */
  readonly #claims = new Set<string>();

  /**
   * Moves a frame's temporary file to its name: a free one, or that of a copy of it which no line tells of.
   * @throws what `keep` throws, or a system error; the temporary file may be there still
   */
  async place<T>(temporary: FileAt, wanted: Wanted, keep: Keep<T>): Promise<T> {
    const { folder, day, record, stem } = wanted;
    const path = `${folder}/${stem}`;
    if (!this.#next.has(path)) {
      const plain = await this.#take(1, temporary, wanted, keep);
      if (plain !== undefined) return plain.kept;
      const free = await findFreeNumber(day, stem);
      this.#remember(path, Math.max(free, this.#next.get(path) ?? 0));
    }
    await record.follow(day);
    const copy = await this.#takeCopy(temporary, wanted, keep);
    if (copy !== undefined) return copy.kept;
    for (let misses = 0; ; misses += 1) {
      // Another process takes numbers too, and may be far ahead.
      if (misses > 0 && misses % maxMisses === 0) this.#next.delete(path);
      const number = this.#next.get(path) ?? (await findFreeNumber(day, stem));
      this.#remember(path, number + 1);
      const numbered = await this.#take(number, temporary, wanted, keep);
      if (numbered !== undefined) return numbered.kept;
    }
  }

  /** @returns undefined when the name is another's */
  async #take<T>(
    number: number,
    temporary: FileAt,
    { folder, day, stem }: Wanted,
    keep: Keep<T>,
  ): Promise<{ kept: T } | undefined> {
    const name = numberedName(stem, number);
    return await this.#claim(`${folder}/${name}`, async () => {
      if (!(await publishFile(temporary, { folder: day, name }))) return undefined;
      return { kept: await keep(name, false) };
    });
  }

  /** A process that was killed may have come as far as the name and not as far as the line. */
  async #takeCopy<T>(
    temporary: FileAt,
    { folder, day, record, stem, key, jpeg }: Wanted,
    keep: Keep<T>,
  ): Promise<{ kept: T } | undefined> {
    if (key === undefined) return undefined;
    const next = this.#next.get(`${folder}/${stem}`) ?? 2;
    const first = Math.max(2, next - maxCopiesTried);
    const numbers = [1, ...Array.from({ length: next - first }, (_, index) => first + index)];
    for (const number of numbers) {
      const name = numberedName(stem, number);
      if (record.ownerOf(name, key) === 'another') continue;
      const copy = await this.#claim(`${folder}/${name}`, async () => {
        if (!(await hasContent(day, name, jpeg))) return undefined;
        await replaceFile(temporary, { folder: day, name });
        return { kept: await keep(name, true) };
      });
      if (copy !== undefined) return copy;
    }
    return undefined;
  }

  /** @returns undefined when another frame is about to get that name, or when the work does */
  async #claim<T>(path: string, work: () => Promise<T | undefined>): Promise<T | undefined> {
    if (this.#claims.has(path)) return undefined;
    this.#claims.add(path);
    try {
      return await work();
    } finally {
      this.#claims.delete(path);
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

/** A number whose name is free while that before it is taken, or 2; the first one when there are no gaps. */
async function findFreeNumber(day: Folder, stem: string): Promise<number> {
  const isTaken = async (number: number): Promise<boolean> =>
    (await day.look(numberedName(stem, number))) !== undefined;
  let taken = 1;
  let free = 2;
  while (await isTaken(free)) [taken, free] = [free, 2 * free];
  while (free - taken > 1) {
    const middle = Math.floor((taken + free) / 2);
    if (await isTaken(middle)) taken = middle;
    else free = middle;
  }
  return free;
}
