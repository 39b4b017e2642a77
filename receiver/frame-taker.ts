/**
 * What becomes of a frame, or of a note that frames were dropped: looks at it, stores it, answers. A frame is
 * acknowledged only when the store has it on the disk.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../shared/clock.js';
import { describeError } from '../shared/errors.js';
import { findJpegDamage } from '../shared/jpeg-splitter.js';
import type { Log } from '../shared/log.js';
import type {
  DroppedMessage,
  FrameMessage,
  HelloMessage,
  ReceiverMessage,
} from '../shared/protocol/messages.js';
import { Trouble } from '../shared/trouble.js';
import { minStoredBytes } from './limits.js';
import type { Quota } from './quota.js';
import type { FrameStore, StoredFrame } from './store/store-port.js';

/** When the store cannot take a frame: long enough to matter, short enough not to be noticed when over. */
export const storeRetryMs = 5000;

export interface FrameTakerParts {
  readonly store: FrameStore;
  readonly quota: Quota;
  readonly clock: Clock;
  readonly log: Log;
  readonly onStored: (stored: StoredFrame & { camera: string; byteCount: number }) => void;
  readonly send: (message: ReceiverMessage) => void;
}

export class FrameTaker {
  readonly #parts: FrameTakerParts;
  /** A full disk fails every frame every few seconds. */
  readonly #failures: Trouble;
  readonly #camera: string;
  readonly #epoch: string;

  constructor({ camera, epoch }: HelloMessage, parts: FrameTakerParts) {
    this.#camera = camera;
    this.#epoch = epoch;
    this.#parts = parts;
    this.#failures = new Trouble(parts.log, parts.clock);
  }

  /** Resolves when it is stored, or refused, and answered. Never rejects for what the disk does. */
  async store(message: FrameMessage, jpeg: Buffer): Promise<void> {
    const { sequence, capturedAtMs, utcOffsetMinutes, sha256, verdict } = message;
    const refusal = refusalOf(message, jpeg);
    const camera = this.#camera;
    if (refusal !== undefined) {
      this.#parts.log.warn('refused a frame', { camera, sequence, reason: refusal.message });
      this.#parts.send({ type: 'refused', sequence, ...refusal });
      return;
    }
    if (this.#isBeyondQuota(sequence, jpeg.length)) return;
    const id = { epoch: this.#epoch, sequence };
    const receivedAtMs = this.#parts.clock.nowMs();
    const moment = { capturedAtMs, utcOffsetMinutes, receivedAtMs };
    const frame = { camera, id, jpeg, sha256, verdict, ...moment };
    const stored = await this.#answer(id, () => this.#parts.store.put(frame));
    if (stored) this.#parts.onStored({ ...stored, camera, byteCount: jpeg.length });
  }

  /** Resolves when it is noted, or refused, and answered. Never rejects for what the disk does. */
  async note(message: DroppedMessage): Promise<void> {
    const { sequence, count, firstCapturedAtMs, lastCapturedAtMs } = message;
    const { utcOffsetMinutes, why, sequences } = message;
    if (this.#isBeyondQuota(sequence, minStoredBytes)) return;
    const camera = this.#camera;
    const id = { epoch: this.#epoch, sequence };
    const receivedAtMs = this.#parts.clock.nowMs();
    const moment = { capturedAtMs: firstCapturedAtMs, utcOffsetMinutes, receivedAtMs };
    const hole = { camera, id, count, lastCapturedAtMs, why, sequences, ...moment };
    const noted = await this.#answer(id, () => this.#parts.store.note(hole));
    if (noted === undefined || noted.duplicate) return;
    const [from, to] = [firstCapturedAtMs, lastCapturedAtMs].map((ms) =>
      new Date(ms).toISOString(),
    );
    this.#parts.log.warn('frames were dropped by the agent', { camera, count, why, from, to });
  }

  #isBeyondQuota(sequence: number, byteCount: number): boolean {
    const { quota, log, send } = this.#parts;
    const retryAfterMs = quota.spend(this.#camera, byteCount);
    if (retryAfterMs === 0) return false;
    const message = quota.refusal;
    log.warn('refused a frame for now', { camera: this.#camera, sequence, reason: message });
    send({ type: 'refused', sequence, code: 'quota', message, retry: true, retryAfterMs });
    return true;
  }

  /** Tells the agent what became of it; undefined when it is to keep it. */
  async #answer(
    { sequence }: { readonly sequence: number },
    work: () => Promise<StoredFrame>,
  ): Promise<StoredFrame | undefined> {
    try {
      const stored = await work();
      this.#failures.worked(`storing frames of ${this.#camera} again`);
      this.#parts.send({ type: 'stored', sequence, ...stored });
      return stored;
    } catch (error) {
      this.#failures.failed(`cannot store frames of ${this.#camera}; it keeps them`, error);
      const message = sentenceOf(error);
      const again = { retry: true, retryAfterMs: storeRetryMs };
      this.#parts.send({ type: 'refused', sequence, code: 'store', message, ...again });
      return undefined;
    }
  }
}

/** As long as the protocol lets a sentence be. */
export function sentenceOf(error: unknown): string {
  return describeError(error).slice(0, 1000);
}

/** What is wrong with a frame as it came; undefined when nothing is. */
function refusalOf(message: FrameMessage, jpeg: Buffer) {
  if (createHash('sha256').update(jpeg).digest('hex') !== message.sha256) {
    return {
      code: 'hash',
      message: 'its bytes do not have the SHA-256 that was announced',
      retry: true,
    };
  }
  const damage = findJpegDamage(jpeg);
  if (damage === undefined) return undefined;
  return { code: 'not-a-jpeg', message: `it is no whole JPEG: ${damage}`, retry: false };
}
