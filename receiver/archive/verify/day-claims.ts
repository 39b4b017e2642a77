/**
 * Which line of a record has a file name and a frame: the last one counts, since a frame whose file was lost in a power
 * cut is stored again, and its name may have gone to another frame meanwhile. Some 100 bytes a frame. Pure.
 */
import { wideHashOf } from '../../store/hash-table.js';
import type { FrameEntry } from '../frame-entry.js';

export class DayClaims {
  readonly #seed: number;
  /** By the hash of a name: the number of its last line. */
  readonly #lineOfName = new Map<number, number>();
  readonly #lineOfFrame = new Map<number, number>();
  /** Names that are in a `deleted` line. */
  readonly #deleted = new Set<number>();

  /** @param seed random: nothing in a record can construct a collision */
  constructor(seed: number) {
    this.#seed = seed;
  }

  add(frame: FrameEntry, line: number): void {
    this.#lineOfName.set(this.#hash(frame.name), line);
    const key = keyOf(frame);
    if (key !== undefined) this.#lineOfFrame.set(this.#hash(key), line);
  }

  addDeleted(names: readonly string[]): void {
    for (const name of names) this.#deleted.add(this.#hash(name));
  }

  hasName(name: string): boolean {
    return this.#lineOfName.has(this.#hash(name));
  }

  isDeleted(name: string): boolean {
    return this.#deleted.has(this.#hash(name));
  }

  /** Whether no later line gives the name to a frame. */
  isLastOfName(name: string, line: number): boolean {
    return this.#lineOfName.get(this.#hash(name)) === line;
  }

  /** The number of the last line of the frame; its own for a raw frame. */
  lastLineOf(frame: FrameEntry, line: number): number {
    const key = keyOf(frame);
    return key === undefined ? line : (this.#lineOfFrame.get(this.#hash(key)) ?? line);
  }

  #hash(text: string): number {
    return wideHashOf(text, this.#seed);
  }
}

function keyOf({ epoch, sequence, capturedAtMs }: FrameEntry): string | undefined {
  return epoch === undefined ? undefined : `${epoch} ${sequence} ${capturedAtMs}`;
}
