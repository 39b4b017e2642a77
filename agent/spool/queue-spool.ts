/**
 * A spool over a store: the order of sending, the limits, and the count of what they cost. Each frame that is to be
 * sent has a sequence. One that is gone is named by a note, an entry that waits and is acknowledged as frames are.
 */
import type { Clock } from '../../shared/clock.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import type { DropReason } from '../../shared/protocol/messages.js';
import type { Entry } from './entry.js';
import { EntryKeeper, type KeeperReport } from './entry-keeper.js';
import { GapNotes, type Gone } from './gap-notes.js';
import { Retries } from './retries.js';
import type { Prepared, EntryStore, StoredEntry, SpoolLife } from './entry-store.js';
import type { SpoolRest, Spool, WaitingEntry } from './spool.js';
import { Stock, type Victims } from './stock.js';

export interface QueueSettings extends KeeperReport {
  readonly maxBytes: number;
  /** Frames older than this are dropped, milliseconds; 0: however old. */
  readonly maxAgeMs: number;
  /** What goes when `maxBytes` is reached. */
  readonly dropsFirst: 'oldest' | 'newest';
  readonly sendsFirst: 'oldest' | 'newest';
  readonly clock: Clock;
  /** Told of frames that are gone. */
  readonly onDropped: (count: number, why: DropReason) => void;
}

/** Between two attempts to put on the store what waits in memory, other than when a frame is added. */
const settleEveryMs = 1000;

const unreadable = 'a frame cannot be read from the spool: it waits';

export class QueueSpool implements Spool {
  readonly epoch: string;
  readonly #keeper: EntryKeeper;
  readonly #settings: QueueSettings;
  readonly #notes: GapNotes;
  readonly #stock = new Stock();
  /** The note that is being written: it is not sent meanwhile. */
  #writing: number | undefined;
  /** Entries that could not be read or set aside. */
  readonly #retries = new Retries();
  readonly #listeners: (() => void)[] = [];
  /** By capture time, the frames that an earlier process left. */
  readonly #earlier = new Map<number, readonly number[]>();
  #settledAtMs = Number.NEGATIVE_INFINITY;
  /** One change at a time: limits and sequence are decided together. */
  #turn: Promise<void> = Promise.resolve();

  constructor(store: EntryStore, life: SpoolLife, settings: QueueSettings) {
    this.#keeper = new EntryKeeper(store, life, settings);
    this.#settings = settings;
    this.#notes = new GapNotes((atMs) => settings.clock.utcOffsetMinutes(atMs));
    this.epoch = life.epoch;
    for (const entry of life.aside) this.#stock.addAside(entry);
    for (const entry of life.entries) {
      this.#stock.add(entry);
      this.#earlier.set(entry.atMs, [...(this.#earlier.get(entry.atMs) ?? []), entry.sequence]);
    }
  }

  get waitingCount(): number {
    return this.#stock.waiting.size;
  }

  /** False while something waits in memory, or is to be removed from the store. */
  get isSettled(): boolean {
    return !this.#keeper.isBehind;
  }

  /** Frames that wait and are not on the store. */
  get inMemoryCount(): number {
    return this.#keeper.inMemory().length;
  }

  /**
   * Whether a frame that an earlier process added waits still: one that was killed before it could remember
   * that leaves it to the next, which adds the same again.
   */
  async holds(capturedAtMs: number, sha256: string): Promise<boolean> {
    for (const sequence of this.#earlier.get(capturedAtMs) ?? []) {
      if (!this.#stock.waiting.has(sequence)) continue;
      // One that cannot be read is told when it is to be sent.
      const header = (await this.#keeper.peek(sequence, 'frame'))?.header;
      if (header?.type !== 'frame') continue;
      if (header.capturedAtMs === capturedAtMs && header.sha256 === sha256) return true;
    }
    return false;
  }

  /** Takes a frame; see `Outbox.add`. @param nowMs wall time, for the limit of age */
  add(prepared: Prepared, nowMs: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#settle();
      await this.#dropAged(nowMs);
      const { header, body } = prepared.entry;
      if (header.type !== 'frame') throw new Error(`a ${header.type} is no frame`);
      const { capturedAtMs: atMs } = header;
      if (await this.holds(atMs, header.sha256)) return;
      const hasRoom = await this.#makeRoom(body.length);
      const sequence = this.#keeper.nextSequence();
      if (!hasRoom) await this.#note([{ sequence, atMs }], 'size');
      else if (await this.#keeper.put(sequence, prepared)) {
        this.#stock.add({ sequence, kind: header.type, byteCount: body.length, atMs });
      } else await this.#note([{ sequence, atMs }], 'disk');
      for (const listener of this.#listeners) listener();
    });
  }

  has(sequence: number): boolean {
    return this.#stock.waiting.has(sequence);
  }

  hasWaiting(isMeant: (entry: WaitingEntry) => boolean): boolean {
    for (const entry of this.#stock.waiting.values()) if (isMeant(entry)) return true;
    return false;
  }

  next(isBusy: (entry: WaitingEntry) => boolean): WaitingEntry | undefined {
    const nowMs = this.#settings.clock.monotonicMs();
    const isReady = (entry: StoredEntry): boolean =>
      !isBusy(entry) &&
      !this.#retries.isResting(entry.sequence, nowMs) &&
      entry.sequence !== this.#writing &&
      !this.#keeper.isHeld(entry);
    if (this.#settings.sendsFirst === 'newest') {
      return [...this.#stock.waiting.values()].reverse().find(isReady);
    }
    for (const entry of this.#stock.waiting.values()) if (isReady(entry)) return entry;
    return undefined;
  }

  async load(sequence: number): Promise<Entry | undefined> {
    const waiting = this.#stock.waiting.get(sequence);
    if (waiting === undefined || this.#writing === sequence) return undefined;
    this.#stock.inFlight.add(sequence);
    // The receiver may have it now, though no acknowledgement comes: it is never sent with another count.
    this.#notes.seal(sequence);
    try {
      const get = (): Promise<Entry> => this.#keeper.get(sequence, waiting.kind);
      // What is in memory may have to be marked first, which is a change.
      const entry = await (this.#keeper.isInMemory(sequence) ? this.#inTurn(get) : get());
      this.#retries.over(sequence);
      if (this.#retries.isEmpty) this.#settings.onWorked(unreadable, 'the spool can be read again');
      return entry;
    } catch (error) {
      this.#stock.inFlight.delete(sequence);
      const isFinal = error instanceof OperationalError && error.code === 'FRAME';
      if (isFinal) await this.#giveUp(waiting, error);
      else this.#tryLater(sequence, unreadable, error);
      return undefined;
    }
  }

  unload(sequence: number): void {
    this.#stock.inFlight.delete(sequence);
  }

  acknowledge(sequence: number): Promise<void> {
    return this.#inTurn(async () => {
      const waiting = this.#forget(sequence);
      if (waiting === undefined) return;
      await this.#keeper.remove(waiting, false);
      await this.#settleNowAndThen();
    });
  }

  reject(sequence: number, why: string): Promise<void> {
    return this.#inTurn(async () => {
      const waiting = this.#stock.waiting.get(sequence);
      if (waiting?.kind !== 'frame') return;
      if (this.#keeper.isInMemory(sequence)) await this.#settle();
      let isAside = false;
      try {
        isAside = !this.#keeper.isInMemory(sequence) && (await this.#keeper.setAside(waiting, why));
      } catch (error) {
        this.#stock.inFlight.delete(sequence);
        this.#tryLater(sequence, 'a frame that is refused cannot be set aside: it waits', error);
        return;
      }
      this.#forget(sequence);
      const what = isAside ? 'is set aside' : 'is dropped: there is no disk to keep it on';
      const error = new OperationalError('FRAME', `entry ${sequence} ${what}: ${why}`);
      this.#settings.onTrouble('a frame will not be delivered', error);
      if (isAside) {
        const byteCount = waiting.byteCount + Buffer.byteLength(why) + 1;
        this.#stock.addAside({ ...waiting, byteCount, isDamaged: false });
      } else {
        await this.#note([waiting], 'refused');
        await this.#keeper.remove(waiting, true);
      }
    });
  }

  release(): void {
    this.#stock.inFlight.clear();
  }

  onAdded(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Puts on the store what it takes, counts what it does not, and leaves nothing else behind. */
  close(): Promise<SpoolRest> {
    return this.#inTurn(async () => {
      await this.#settle();
      if (!this.isSettled) await this.#settle(); // the last chance, and a failure may be a passing one
      const lost = this.#keeper.inMemory().flatMap((sequence) => this.#forget(sequence) ?? []);
      if (lost.length > 0) await this.#note(lost, 'disk');
      for (const entry of lost) await this.#keeper.remove(entry, true);
      if (!this.isSettled) await this.#settle();
      await this.#keeper.close();
      const onDisk = this.#stock.frameCount;
      return { onDisk, lost: lost.length, isRecorded: !this.#keeper.isNoteInMemory };
    });
  }

  /** A failure that need not be for good. */
  #tryLater(sequence: number, event: string, error: unknown): void {
    this.#settings.onTrouble(event, error);
    this.#retries.failed(sequence, this.#settings.clock.monotonicMs());
  }

  /** An entry that is damaged is gone: it is noted before its file is moved away. */
  #giveUp(waiting: StoredEntry, error: OperationalError): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#forget(waiting.sequence) === undefined) return;
      this.#settings.onTrouble('a frame in the spool is damaged', error);
      await this.#note([waiting], 'damaged');
      const hasFile = systemCode(error.cause) !== 'ENOENT';
      if (hasFile) this.#stock.addAside({ ...waiting, kind: 'frame', isDamaged: true });
      await this.#keeper.removeDamaged(waiting);
    });
  }

  #forget(sequence: number): StoredEntry | undefined {
    this.#notes.seal(sequence);
    this.#retries.over(sequence);
    return this.#stock.remove(sequence);
  }

  async #settle(): Promise<void> {
    this.#settledAtMs = this.#settings.clock.monotonicMs();
    await this.#keeper.settle();
  }

  async #settleNowAndThen(): Promise<void> {
    const sinceMs = this.#settings.clock.monotonicMs() - this.#settledAtMs;
    if (!this.isSettled && sinceMs >= settleEveryMs) await this.#settle();
  }

  /** @returns false when there is no room and the newest has to go */
  async #makeRoom(neededBytes: number): Promise<boolean> {
    const { maxBytes, dropsFirst } = this.#settings;
    if (this.#stock.hasRoom(neededBytes, maxBytes)) return true;
    if (dropsFirst === 'newest') return false;
    await this.#drop(this.#stock.takeOversize(neededBytes, maxBytes), 'size');
    return true;
  }

  async #dropAged(nowMs: number): Promise<void> {
    const { maxAgeMs } = this.#settings;
    if (maxAgeMs > 0) await this.#drop(this.#stock.takeOlder(nowMs - maxAgeMs), 'age');
  }

  /** They are noted before they are removed. What was set aside waited no more: it is gone by the refusal. */
  async #drop({ waiting, aside }: Victims, why: DropReason): Promise<void> {
    await this.#note(waiting, why);
    const refused = aside.filter(({ isDamaged }) => !isDamaged);
    await this.#note(refused, 'refused');
    for (const entry of waiting) await this.#keeper.remove(entry, true);
    for (const entry of aside) await this.#keeper.removeAside(entry, entry.isDamaged);
  }

  /** Counts frames that are gone, in the note that waits or in a new one. @param gone by sequence */
  async #note(gone: readonly Gone[], why: DropReason): Promise<void> {
    if (gone.length > 0) this.#settings.onDropped(gone.length, why);
    for (const { sequence: open, header } of this.#notes.noteOf(gone, why)) {
      const entry: Entry = { header, body: Buffer.alloc(0) };
      const sequence = (this.#writing = open ?? this.#keeper.nextSequence());
      if (open !== undefined) await this.#keeper.replaceNote(sequence, entry);
      else {
        await this.#keeper.put(sequence, { entry, path: undefined });
        this.#stock.add({ sequence, kind: 'dropped', byteCount: 0, atMs: header.lastCapturedAtMs });
      }
      this.#notes.opened(sequence, why, header);
      this.#writing = undefined;
    }
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(change);
    // Whoever asked is told; the next change goes on.
    this.#turn = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }
}
