/**
 * The reports for one receiver: stretches that wait, and their way into its spool. They enter it only while a
 * connected receiver takes reports, so that a receiver of 0.1 costs no disk space and no sequences.
 */
import type { SpooledReport } from '../spool/entry.js';
import type { QueueSpool } from '../spool/queue-spool.js';
import type { PendingReports } from '../spool/spool.js';
import type { ReceiverState } from './report-state.js';
import { StretchQueue } from './stretch-queue.js';
import type { Stretch } from './stretch.js';

/** Upper limit of reports in the spool: they enter it in batches, and each batch is one write of the state file. */
const maxInSpool = 16;

export interface ReceiverReportsParts {
  readonly spool: QueueSpool;
  /** Undefined: nothing is known of an earlier process. */
  readonly saved: ReceiverState | undefined;
  /** The reports in the spool when it was opened. */
  readonly spooled: readonly SpooledReport[];
  /** The receiver takes reports, or has taken a batch. */
  readonly onReady: () => void;
}

export class ReceiverReports implements PendingReports {
  readonly #spool: QueueSpool;
  readonly #onReady: () => void;
  readonly #queue: StretchQueue;
  /** The newest stretch that was in the spool when it was opened, and the events that ended in it. */
  readonly #spooledNumber: number;
  readonly #spooledEvents: ReadonlySet<string>;
  /** Frames that were dropped in this epoch, before the spool was opened. */
  readonly #droppedBefore: number;
  #before: ReceiverState['before'];
  #isTaken = false;
  /** True: the disk failed; the next flush tries again. */
  #hasFailed = false;
  #isDue = false;

  constructor({ spool, saved, spooled, onReady }: ReceiverReportsParts) {
    this.#spool = spool;
    this.#onReady = onReady;
    this.#spooledNumber = Math.max(0, ...spooled.map(({ number }) => number));
    this.#spooledEvents = new Set(spooled.flatMap(({ ended = [] }) => ended.map((e) => e.event)));
    // A kill between both writes: the file still has what is in the spool already.
    const stretches = (saved?.stretches ?? []).filter(({ number }) => this.#isNew(number));
    this.#queue = new StretchQueue(stretches);
    const isSameEpoch = saved?.epoch === spool.epoch;
    this.#droppedBefore = isSameEpoch ? saved.dropped : 0;
    const earlier = saved && { epoch: saved.epoch, sequence: saved.lastSequence };
    const before = isSameEpoch ? saved.before : earlier;
    this.#before = spooled.some((report) => report.before) ? undefined : before;
  }

  get spool(): QueueSpool {
    return this.#spool;
  }

  /** Whether a report waits, in the spool or before it. */
  get isWaiting(): boolean {
    return this.#queue.items.length > 0 || this.#spool.reports.count > 0;
  }

  get state(): ReceiverState {
    const { epoch, lastSequence } = this.#spool;
    const stretches = [...this.#queue.items];
    return { epoch, lastSequence, dropped: this.#dropped, before: this.#before, stretches };
  }

  get isMoving(): boolean {
    const isLeft = this.#queue.items.length > 0 || this.#spool.reports.isHolding;
    return this.#isTaken && isLeft && !this.#hasFailed;
  }

  get isDue(): boolean {
    return this.#isDue;
  }

  setDue(): void {
    this.#isDue = this.isWaiting;
  }

  tried(): void {
    this.#isDue = false;
  }

  setTaken(isTaken: boolean): void {
    this.#isTaken = isTaken;
    if (isTaken && this.#queue.items.length > 0) this.#onReady();
  }

  acknowledged(): void {
    // The last entry of the batch is removed from the spool after this call.
    if (this.#isTaken && this.#spool.reports.count <= 1 && this.#queue.items.length > 0) {
      this.#onReady();
    }
  }

  add(stretch: Stretch): void {
    if (!this.#isNew(stretch.number)) return;
    const ended = stretch.ended?.filter(({ event }) => !this.#spooledEvents.has(event));
    this.#queue.add({
      ...stretch,
      ended: ended?.length === 0 ? undefined : ended,
      waiting: this.#spool.waitingCount,
      oldestWaitingMs: this.#spool.reports.oldestWaitingMs,
      dropped: this.#dropped,
    });
  }

  /** Puts a batch into the spool, held back until `settled`. */
  async move(everyMs: number): Promise<void> {
    this.#hasFailed = false;
    const { reports } = this.#spool;
    while (this.#isTaken && reports.count < maxInSpool) {
      const stretch = this.#queue.seal();
      if (stretch === undefined) return;
      const before = this.#before;
      if (!(await reports.add({ type: 'report', ...stretch, everyMs, before }))) {
        this.#hasFailed = true;
        return;
      }
      this.#before = undefined;
      this.#queue.removeUpTo(stretch.number);
    }
  }

  /** @param isSaved the state file states what is in the spool: the reports can be sent */
  settled(isSaved: boolean): void {
    if (isSaved) this.#spool.reports.release();
    else if (this.#spool.reports.isHolding) this.#hasFailed = true;
  }

  get #dropped(): number {
    return this.#droppedBefore + this.#spool.droppedCount;
  }

  #isNew(number: number): boolean {
    return number > this.#spooledNumber;
  }
}
