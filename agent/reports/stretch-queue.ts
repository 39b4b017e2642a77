/**
 * The stretches that wait for one receiver, oldest first. Stretches of one state are joined while they wait, so that
 * a week without a connection takes some kilobytes. Pure.
 */
import { absorbed, hasRoomForEnded, isAdjacent, joined, mayJoin, type Stretch } from './stretch.js';

/** Above this number the oldest neighbours are joined, whatever their states. */
export const maxStretches = 2000;

export class StretchQueue {
  #items: Stretch[];
  /** Stretches up to this number do not change: a file with their content may be in the spool. */
  #sealed = 0;
  readonly #limit: number;

  constructor(items: readonly Stretch[] = [], limit = maxStretches) {
    this.#items = [...items];
    this.#limit = limit;
  }

  get items(): readonly Stretch[] {
    return this.#items;
  }

  /** Adds a stretch that begins after all others. */
  add(next: Stretch): void {
    const last = this.#items.at(-1);
    if (last !== undefined && last.number > this.#sealed && mayJoin(last, next)) {
      this.#items[this.#items.length - 1] = joined(last, next);
    } else this.#items.push(next);
    while (this.#items.length > this.#limit) this.#shorten();
  }

  /** The oldest stretch is put into the spool: it does not change any more, also when that fails. */
  seal(): Stretch | undefined {
    const [first] = this.#items;
    if (first !== undefined) this.#sealed = Math.max(this.#sealed, first.number);
    return first;
  }

  /** Removes the stretches up to a number: they are in the spool. */
  removeUpTo(number: number): void {
    this.#items = this.#items.filter((item) => item.number > number);
  }

  /** Makes two stretches into one; counts and events are never lost while one stretch has room for them. */
  #shorten(): void {
    const pair = this.#oldestPair(isAdjacent) ?? this.#oldestPair(hasRoomForEnded);
    const [stretch, next] = this.#items.slice(pair ?? 0);
    if (pair === undefined || stretch === undefined || next === undefined) this.#items.shift();
    else {
      const isJoined = isAdjacent(stretch, next);
      this.#items.splice(pair, 2, isJoined ? joined(stretch, next) : absorbed(stretch, next));
    }
  }

  /** @returns the index of the first of both */
  #oldestPair(isPair: (stretch: Stretch, next: Stretch) => boolean): number | undefined {
    const at = this.#items.findIndex((item, index) => {
      const next = this.#items[index + 1];
      return next !== undefined && item.number > this.#sealed && isPair(item, next);
    });
    return at < 0 ? undefined : at;
  }
}
