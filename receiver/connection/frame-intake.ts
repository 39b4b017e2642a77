/**
 * Checks a received frame, gap or report, stores it, and answers. A frame is acknowledged only when the store has it on
 * the disk.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../shared/clock.js';
import { describeError } from '../../shared/cli/errors.js';
import { walkJpeg } from '../../shared/jpeg/splitter.js';
import type { Log } from '../../shared/cli/log.js';
import type {
  DroppedMessage,
  FrameMessage,
  HelloMessage,
  ReceiverMessage,
  ReportMessage,
} from '../../shared/protocol/messages.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import { minStoredBytes } from '../limits/receiver-limits.js';
import type { Quota } from '../limits/quota.js';
import type { FrameStore, StoredFrame } from '../store/store-port.js';
import type { Signer } from '../access/peer.js';
import type { Evidence } from '../store/record-line.js';
import { earliestPlausibleMs } from '../../shared/protocol/frame-path.js';
import { evidenceOf } from './evidence.js';
import { hashedAtOnce, prices, stepsPerPayment } from '../limits/work/prices.js';
import type { Tab } from '../limits/work/work-budgets.js';

/** Retry delay after a store error: long enough to relieve the disk, short enough not to delay the recovery. */
const storeRetryMs = 5000;

/** Below this the difference of two clocks cannot be told from the time that a message takes. */
const minClockErrorMs = 1000;
/** A larger difference is logged, once for each connection. */
const wrongClockMs = 60_000;

const clockHint = 'frames are named by its clock: see timedatectl on both machines';

export interface FrameIntakeParts {
  readonly store: FrameStore;
  /** Whose signatures count. */
  readonly signer: Signer;
  /** Takes the camera's name between processes. @throws {OperationalError} STORE */
  readonly lockName: () => Promise<void>;
  readonly quota: Quota;
  /** Key of the quota that is charged. */
  readonly spender: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly onStored: (stored: StoredFrame & { camera: string; byteCount: number }) => void;
  /** @param code of the refusal */
  readonly onRefused: (code: string) => void;
  readonly send: (message: ReceiverMessage) => void;
}

export class FrameIntake {
  readonly #parts: FrameIntakeParts;
  /** A full disk makes every frame fail every few seconds. */
  readonly #failures: RepeatingErrorLog;
  readonly #camera: string;
  readonly #epoch: string;
  #hasWarnedOfClock = false;

  constructor({ camera, epoch }: HelloMessage, parts: FrameIntakeParts) {
    this.#camera = camera;
    this.#epoch = epoch;
    this.#parts = parts;
    this.#failures = new RepeatingErrorLog(parts.log, parts.clock);
  }

  /** Checks a frame before it is stored. @returns false when it was refused and the refusal sent */
  async accepts(message: FrameMessage, jpeg: Buffer, tab: Tab): Promise<boolean> {
    const { quota, spender } = this.#parts;
    const { sequence } = message;
    await tab.pay(prices.refusal);
    // Before its bytes are checked: a frame beyond the quota costs no more than reading it.
    if (this.#isBeyondQuota(sequence, quota.waitMs(spender))) return false;
    const refusal = await refusalOf(message, jpeg, tab);
    if (refusal !== undefined) {
      const camera = this.#camera;
      this.#parts.log.warn('frame refused', { camera, sequence, reason: refusal.message });
      this.#refuse({ sequence, ...refusal });
      return false;
    }
    if (message.signature !== undefined) await tab.pay(prices.signature);
    await tab.pay(prices.store(jpeg.length));
    return !this.#isBeyondQuota(sequence, quota.spend(spender, jpeg.length));
  }

  /**
   * Stores a frame that was accepted. Resolves when it is stored or refused, and the answer sent. Never rejects
   * for a disk error.
   */
  async store(message: FrameMessage, jpeg: Buffer, tab: Tab): Promise<void> {
    const { sequence, capturedAtMs, utcOffsetMinutes, sha256, verdict } = message;
    const camera = this.#camera;
    const id = { epoch: this.#epoch, sequence };
    const receivedAtMs = this.#parts.clock.nowMs();
    const moment = { capturedAtMs, utcOffsetMinutes, receivedAtMs };
    const evidence = this.#evidenceOf(message);
    const frame = { camera, id, jpeg, sha256, verdict, evidence, ...moment };
    const stored = await this.#answer(id, () => this.#parts.store.put(frame));
    if (stored === undefined) return;
    // A frame that waited may be old; none is younger than its arrival.
    this.#checkClock(Math.max(0, capturedAtMs - receivedAtMs), capturedAtMs);
    if (!stored.duplicate) tab.refund();
    this.#parts.onStored({ ...stored, camera, byteCount: jpeg.length });
  }

  /** Resolves when the entry is recorded or refused, and the answer sent. Never rejects for a disk error. */
  record(message: DroppedMessage | ReportMessage): Promise<void> {
    return message.type === 'dropped' ? this.#recordGap(message) : this.#recordReport(message);
  }

  async #recordGap(message: DroppedMessage): Promise<void> {
    const { sequence, count, firstCapturedAtMs, lastCapturedAtMs } = message;
    const { utcOffsetMinutes, why, sequences } = message;
    if (this.#isBeyondQuota(sequence, this.#spendLine(message))) return;
    const camera = this.#camera;
    const id = { epoch: this.#epoch, sequence };
    const receivedAtMs = this.#parts.clock.nowMs();
    const moment = { capturedAtMs: firstCapturedAtMs, utcOffsetMinutes, receivedAtMs };
    const evidence = this.#evidenceOf(message);
    const gap = { camera, id, count, lastCapturedAtMs, why, sequences, evidence, ...moment };
    const recorded = await this.#answer(id, () => this.#parts.store.recordGap(gap));
    if (recorded === undefined || recorded.duplicate) return;
    const [from, to] = [firstCapturedAtMs, lastCapturedAtMs].map((ms) =>
      new Date(ms).toISOString(),
    );
    this.#parts.log.warn('agent dropped frames', { camera, count, why, from, to });
  }

  async #recordReport(message: ReportMessage): Promise<void> {
    const { sequence, clockMs, fromMs, toMs, utcOffsetMinutes } = message;
    if (this.#isBeyondQuota(sequence, this.#spendLine(message))) return;
    const camera = this.#camera;
    const id = { epoch: this.#epoch, sequence };
    const receivedAtMs = this.#parts.clock.nowMs();
    const errorMs = clockMs - receivedAtMs;
    this.#checkClock(errorMs, clockMs);
    const report = {
      ...{ camera, id, report: message, utcOffsetMinutes, receivedAtMs },
      // A stretch that ends at midnight belongs to the day before.
      capturedAtMs: Math.max(fromMs, toMs - 1),
      clockErrorMs: Math.abs(errorMs) < minClockErrorMs ? undefined : errorMs,
      evidence: this.#evidenceOf(message),
    };
    await this.#answer(id, () => this.#parts.store.recordReport(report));
  }

  /** @param errorMs the camera's clock minus this machine's, or less @param clockMs the camera's clock */
  #checkClock(errorMs: number, clockMs: number): void {
    const isUnset = clockMs < earliestPlausibleMs;
    if (this.#hasWarnedOfClock || (Math.abs(errorMs) <= wrongClockMs && !isUnset)) return;
    this.#hasWarnedOfClock = true;
    const clock = new Date(clockMs).toISOString();
    this.#parts.log.warn(`the clock of ${this.#camera} is wrong`, { clock, hint: clockHint });
  }

  /** Charges a line's bytes. @returns how long the agent must wait */
  #spendLine({ statement }: DroppedMessage | ReportMessage): number {
    const { quota, spender } = this.#parts;
    return quota.spend(spender, Math.max(minStoredBytes, statement?.length ?? 0));
  }

  /** A flaw does not refuse the entry: it is logged and recorded. */
  #evidenceOf(message: FrameMessage | DroppedMessage | ReportMessage): Evidence {
    const { log, signer } = this.#parts;
    const { sequence } = message;
    const id = { camera: this.#camera, epoch: this.#epoch, sequence };
    const evidence = evidenceOf(message, id, signer);
    // Flaws of the whole session are logged once, at its hello.
    if (evidence.flaw !== undefined && evidence.flaw !== signer.flaw) {
      const { flaw } = evidence;
      log.error('entry stored without a valid signature', { camera: id.camera, sequence, flaw });
    }
    return evidence;
  }

  #isBeyondQuota(sequence: number, retryAfterMs: number): boolean {
    const { quota, log } = this.#parts;
    if (retryAfterMs === 0) return false;
    const message = quota.refusal;
    log.warn('frame refused for now', { camera: this.#camera, sequence, reason: message });
    this.#refuse({ sequence, code: 'quota', message, retry: true, retryAfterMs });
    return true;
  }

  #refuse(refusal: Omit<Extract<ReceiverMessage, { type: 'refused' }>, 'type'>): void {
    this.#parts.onRefused(refusal.code);
    this.#parts.send({ type: 'refused', ...refusal });
  }

  /** Stores, and sends the answer. @returns undefined when the agent must keep it */
  async #answer(
    { sequence }: { readonly sequence: number },
    work: () => Promise<StoredFrame>,
  ): Promise<StoredFrame | undefined> {
    try {
      await this.#parts.lockName();
      const stored = await work();
      this.#failures.worked(`frames of ${this.#camera} are stored again`);
      this.#parts.send({ type: 'stored', sequence, ...stored });
      return stored;
    } catch (error) {
      this.#failures.failed(`cannot store frames of ${this.#camera}; its agent keeps them`, error);
      const message = sentenceOf(error);
      const again = { retry: true, retryAfterMs: storeRetryMs };
      this.#refuse({ sequence, code: 'store', message, ...again });
      return undefined;
    }
  }
}

/** The message of an error, cut to the 1000 characters that the protocol allows. */
export function sentenceOf(error: unknown): string {
  return describeError(error).slice(0, 1000);
}

/** Why a received frame is refused; undefined when it is valid. */
async function refusalOf(message: FrameMessage, jpeg: Buffer, tab: Tab) {
  if ((await sha256Of(jpeg, tab)) !== message.sha256) {
    return {
      code: 'hash',
      message: 'the SHA-256 of the body is not that of the header',
      retry: true,
    };
  }
  const damage = await damageOf(jpeg, tab);
  if (damage === undefined) return undefined;
  return { code: 'not-a-jpeg', message: `not a whole JPEG: ${damage}`, retry: false };
}

async function sha256Of(bytes: Buffer, tab: Tab): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += hashedAtOnce) {
    const piece = bytes.subarray(at, at + hashedAtOnce);
    await tab.pay(prices.hash(piece.length));
    hash.update(piece);
  }
  return hash.digest('hex');
}

async function damageOf(jpeg: Buffer, tab: Tab): Promise<string | undefined> {
  const walk = walkJpeg(jpeg, stepsPerPayment);
  for (;;) {
    await tab.pay(prices.walk);
    const { done, value } = walk.next();
    if (done) return value;
  }
}
