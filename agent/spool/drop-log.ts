/** Tells of dropped frames now and then with their totals, however many there are. */
import type { Clock } from '../../shared/clock.js';
import type { Log } from '../../shared/cli/log.js';
import type { DropReason } from '../../shared/protocol/messages.js';

const everyMs = 60_000;
const facts: Readonly<Record<DropReason, Readonly<Record<string, string>>>> = {
  size: { limit: '--spool-max-size' },
  age: { limit: '--spool-max-age' },
  disk: { limit: 'a full disk' },
  refused: { why: 'the receiver had refused them for good' },
  damaged: { why: 'their copies in the spool are damaged' },
};

export class DropLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #totals = new Map<DropReason, number>();
  #saidAtMs = Number.NEGATIVE_INFINITY;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Counts dropped frames; says so when a minute has passed since it was last said. */
  note(count: number, why: DropReason): void {
    this.#totals.set(why, (this.#totals.get(why) ?? 0) + count);
    const now = this.#clock.monotonicMs();
    if (now - this.#saidAtMs < everyMs) return;
    this.#saidAtMs = now;
    for (const [reason, frames] of this.#totals) {
      this.#log.warn('frames are dropped', { frames, ...facts[reason] });
    }
  }
}
