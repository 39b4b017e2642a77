/**
 * One connection to a receiver, from hello to bye: sends the frames that wait, several at a time, and lets
 * the spool forget each one when its acknowledgement comes, in whatever order. Connecting again after the
 * end is the uplink's business.
 */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { MessageRateLimit } from '../../shared/protocol/message-rate-limit.js';
import type { Clock } from '../../shared/clock.js';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import {
  answerDeadlineMs,
  maxHeaderBytes,
  maxIdleMessagesPerMinute,
  preface,
} from '../../shared/protocol/protocol-limits.js';
import {
  type AgentMessage,
  type ReceiverMessage,
  readReceiverMessage,
} from '../../shared/protocol/messages.js';
import { MessageDecoder, encodeMessage } from '../../shared/protocol/wire.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import { version } from '../../shared/cli/version.js';
import type { Spool, WaitingEntry } from '../spool/spool.js';
import {
  maxFramesInFlight,
  maxReturnMs,
  minFrameLimitBytes,
  minReturnMs,
} from './uplink-limits.js';
import { Liveness } from './liveness.js';
import type { PassedOver } from './passed-over.js';
import { hasPreface } from './receiver-preface.js';

export interface LinkParts {
  readonly camera: string;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly log: Log;
  /** What this receiver does not take on this connection. */
  readonly passedOver: PassedOver;
  /** Told when the receiver has welcomed us, and which it is, if it says. Frames are sent after it. */
  readonly onWelcome: (receiverId: string | undefined) => Promise<void>;
}

/** How often deadlines are looked at. */
const heartbeatMs = 1000;
/** Bytes handed to the system in one write: each that leaves shows that the link lives. */
const sliceBytes = 64 * 1024;
/** Bytes waiting in this process for the socket; the rest waits in the spool. */
const maxBufferedBytes = 1024 * 1024;
/** A receiver that says goodbye without a time: as after any failure. */
const defaultRetryMs = 1000;

/** How long the receiver wants to be left alone, as far as it may decide that. */
const pauseFrom = (retryAfterMs = defaultRetryMs): number => Math.min(retryAfterMs, maxReturnMs);

type Expected = Extract<ReceiverMessage, { type: 'welcome' | 'stored' | 'refused' }>;

export class Link {
  readonly #socket: Duplex;
  readonly #parts: LinkParts;
  readonly #ended = new AbortController();
  /** What was sent and is not answered: by sequence, whether it is a frame or a note of frames that are gone. */
  readonly #inFlight = new Map<number, WaitingEntry['kind']>();
  /** A full disk there refuses every frame every few seconds. */
  readonly #refusals: RepeatingErrorLog;
  readonly #messageRate = new MessageRateLimit(maxIdleMessagesPerMinute);
  readonly #liveness: Liveness;
  #hasWelcome = false;
  /** Frames that may be unanswered; undefined: not welcome yet. */
  #maxInFlight: number | undefined;
  #isPumping = false;
  #isDraining = false;
  #isLeaving = false;

  /** @param socket connected, or connecting */
  constructor(socket: Duplex, parts: LinkParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#refusals = new RepeatingErrorLog(parts.log, parts.clock);
    this.#liveness = new Liveness(parts.clock.monotonicMs());
  }

  /** Something new waits. */
  wake(): void {
    void this.#pump();
  }

  /** Sends what waits, says bye when all of it is answered but what this receiver does not take. */
  drain(): void {
    this.#isDraining = true;
    this.#leaveWhenDone();
  }

  /** True when it has said bye because nothing was left to send. */
  get isDone(): boolean {
    return this.#isLeaving;
  }

  /**
   * Talks until either side says bye.
   * @returns how long the receiver wants us to stay away, milliseconds
   * @throws {OperationalError} LINK: the connection broke or went silent. PROTOCOL: it is no receiver, or
   *   says what this version does not understand
   */
  async run(): Promise<number> {
    const { camera, spool } = this.#parts;
    // Errors come out of reading; one that comes later has nobody to tell.
    this.#socket.on('error', () => undefined);
    const watch = this.#watchDeadlines();
    try {
      this.#socket.write(preface);
      this.#send({ type: 'hello', camera, epoch: spool.epoch, agent: version });
      return await this.#receive();
    } finally {
      this.#ended.abort();
      this.#socket.destroy();
      await watch;
      spool.release();
    }
  }

  async #receive(): Promise<number> {
    const decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes: maxHeaderBytes });
    let opening: Buffer | undefined = Buffer.alloc(0);
    for await (const chunk of this.#socket as AsyncIterable<Buffer>) {
      this.#liveness.received(this.#parts.clock.monotonicMs());
      let bytes = chunk;
      if (opening !== undefined) {
        opening = Buffer.concat([opening, chunk]);
        if (!hasPreface(opening)) continue;
        bytes = opening.subarray(preface.length);
        opening = undefined;
      }
      for (const { header } of decoder.push(bytes)) {
        const message = readReceiverMessage(header);
        if (message?.type === 'bye') return this.#onBye(message);
        if (!this.#isExpected(message)) this.#checkMessageRate();
        else await this.#onMessage(message);
      }
      this.#liveness.arrived(decoder.isInside);
    }
    if (this.#isLeaving) return 0;
    throw new OperationalError('LINK', 'the receiver closed the connection');
  }

  #onBye(bye: Extract<ReceiverMessage, { type: 'bye' }>): number {
    if (this.#isLeaving) return 0;
    // Before a welcome nothing shows that this is a receiver: the uplink's own growing pause applies.
    if (bye.code === 'stopping' && this.#hasWelcome) {
      return Math.max(pauseFrom(bye.retryAfterMs), minReturnMs);
    }
    throw new OperationalError('LINK', `the receiver says: ${bye.message ?? bye.code ?? 'bye'}`);
  }

  /** An answer to what was not asked changes nothing: only what is in flight can be acknowledged. */
  #isExpected(message: ReceiverMessage | undefined): message is Expected {
    if (message?.type === 'welcome') return true;
    const isAnswer = message?.type === 'stored' || message?.type === 'refused';
    return isAnswer && this.#inFlight.has(message.sequence);
  }

  #checkMessageRate(): void {
    if (!this.#messageRate.exceeds(this.#parts.clock.monotonicMs())) return;
    const what = `more than ${maxIdleMessagesPerMinute} messages in a minute that carry nothing`;
    throw new OperationalError('PROTOCOL', `the receiver sends ${what}`);
  }

  async #onMessage(message: Expected): Promise<void> {
    const { spool, log, clock, passedOver } = this.#parts;
    if (message.type === 'welcome') {
      if (this.#hasWelcome) throw new OperationalError('PROTOCOL', 'a second welcome');
      const { maxFrameBytes, maxInFlight } = message;
      if (maxFrameBytes < minFrameLimitBytes) {
        const limit = `the receiver says that it takes frames of ${maxFrameBytes} bytes at most`;
        throw new OperationalError('PROTOCOL', limit);
      }
      this.#hasWelcome = true;
      this.#liveness.welcomed();
      await this.#parts.onWelcome(message.receiverId);
      passedOver.limit(maxFrameBytes);
      this.#maxInFlight = Math.min(maxInFlight, maxFramesInFlight);
    } else {
      const { sequence } = message;
      if (message.type === 'stored') {
        this.#refusals.worked('the receiver takes frames again');
        await spool.acknowledge(sequence);
        log.debug('delivered', { sequence, name: message.name, duplicate: message.duplicate });
      } else if (message.retry) {
        const retryAtMs = clock.monotonicMs() + pauseFrom(message.retryAfterMs);
        this.#postpone(message, retryAtMs);
      } else if (this.#inFlight.get(sequence) === 'dropped') {
        // Until a receiver has the note it is the only count: the next connection tries again.
        this.#postpone(message, Infinity);
      } else {
        await spool.reject(sequence, message.message);
      }
      // Not before the spool has taken it out: what is added meanwhile would have it sent again.
      this.#inFlight.delete(sequence);
      spool.unload(sequence);
    }
    this.#leaveWhenDone();
    void this.#pump();
  }

  #postpone({ sequence, message }: Extract<Expected, { type: 'refused' }>, untilMs: number): void {
    this.#parts.passedOver.postpone(sequence, this.#inFlight.get(sequence), untilMs);
    this.#refusals.failed(
      'the receiver cannot take frames now',
      new OperationalError('LINK', message),
    );
  }

  /** Sends frames while the receiver and the socket take more. One at a time: sending order is kept. */
  async #pump(): Promise<void> {
    if (this.#isPumping || this.#maxInFlight === undefined || this.#isLeaving) return;
    this.#isPumping = true;
    try {
      const { spool, passedOver, clock } = this.#parts;
      const isBusy = (entry: WaitingEntry): boolean =>
        this.#inFlight.has(entry.sequence) || passedOver.isNow(entry, clock.monotonicMs());
      while (this.#inFlight.size < this.#maxInFlight && !this.#ended.signal.aborted) {
        const entry = spool.next(isBusy);
        if (entry === undefined) {
          passedOver.tell((sequence) => spool.has(sequence));
          break;
        }
        await this.#sendEntry(entry.sequence);
      }
    } catch (error) {
      // The connection broke while a frame was being written: reading tells why.
      this.#socket.destroy(error instanceof Error ? error : undefined);
    } finally {
      this.#isPumping = false;
    }
    this.#leaveWhenDone();
  }

  async #sendEntry(sequence: number): Promise<void> {
    const { spool, passedOver } = this.#parts;
    const entry = await spool.load(sequence);
    if (entry === undefined) return;
    const { header, body } = entry;
    if (passedOver.isTooLarge(sequence, body.length)) {
      spool.unload(sequence);
      return;
    }
    this.#send({ ...header, sequence }, body);
    this.#inFlight.set(sequence, header.type);
    if (this.#socket.writableLength > maxBufferedBytes) {
      await once(this.#socket, 'drain', { signal: this.#ended.signal });
    }
  }

  #send(message: AgentMessage, body?: Buffer): void {
    this.#liveness.sent(this.#parts.clock.monotonicMs(), this.#isAwaiting);
    const [head, rest] = encodeMessage(message, body);
    this.#socket.cork();
    this.#socket.write(head);
    for (let at = 0; at < rest.length; at += sliceBytes) {
      this.#socket.write(rest.subarray(at, at + sliceBytes), () => {
        this.#liveness.pieceLeft(this.#parts.clock.monotonicMs());
      });
    }
    this.#socket.uncork();
  }

  get #isAwaiting(): boolean {
    return this.#maxInFlight === undefined || this.#inFlight.size > 0;
  }

  #leaveWhenDone(): void {
    if (!this.#isDraining || this.#isLeaving || this.#maxInFlight === undefined) return;
    const { spool, passedOver } = this.#parts;
    const isToCome = (entry: WaitingEntry): boolean => !passedOver.isForGood(entry);
    if (this.#inFlight.size > 0 || spool.hasWaiting(isToCome)) return;
    this.#isLeaving = true;
    this.#send({ type: 'bye' });
    this.#socket.end();
  }

  async #watchDeadlines(): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await clock.sleep(heartbeatMs, signal);
      const now = clock.monotonicMs();
      void this.#pump();
      if (this.#liveness.isLate(now, this.#isAwaiting)) {
        const silence = `no answer for ${answerDeadlineMs / 1000} s`;
        this.#socket.destroy(new OperationalError('LINK', silence));
      } else if (this.#liveness.isPingDue(now) && this.#maxInFlight && !this.#isLeaving) {
        this.#send({ type: 'ping' });
        this.#liveness.pinged();
      }
    }
  }
}
