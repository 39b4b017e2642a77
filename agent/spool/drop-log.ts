/** Logs the totals of dropped frames, at most once a minute. */
import type { Clock } from '../../shared/clock.js';
import type { Log } from '../../shared/cli/log.js';
import type { DropReason } from '../../shared/protocol/messages.js';
import { WindowCounter } from '../../shared/window-counter.js';

const logIntervalMs = 60_000;
const facts: Readonly<Record<DropReason, Readonly<Record<string, string>>>> = {
  size: { limit: '--spool-max-size' },
  age: { limit: '--spool-max-age' },
  disk: { limit: 'a full disk' },
  refused: { why: 'refused by the receiver' },
  damaged: { why: 'damaged in the spool' },
};

export class DropLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #totals = new Map<DropReason, number>();
  readonly #notes = new WindowCounter(logIntervalMs);

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Counts dropped frames; logs all totals when the last log is at least a minute old. */
  note(count: number, why: DropReason): void {
    this.#totals.set(why, (this.#totals.get(why) ?? 0) + count);
    if (this.#notes.add(this.#clock.monotonicMs()) > 1) return;
    for (const [reason, frames] of this.#totals) {
      this.#log.warn('frames dropped', { frames, ...facts[reason] });
    }
  }
}
