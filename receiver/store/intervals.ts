/** Stretches of time and ranges of numbers: union, difference, holes. Pure. */

/** Half-open: `end` is the first moment after it. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** Sorts intervals by their start, and cuts each where an earlier one still lasts. Empty ones are left out. */
export function disjoint<Item extends Interval>(
  items: readonly Item[],
  compare: (a: Item, b: Item) => number = () => 0,
): Item[] {
  const sorted = items.filter(({ start, end }) => start < end);
  sorted.sort((a, b) => a.start - b.start || compare(a, b));
  const result: Item[] = [];
  let cursor = -Infinity;
  for (const item of sorted) {
    if (item.end <= cursor) continue;
    result.push(item.start < cursor ? { ...item, start: cursor } : item);
    cursor = item.end;
  }
  return result;
}

/** What of disjoint, sorted intervals is in none of others, which are disjoint and sorted too. */
export function without<Item extends Interval>(
  items: readonly Item[],
  taken: readonly Interval[],
): Item[] {
  const result: Item[] = [];
  let first = 0;
  for (const item of items) {
    while ((taken[first]?.end ?? Infinity) <= item.start) first += 1;
    let cursor = item.start;
    for (let at = first; (taken[at]?.start ?? Infinity) < item.end; at += 1) {
      const { start = 0, end = 0 } = taken[at] ?? {};
      if (cursor < start) result.push({ ...item, start: cursor, end: start });
      cursor = Math.max(cursor, end);
    }
    if (cursor < item.end) result.push(cursor === item.start ? item : { ...item, start: cursor });
  }
  return result;
}

/** A part of `[start, end)` that disjoint, sorted intervals leave out, for each. */
export function holesOf(intervals: readonly Interval[], { start, end }: Interval): Interval[] {
  return without([{ start, end }], intervals);
}

/** A set of whole numbers as ranges, in memory that depends on the number of ranges. */
export class NumberSet {
  #ranges: Interval[] = [];
  #sortedCount = 0;

  /** Adds `first` to `last`, both included. */
  add(first: number, last = first): void {
    const newest = this.#ranges.at(-1);
    if (newest?.end === first) this.#ranges[this.#ranges.length - 1] = { ...newest, end: last + 1 };
    else this.#ranges.push({ start: first, end: last + 1 });
    if (this.#ranges.length > 2 * this.#sortedCount + 1000) this.#sort();
  }

  has(number: number): boolean {
    const ranges = this.ranges();
    let [low, high] = [0, ranges.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ranges[middle]?.end ?? 0) <= number) low = middle + 1;
      else high = middle;
    }
    return (ranges[low]?.start ?? Infinity) <= number;
  }

  /** Disjoint, in ascending order, with a hole between each two. */
  ranges(): readonly Interval[] {
    this.#sort();
    return this.#ranges;
  }

  #sort(): void {
    if (this.#sortedCount === this.#ranges.length) return;
    const joined: Interval[] = [];
    for (const range of this.#ranges.sort((a, b) => a.start - b.start)) {
      const last = joined.at(-1);
      if (last === undefined || last.end < range.start) joined.push(range);
      else if (last.end < range.end) joined[joined.length - 1] = { ...last, end: range.end };
    }
    this.#ranges = joined;
    this.#sortedCount = joined.length;
  }
}
