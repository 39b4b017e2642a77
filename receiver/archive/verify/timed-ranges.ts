/** A set of whole numbers as ranges, with the time of the first and of the last number of each. Pure. */

export interface TimedRange {
  /** Both included. */
  readonly first: number;
  readonly last: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Ranges that are joined late, when numbers come out of order. */
const maxUnjoined = 1000;

export class TimedRanges {
  #ranges: TimedRange[] = [];
  #joinedCount = 0;

  add(first: number, last: number, atMs: number): void {
    const newest = this.#ranges.at(-1);
    if (newest?.last === first - 1) {
      this.#ranges[this.#ranges.length - 1] = { ...newest, last, lastMs: atMs };
    } else this.#ranges.push({ first, last, firstMs: atMs, lastMs: atMs });
    if (this.#ranges.length > 2 * this.#joinedCount + maxUnjoined) this.#join();
  }

  /** Disjoint, in ascending order, with a hole between each two. */
  ranges(): readonly TimedRange[] {
    this.#join();
    return this.#ranges;
  }

  #join(): void {
    const joined: TimedRange[] = [];
    for (const range of this.#ranges.sort((a, b) => a.first - b.first)) {
      const before = joined.at(-1);
      if (before === undefined || before.last + 1 < range.first) joined.push(range);
      else if (before.last < range.last) {
        joined[joined.length - 1] = { ...before, last: range.last, lastMs: range.lastMs };
      }
    }
    this.#ranges = joined;
    this.#joinedCount = joined.length;
  }
}
