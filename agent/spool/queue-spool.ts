/**
 * A spool over a store: the order of sending, the limits, and the gap entries. Each frame to send has a sequence. The
 * sequence of a dropped frame is in a gap entry, which waits and is acknowledged like a frame.
 */
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { EarlierFrames } from './earlier-frames.js';
import type { Entry } from './entry.js';
import { EntryKeeper } from './entry-keeper.js';
import { FrameDrops } from './frame-drops.js';
import type { QueueSettings } from './queue-settings.js';
import { Retries } from './retries.js';
import type { Prepared, EntryStore, StoredEntry, SpoolLife } from './entry-store.js';
import type { CloseResult, Spool, WaitingEntry } from './spool.js';
import { SpoolIndex } from './spool-index.js';
import { SpooledReports } from './spooled-reports.js';
import { Turns } from './turns.js';

/** Shortest time between two retries of failed writes and removals; adding a frame retries them at once. */
const retryIntervalMs = 1000;

const readFailed = 'cannot read a frame from the spool: it waits';

export class QueueSpool implements Spool {
  readonly epoch: string;
  readonly reports: SpooledReports;
  readonly #keeper: EntryKeeper;
  readonly #settings: QueueSettings;
  readonly #index = new SpoolIndex();
  readonly #drops: FrameDrops;
  /** Entries that could not be read or set aside. */
  readonly #retries = new Retries();
  readonly #listeners: (() => void)[] = [];
  /** The frame in the store that is being announced: a listener that sends it at once need not read it back. */
  #announced: { readonly sequence: number; readonly entry: Entry } | undefined;
  readonly earlier: EarlierFrames;
  #retriedAtMs = Number.NEGATIVE_INFINITY;
  /** Changes run one after the other: limits and sequences depend on each other. */
  readonly #turns = new Turns();

  constructor(store: EntryStore, life: SpoolLife, settings: QueueSettings) {
    this.#keeper = new EntryKeeper(store, life, settings.report);
    this.#settings = settings;
    this.#drops = new FrameDrops(this.#keeper, this.#index, settings);
    this.epoch = life.epoch;
    for (const entry of life.aside) this.#index.addAside(entry);
    for (const entry of life.entries) this.#index.add(entry);
    this.earlier = new EarlierFrames(life.entries, async (sequence) =>
      this.has(sequence) ? this.#keeper.peek(sequence, 'frame') : undefined,
    );
    this.reports = new SpooledReports({
      ...{ keeper: this.#keeper, index: this.#index, turns: this.#turns },
      report: settings.report,
      onAdded: () => this.#notify(),
    });
  }

  get waitingCount(): number {
    return this.#index.waiting.size - this.#index.reportCount;
  }

  get lastSequence(): number {
    return this.#keeper.lastSequence;
  }

  /** Number of frames that were dropped since this spool was opened. */
  get droppedCount(): number {
    return this.#drops.count;
  }

  /** False while an entry waits in memory, or a removal from the store is pending. */
  get isSettled(): boolean {
    return !this.#keeper.hasPendingWork;
  }

  /** Number of frames that wait in memory only. */
  get inMemoryCount(): number {
    return this.#keeper.framesInMemory().length;
  }

  /** Whether a frame of an earlier process still waits. @param onAcknowledged to be called when it is acknowledged */
  async holds(capturedAtMs: number, sha256: string, onAcknowledged?: () => void): Promise<boolean> {
    const earlier = await this.earlier.find(capturedAtMs, sha256);
    this.#index.setOnAcknowledged(earlier, onAcknowledged);
    return earlier !== undefined;
  }

  /** Adds a frame; see `Outbox.add`. @param nowMs wall time, for the limit of age */
  add(prepared: Prepared, nowMs: number, onAcknowledged?: () => void): Promise<void> {
    return this.#turns.run(async () => {
      await this.#retry();
      await this.#drops.dropAged(nowMs);
      const { header, body } = prepared.entry;
      if (header.type !== 'frame') throw new Error(`expected a frame, got '${header.type}'`);
      const { capturedAtMs: atMs, sha256 } = header;
      if (await this.holds(atMs, sha256, onAcknowledged)) return;
      const hasRoom = await this.#drops.makeRoom(body.length);
      const sequence = this.#keeper.nextSequence();
      const place = hasRoom ? await this.#keeper.put(sequence, prepared) : undefined;
      if (place === undefined) {
        await this.#drops.countDropped([{ sequence, atMs }], hasRoom ? 'disk' : 'size');
      } else {
        const entry = { sequence, kind: header.type, byteCount: body.length, atMs };
        this.#index.add({ ...entry, onAcknowledged });
        if (place === 'store') this.#announced = { sequence, entry: prepared.entry };
      }
      this.#notify();
      this.#announced = undefined;
    });
  }

  has(sequence: number): boolean {
    return this.#index.waiting.has(sequence);
  }

  hasWaiting(matches: (entry: WaitingEntry) => boolean): boolean {
    for (const entry of this.#index.waiting.values()) {
      if (!this.reports.isHeld(entry.sequence) && matches(entry)) return true;
    }
    return false;
  }

  next(isBusy: (entry: WaitingEntry) => boolean): WaitingEntry | undefined {
    const nowMs = this.#settings.clock.monotonicMs();
    const isReady = (entry: StoredEntry): boolean =>
      !isBusy(entry) &&
      !this.#retries.isBackingOff(entry.sequence, nowMs) &&
      entry.sequence !== this.#drops.writing &&
      !this.reports.isHeld(entry.sequence) &&
      !this.#keeper.isBlocked(entry);
    if (this.#settings.sendsFirst === 'newest') {
      return [...this.#index.waiting.values()].reverse().find(isReady);
    }
    for (const entry of this.#index.waiting.values()) if (isReady(entry)) return entry;
    return undefined;
  }

  async load(sequence: number): Promise<Entry | undefined> {
    const waiting = this.#index.waiting.get(sequence);
    if (waiting === undefined || this.#drops.writing === sequence) return undefined;
    this.#index.inFlight.add(sequence);
    // The receiver may get it without an acknowledgement: from now on its count must not change.
    this.#drops.seal(sequence);
    try {
      const entry = await this.#read(waiting);
      this.#retries.clear(sequence);
      if (this.#retries.isEmpty)
        this.#settings.report.worked(readFailed, 'the spool is readable again');
      return entry;
    } catch (error) {
      this.#index.inFlight.delete(sequence);
      const isFinal = error instanceof OperationalError && error.code === 'FRAME';
      if (isFinal) await this.#dropDamaged(waiting, error);
      else this.#retryLater(sequence, readFailed, error);
      return undefined;
    }
  }

  #read({ sequence, kind }: StoredEntry): Promise<Entry> | Entry {
    const get = (): Promise<Entry> => this.#keeper.get(sequence, kind);
    // An entry in memory may need a tombstone first, which is a change.
    if (this.#keeper.isInMemory(sequence)) return this.#turns.run(get);
    return this.#announced?.sequence === sequence ? this.#announced.entry : get();
  }

  unload(sequence: number): void {
    this.#index.inFlight.delete(sequence);
  }

  acknowledge(sequence: number): Promise<void> {
    return this.#turns.run(async () => {
      const waiting = this.#forget(sequence);
      if (waiting === undefined) return;
      // First: a process that is killed here sends the entry again, and the receiver recognizes it.
      waiting.onAcknowledged?.();
      await this.#keeper.remove(waiting, false);
      await this.#retryIfDue();
    });
  }

  reject(sequence: number, why: string): Promise<void> {
    return this.#turns.run(async () => {
      const waiting = this.#index.waiting.get(sequence);
      if (waiting?.kind !== 'frame') return;
      if (this.#keeper.isInMemory(sequence)) await this.#retry();
      let isAside = false;
      try {
        isAside = !this.#keeper.isInMemory(sequence) && (await this.#keeper.setAside(waiting, why));
      } catch (error) {
        this.#index.inFlight.delete(sequence);
        this.#retryLater(sequence, 'cannot set a refused frame aside: it waits', error);
        return;
      }
      this.#forget(sequence);
      const outcome = isAside ? 'set aside' : 'dropped, since the spool is not on a disk';
      const error = new OperationalError('FRAME', `frame ${sequence} ${outcome}: ${why}`);
      this.#settings.report.failed('frame refused by the receiver', error);
      if (isAside) {
        const byteCount = waiting.byteCount + Buffer.byteLength(why) + 1;
        this.#index.addAside({ ...waiting, byteCount, isDamaged: false });
      } else {
        await this.#drops.countDropped([waiting], 'refused');
        await this.#keeper.remove(waiting, true);
      }
    });
  }

  release(): void {
    this.#index.inFlight.clear();
  }

  onAdded(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Writes to the store what waits in memory, counts what the store does not take, removes temporary files. */
  close(): Promise<CloseResult> {
    return this.#turns.run(async () => {
      await this.#retry();
      if (!this.isSettled) await this.#retry(); // a second attempt: the failure may be transient
      const lost = this.#keeper.framesInMemory().flatMap((each) => this.#forget(each) ?? []);
      if (lost.length > 0) await this.#drops.countDropped(lost, 'disk');
      for (const entry of lost) await this.#keeper.remove(entry, true);
      if (!this.isSettled) await this.#retry();
      await this.#keeper.close();
      const onDisk = this.#index.frameCount;
      return { onDisk, lost: lost.length, isRecorded: !this.#keeper.isGapEntryInMemory };
    });
  }

  /** After a failure that may be transient. */
  #retryLater(sequence: number, event: string, error: unknown): void {
    this.#settings.report.failed(event, error);
    this.#retries.failed(sequence, this.#settings.clock.monotonicMs());
  }

  /** Drops a damaged entry: a gap entry counts it before its file is moved. */
  #dropDamaged(waiting: StoredEntry, error: OperationalError): Promise<void> {
    return this.#turns.run(async () => {
      if (this.#forget(waiting.sequence) === undefined) return;
      this.#settings.report.failed('damaged frame in the spool', error);
      await this.#drops.countDropped([waiting], 'damaged');
      const hasFile = systemCode(error.cause) !== 'ENOENT';
      if (hasFile) this.#index.addAside({ ...waiting, kind: 'frame', isDamaged: true });
      await this.#keeper.removeDamaged(waiting);
    });
  }

  #forget(sequence: number): StoredEntry | undefined {
    this.#drops.seal(sequence);
    this.#retries.clear(sequence);
    return this.#index.remove(sequence);
  }

  async #retry(): Promise<void> {
    this.#retriedAtMs = this.#settings.clock.monotonicMs();
    await this.#keeper.retry();
  }

  async #retryIfDue(): Promise<void> {
    const sinceMs = this.#settings.clock.monotonicMs() - this.#retriedAtMs;
    if (!this.isSettled && sinceMs >= retryIntervalMs) await this.#retry();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
