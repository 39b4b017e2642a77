/**
 * A spool over a shelf: the order of sending, the limits, and the count of what they cost. What was dropped
 * becomes an entry itself, which waits and is acknowledged as frames are, so that nothing goes unsaid.
 */
import { OperationalError } from '../../shared/errors.js';
import type { DroppedHeader } from '../../shared/protocol/messages.js';
import type { Entry } from './entry.js';
import type { Prepared, Shelf, ShelvedEntry } from './shelf.js';
import type { Spool, WaitingEntry } from './spool.js';

export interface QueueSettings {
  readonly maxBytes: number;
  /** Frames older than this are dropped, milliseconds; 0: however old. */
  readonly maxAgeMs: number;
  /** What goes when `maxBytes` is reached. */
  readonly dropsFirst: 'oldest' | 'newest';
  readonly sendsFirst: 'oldest' | 'newest';
  /** The camera's offset from UTC at a time, minutes. */
  readonly utcOffsetMinutes: (atMs: number) => number;
  /** Told of frames that the limits dropped. */
  readonly onDropped: (count: number, why: DropReason) => void;
  /** Told of what was refused for good, is damaged, or could not be kept on the disk. */
  readonly onTrouble: (event: string, error: unknown) => void;
}
export type DropReason = 'size' | 'age' | 'disk';

/** A life that goes on: what a shelf held when it was opened. */
export interface SpoolLife {
  readonly epoch: string;
  readonly entries: readonly ShelvedEntry[];
  readonly lastSequence: number;
}

/** Frames that a full disk does not take wait in memory up to this much; one more is dropped. */
const maxMemoryBytes = 16 * 1024 * 1024;
/** Room is made for more than one frame, or each new frame would cost a note of its own. */
const roomShare = 0.95;

export class QueueSpool implements Spool {
  readonly epoch: string;
  readonly #shelf: Shelf;
  readonly #settings: QueueSettings;
  /** By sequence, in its order. */
  readonly #waiting = new Map<number, ShelvedEntry>();
  /** Entries that the shelf could not take. */
  readonly #inMemory = new Map<number, Entry>();
  readonly #inFlight = new Set<number>();
  readonly #listeners: (() => void)[] = [];
  /** By capture time, the frames that an earlier process left. */
  readonly #earlier = new Map<number, readonly number[]>();
  #lastSequence: number;
  #bytes = 0;
  #memoryBytes = 0;
  /** The newest note of dropped frames: more of the same kind are added to it until it is sent. */
  #note: { readonly sequence: number; readonly header: DroppedHeader } | undefined;
  /** One change at a time: limits and sequence are decided together. */
  #turn: Promise<void> = Promise.resolve();

  constructor(shelf: Shelf, life: SpoolLife, settings: QueueSettings) {
    this.#shelf = shelf;
    this.#settings = settings;
    this.epoch = life.epoch;
    this.#lastSequence = life.lastSequence;
    for (const entry of life.entries) {
      this.#remember(entry);
      // A file's time has no exact milliseconds.
      const atMs = Math.round(entry.atMs);
      this.#earlier.set(atMs, [...(this.#earlier.get(atMs) ?? []), entry.sequence]);
    }
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /**
   * Whether a frame that an earlier process added waits still: one that was killed before it could remember
   * that leaves it to the next, which adds the same again.
   */
  async holds(capturedAtMs: number, sha256: string): Promise<boolean> {
    for (const sequence of this.#earlier.get(capturedAtMs) ?? []) {
      if (!this.#waiting.has(sequence)) continue;
      // One that cannot be read is told when it is to be sent.
      const entry = await this.#shelf.get(sequence, 'frame').catch(() => undefined);
      const header = entry?.header;
      if (header?.type !== 'frame') continue;
      if (header.capturedAtMs === capturedAtMs && header.sha256 === sha256) return true;
    }
    return false;
  }

  /** Takes an entry; see `Outbox.add`. @param nowMs wall time, for the limit of age */
  add(prepared: Prepared, nowMs: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#moveToShelf();
      await this.#dropAged(nowMs);
      const { header, body } = prepared.entry;
      if (header.type === 'frame' && (await this.holds(header.capturedAtMs, header.sha256))) return;
      if (header.type === 'frame' && !(await this.#makeRoom(body.length))) {
        await this.#drop([header.capturedAtMs], 'size');
      } else await this.#keep(prepared);
      for (const listener of this.#listeners) listener();
    });
  }

  next(isBusy: (sequence: number) => boolean): WaitingEntry | undefined {
    if (this.#settings.sendsFirst === 'newest') {
      return [...this.#waiting.values()].reverse().find(({ sequence }) => !isBusy(sequence));
    }
    for (const entry of this.#waiting.values()) if (!isBusy(entry.sequence)) return entry;
    return undefined;
  }

  async load(sequence: number): Promise<Entry | undefined> {
    const waiting = this.#waiting.get(sequence);
    if (waiting === undefined) return undefined;
    this.#inFlight.add(sequence);
    // The receiver may have it now, though no acknowledgement comes: it is never sent with another count.
    if (this.#note?.sequence === sequence) this.#note = undefined;
    try {
      return this.#inMemory.get(sequence) ?? (await this.#shelf.get(sequence, waiting.kind));
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      await this.reject(sequence, error.message);
      return undefined;
    }
  }

  acknowledge(sequence: number): Promise<void> {
    return this.#inTurn(() => this.#remove(sequence));
  }

  reject(sequence: number, why: string): Promise<void> {
    return this.#inTurn(async () => {
      const waiting = this.#waiting.get(sequence);
      if (waiting === undefined) return;
      const error = new OperationalError('FRAME', `entry ${sequence} is set aside: ${why}`);
      this.#settings.onTrouble('a frame will not be delivered', error);
      const isShelved = !this.#inMemory.has(sequence);
      try {
        if (isShelved) await this.#shelf.setAside(sequence, waiting.kind, why);
      } catch (cause) {
        this.#settings.onTrouble('it could not be set aside', cause);
      }
      await this.#remove(sequence);
    });
  }

  release(): void {
    this.#inFlight.clear();
  }

  onAdded(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Resolves when every change that was begun is done. */
  settled(): Promise<void> {
    return this.#turn;
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(change);
    this.#turn = done.catch(() => undefined); // whoever asked is told; the next change goes on
    return done;
  }

  #remember(entry: ShelvedEntry): void {
    this.#waiting.set(entry.sequence, entry);
    this.#bytes += entry.byteCount;
  }

  /** Puts an entry on the shelf, or in memory when the shelf cannot take it. */
  async #keep(prepared: Prepared): Promise<void> {
    const { header, body } = prepared.entry;
    const sequence = this.#lastSequence + 1;
    const atMs = header.type === 'frame' ? header.capturedAtMs : header.lastCapturedAtMs;
    try {
      await this.#shelf.put(sequence, prepared);
    } catch (error) {
      if (this.#memoryBytes + body.length > maxMemoryBytes) {
        this.#settings.onTrouble('the disk does not take a frame and memory is full', error);
        await this.#drop([atMs], 'disk');
        return;
      }
      this.#settings.onTrouble('the disk does not take a frame: it waits in memory', error);
      this.#inMemory.set(sequence, prepared.entry);
      this.#memoryBytes += body.length;
    }
    this.#lastSequence = sequence;
    this.#remember({ sequence, kind: header.type, byteCount: body.length, atMs });
    if (header.type === 'dropped') this.#note = { sequence, header };
  }

  /** What a full disk did not take is tried again: it may have room now. */
  async #moveToShelf(): Promise<void> {
    for (const [sequence, entry] of this.#inMemory) {
      try {
        await this.#shelf.replace(sequence, entry);
      } catch {
        return; // still full, which was told when it began
      }
      this.#inMemory.delete(sequence);
      this.#memoryBytes -= entry.body.length;
    }
  }

  async #remove(sequence: number): Promise<void> {
    const waiting = this.#waiting.get(sequence);
    this.#inFlight.delete(sequence);
    if (waiting === undefined) return;
    this.#waiting.delete(sequence);
    this.#bytes -= waiting.byteCount;
    if (this.#note?.sequence === sequence) this.#note = undefined;
    this.#memoryBytes -= this.#inMemory.get(sequence)?.body.length ?? 0;
    this.#inMemory.delete(sequence);
    try {
      await this.#shelf.remove(sequence, waiting.kind, sequence === this.#lastSequence);
    } catch (error) {
      // It is sent again after a restart, which the receiver knows for a repeat.
      this.#settings.onTrouble('an entry that was delivered cannot be removed', error);
    }
  }

  /** @returns false when there is no room and the newest has to go */
  async #makeRoom(neededBytes: number): Promise<boolean> {
    const { maxBytes, dropsFirst } = this.#settings;
    if (this.#bytes + neededBytes <= maxBytes) return true;
    if (dropsFirst === 'newest') return false;
    let missing = this.#bytes + neededBytes - maxBytes * roomShare;
    await this.#dropFrames('size', ({ byteCount }) => {
      const isVictim = missing > 0;
      missing -= byteCount;
      return isVictim;
    });
    return true;
  }

  async #dropAged(nowMs: number): Promise<void> {
    const { maxAgeMs } = this.#settings;
    if (maxAgeMs > 0) await this.#dropFrames('age', ({ atMs }) => nowMs - atMs > maxAgeMs);
  }

  /** Drops, oldest first, frames that are not in flight. They are noted before they go. */
  async #dropFrames(why: DropReason, isVictim: (entry: ShelvedEntry) => boolean): Promise<void> {
    const victims: ShelvedEntry[] = [];
    for (const entry of this.#waiting.values()) {
      if (entry.kind !== 'frame' || this.#inFlight.has(entry.sequence)) continue;
      if (!isVictim(entry)) break;
      victims.push(entry);
    }
    if (victims.length === 0) return;
    const times = victims.map(({ atMs }) => atMs);
    await this.#drop(times, why);
    for (const { sequence } of victims) await this.#remove(sequence);
  }

  /** Counts dropped frames, in the note that waits or in a new one. */
  async #drop(atMs: readonly number[], why: DropReason): Promise<void> {
    this.#settings.onDropped(atMs.length, why);
    const note = this.#note;
    const canGrow = note?.header.why === why;
    const before = canGrow ? note.header : undefined;
    const firstCapturedAtMs = Math.min(...atMs, before?.firstCapturedAtMs ?? Infinity);
    const header: DroppedHeader = {
      type: 'dropped',
      count: atMs.length + (before?.count ?? 0),
      firstCapturedAtMs,
      lastCapturedAtMs: Math.max(...atMs, before?.lastCapturedAtMs ?? -Infinity),
      utcOffsetMinutes: this.#settings.utcOffsetMinutes(firstCapturedAtMs),
      why,
    };
    const entry: Entry = { header, body: Buffer.alloc(0) };
    if (!canGrow) {
      await this.#keep({ entry, path: undefined });
      return;
    }
    const { sequence } = note;
    try {
      await this.#shelf.replace(sequence, entry);
    } catch (error) {
      this.#settings.onTrouble('the count of dropped frames waits in memory', error);
      this.#inMemory.set(sequence, entry);
    }
    this.#note = { sequence, header };
  }
}
