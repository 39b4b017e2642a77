/**
 * The notices that wait for one way out. Sending never delays anything else: what a way does not take waits, up to a limit,
 * and is tried again after growing pauses.
 */
import { backoffMs } from '../../shared/backoff.js';
import type { Log } from '../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import type { Clock } from '../../shared/clock.js';
import type { Notice } from './notice.js';

/** A way out: a command, an address. */
export interface Way {
  /** In messages; without secrets. */
  readonly name: string;
  /** A later notice takes the place of an earlier one with its id. False: it takes no `update`, and each begin and end. */
  readonly replaces: boolean;
  /** It is tried once: a program may have acted before it failed. */
  readonly isTriedOnce: boolean;
  takes(notice: Notice): boolean;
  /** @throws when the notice was not taken; signal.reason when it aborts */
  send(notice: Notice, signal: AbortSignal): Promise<void>;
}

export interface QueueParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** What waits has changed; resolves when that is on the disk. */
  readonly onChange: () => Promise<void>;
}

/** Notices that wait at most. */
const maxWaiting = 100;
const pauses = { firstMs: 1000, capMs: 5 * 60_000 };

export class NoticeQueue {
  readonly way: Way;
  readonly #parts: QueueParts;
  readonly #waiting: Notice[];
  readonly #failures: RepeatingErrorLog;
  /** Apart from the failures: each would be said anew after the other. */
  readonly #drops: RepeatingErrorLog;
  #wake: () => void = () => undefined;
  /** Is being sent. */
  #inHand: Notice | undefined;

  /** @param saved of an earlier process */
  constructor(way: Way, saved: readonly Notice[], parts: QueueParts) {
    this.way = way;
    this.#parts = parts;
    this.#waiting = [...saved];
    this.#failures = new RepeatingErrorLog(parts.log, parts.clock);
    this.#drops = new RepeatingErrorLog(parts.log, parts.clock);
  }

  get waiting(): readonly Notice[] {
    return this.#waiting;
  }

  add(notice: Notice): void {
    if (!this.way.takes(notice)) return;
    if (!this.way.replaces && notice.phase === 'update') return;
    const at = this.#waiting.findIndex((each) => each.id === notice.id && each !== this.#inHand);
    const earlier = this.#waiting[at];
    // An alarm that was not sent yet stays one.
    const isStillBegin = earlier?.phase === 'begin' && notice.phase === 'update';
    if (this.way.replaces && earlier !== undefined) {
      this.#waiting[at] = isStillBegin ? { ...notice, phase: 'begin' } : notice;
    } else this.#waiting.push(notice);
    if (this.#waiting.length > maxWaiting) this.#dropOldest();
  }

  /** To be called when what was added is on the disk. */
  wake(): void {
    this.#wake();
  }

  /** Sends until the signal aborts. What waits then stays. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [notice] = this.#waiting;
      if (notice === undefined) await this.#changed(signal);
      else await this.#send(notice, signal);
    }
  }

  async #send(notice: Notice, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#parts;
    const { name, isTriedOnce } = this.way;
    try {
      // A process that is killed in the middle runs a command no second time.
      if (isTriedOnce) await this.#remove(notice);
      else this.#inHand = notice;
      await this.way.send(notice, signal);
      this.#failures.worked(`${name} takes notices again`);
      if (!isTriedOnce) await this.#remove(notice);
    } catch (error) {
      if (signal.aborted) return;
      this.#failures.failed(isTriedOnce ? `${name} failed` : `notices wait: ${name}`, error);
      this.#inHand = undefined;
      if (isTriedOnce) return;
      await clock.sleep(backoffMs(this.#failures.failures, random(), pauses), signal);
    } finally {
      this.#inHand = undefined;
    }
  }

  async #remove(notice: Notice): Promise<void> {
    const at = this.#waiting.indexOf(notice);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (this.#waiting.length === 0) this.#drops.worked(`all notices of ${this.way.name} are sent`);
    await this.#parts.onChange();
  }

  /** Drops the oldest notice that leaves nothing open, with all that wait about the same. */
  #dropOldest(): void {
    const begun = new Set(
      this.#waiting.filter(({ phase }) => phase === 'begin').map(({ id }) => id),
    );
    const isDroppable = ({ id, phase, kind }: Notice): boolean =>
      id !== this.#inHand?.id && (phase !== 'end' || kind === 'late' || begun.has(id));
    const victim = this.#waiting.find(isDroppable) ?? this.#waiting.find((n) => n !== this.#inHand);
    const left = this.#waiting.filter(({ id }) => id !== victim?.id);
    this.#waiting.splice(0, Infinity, ...left);
    const why = new Error(`more than ${maxWaiting} wait: the oldest are dropped`);
    this.#drops.failed(`notices are dropped: ${this.way.name}`, why);
  }

  /** Resolves at `wake`, or when the signal aborts. */
  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        this.#wake = () => undefined;
        resolve();
      };
      this.#wake = done;
      signal.addEventListener('abort', done);
    });
  }
}
