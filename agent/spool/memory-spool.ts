/**
 * Frames that wait in memory. They survive a receiver that is away, and nothing that ends this process.
 * When their limit is reached the oldest go, counted and said.
 */
import { createHash, randomBytes } from 'node:crypto';
import { OperationalError } from '../../shared/errors.js';
import { formatSize } from '../../shared/quantity.js';
import { nextCaptureMs } from './capture-time.js';
import type { FrameToSend, Spool, WaitingFrame } from './spool.js';

export interface MemorySpoolSettings {
  readonly maxBytes: number;
  /** Told of each frame that goes because of the limit, and of each that is refused for good. */
  readonly onLost: (frame: WaitingFrame, error: OperationalError) => void;
}

export class MemorySpool implements Spool {
  readonly epoch = randomBytes(16).toString('hex');
  readonly #settings: MemorySpoolSettings;
  /** In order of sequence: a Map keeps the order of insertion. */
  readonly #frames = new Map<number, { readonly waiting: WaitingFrame; readonly jpeg: Buffer }>();
  readonly #listeners: (() => void)[] = [];
  #bytes = 0;
  #lastSequence = 0;
  #lastCaptureMs: number | undefined;
  #droppedCount = 0;

  constructor(settings: MemorySpoolSettings) {
    this.#settings = settings;
  }

  get waitingCount(): number {
    return this.#frames.size;
  }

  get droppedCount(): number {
    return this.#droppedCount;
  }

  add({ jpeg, ...header }: FrameToSend): Promise<void> {
    const sequence = (this.#lastSequence += 1);
    const capturedAtMs = nextCaptureMs(header.capturedAtMs, this.#lastCaptureMs);
    this.#lastCaptureMs = capturedAtMs;
    const sha256 = createHash('sha256').update(jpeg).digest('hex');
    const waiting = { ...header, sequence, capturedAtMs, sha256, byteCount: jpeg.length };
    this.#frames.set(sequence, { waiting, jpeg });
    this.#bytes += jpeg.length;
    this.#makeRoom(sequence);
    for (const listener of this.#listeners) listener();
    return Promise.resolve();
  }

  oldest(except: { has(sequence: number): boolean }): WaitingFrame | undefined {
    for (const [sequence, { waiting }] of this.#frames) if (!except.has(sequence)) return waiting;
    return undefined;
  }

  load(sequence: number): Promise<Buffer | undefined> {
    return Promise.resolve(this.#frames.get(sequence)?.jpeg);
  }

  acknowledge(sequence: number): Promise<void> {
    this.#remove(sequence);
    return Promise.resolve();
  }

  reject(sequence: number, why: string): Promise<void> {
    const frame = this.#frames.get(sequence);
    this.#remove(sequence);
    if (frame) {
      const error = new OperationalError('FRAME', `the receiver refuses frame ${sequence}: ${why}`);
      this.#settings.onLost(frame.waiting, error);
    }
    return Promise.resolve();
  }

  onAdded(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Drops the oldest until the limit holds; the newest stays even where it alone is too large. */
  #makeRoom(newest: number): void {
    const { maxBytes, onLost } = this.#settings;
    for (const [sequence, { waiting }] of this.#frames) {
      if (this.#bytes <= maxBytes || sequence === newest) return;
      this.#remove(sequence);
      this.#droppedCount += 1;
      const limit = `${formatSize(maxBytes)} of frames wait, the limit set by --spool-max-size`;
      onLost(waiting, new OperationalError('SPOOL_FULL', limit));
    }
  }

  #remove(sequence: number): void {
    const frame = this.#frames.get(sequence);
    if (!frame) return;
    this.#frames.delete(sequence);
    this.#bytes -= frame.jpeg.length;
  }
}
