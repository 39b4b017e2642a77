/**
 * One connection to a receiver, from hello to bye: sends the frames that wait, several at a time, and lets
 * the spool forget each one when its acknowledgement comes, in whatever order. Connecting again after the
 * end is the uplink's business.
 */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { Chatter } from '../../shared/chatter.js';
import type { Clock } from '../../shared/clock.js';
import { OperationalError } from '../../shared/errors.js';
import type { Log } from '../../shared/log.js';
import {
  answerDeadlineMs,
  maxHeaderBytes,
  maxIdleMessagesPerMinute,
  pingIntervalMs,
  preface,
} from '../../shared/protocol/limits.js';
import {
  type AgentMessage,
  type ReceiverMessage,
  readReceiverMessage,
} from '../../shared/protocol/messages.js';
import { MessageDecoder, encodeMessage } from '../../shared/protocol/wire.js';
import { Trouble } from '../../shared/trouble.js';
import { version } from '../../shared/version.js';
import type { Spool } from '../spool/spool.js';
import { maxFramesInFlight, maxReturnMs, minFrameLimitBytes, minReturnMs } from './limits.js';
import { hasPreface } from './receiver-preface.js';

export interface LinkParts {
  readonly camera: string;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly log: Log;
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
  /** Frames sent and not answered. */
  readonly #inFlight = new Set<number>();
  /** Frames refused for now, with the monotonic time from which they may be sent again. */
  readonly #postponed = new Map<number, number>();
  /** A full disk there refuses every frame every few seconds. */
  readonly #refusals: Trouble;
  readonly #chatter = new Chatter(maxIdleMessagesPerMinute);
  readonly #startedAtMs: number;
  #hasWelcome = false;
  #limits: { readonly maxFrameBytes: number; readonly maxInFlight: number } | undefined;
  #isPumping = false;
  #isDraining = false;
  #isLeaving = false;
  #saidAtMs: number;
  /** The last sign of life: something was heard, or a piece of a frame left this machine. */
  #aliveAtMs: number;
  /** When the message that is arriving began; undefined between messages. */
  #beganAtMs: number | undefined;
  /** True from a ping until anything is heard. */
  #hasPinged = false;

  /** @param socket connected, or connecting */
  constructor(socket: Duplex, parts: LinkParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#refusals = new Trouble(parts.log, parts.clock);
    this.#startedAtMs = this.#saidAtMs = this.#aliveAtMs = parts.clock.monotonicMs();
  }

  /** Something new waits. */
  wake(): void {
    void this.#pump();
  }

  /** Sends what waits, says bye when all of it is answered. */
  drain(): void {
    this.#isDraining = true;
    this.#leaveWhenDone();
  }

  /**
   * Talks until either side says bye.
   * @returns how long the receiver wants us to stay away, milliseconds
   * @throws {OperationalError} LINK: the connection broke or went silent. PROTOCOL: it is no receiver, or
   *   says what this version does not understand
   */
  async converse(): Promise<number> {
    const { camera, spool } = this.#parts;
    // Errors come out of reading; one that comes later has nobody to tell.
    this.#socket.on('error', () => undefined);
    const watch = this.#watchDeadlines();
    try {
      this.#socket.write(preface);
      this.#say({ type: 'hello', camera, epoch: spool.epoch, agent: version });
      return await this.#listen();
    } finally {
      this.#ended.abort();
      this.#socket.destroy();
      await watch;
      spool.release();
    }
  }

  async #listen(): Promise<number> {
    const decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes: maxHeaderBytes });
    let opening: Buffer | undefined = Buffer.alloc(0);
    for await (const chunk of this.#socket as AsyncIterable<Buffer>) {
      this.#aliveAtMs = this.#parts.clock.monotonicMs();
      this.#hasPinged = false;
      let bytes = chunk;
      if (opening !== undefined) {
        opening = Buffer.concat([opening, chunk]);
        if (!hasPreface(opening)) continue;
        bytes = opening.subarray(preface.length);
        opening = undefined;
      }
      for (const { header } of decoder.push(bytes)) {
        const message = readReceiverMessage(header);
        if (message?.type === 'bye') return this.#partFrom(message);
        if (!this.#isExpected(message)) this.#checkChatter();
        else await this.#take(message);
      }
      this.#beganAtMs = decoder.isInside ? (this.#beganAtMs ?? this.#aliveAtMs) : undefined;
    }
    if (this.#isLeaving) return 0;
    throw new OperationalError('LINK', 'the receiver closed the connection');
  }

  #partFrom(bye: Extract<ReceiverMessage, { type: 'bye' }>): number {
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

  #checkChatter(): void {
    if (!this.#chatter.isTooMuch(this.#parts.clock.monotonicMs())) return;
    const what = `more than ${maxIdleMessagesPerMinute} messages in a minute that carry nothing`;
    throw new OperationalError('PROTOCOL', `the receiver sends ${what}`);
  }

  async #take(message: Expected): Promise<void> {
    const { spool, log, clock } = this.#parts;
    if (message.type === 'welcome') {
      if (this.#hasWelcome) throw new OperationalError('PROTOCOL', 'a second welcome');
      const { maxFrameBytes, maxInFlight } = message;
      if (maxFrameBytes < minFrameLimitBytes) {
        const limit = `the receiver says that it takes frames of ${maxFrameBytes} bytes at most`;
        throw new OperationalError('PROTOCOL', limit);
      }
      this.#hasWelcome = true;
      await this.#parts.onWelcome(message.receiverId);
      this.#limits = { maxFrameBytes, maxInFlight: Math.min(maxInFlight, maxFramesInFlight) };
    } else {
      const { sequence } = message;
      if (message.type === 'stored') {
        this.#refusals.worked('the receiver takes frames again');
        await spool.acknowledge(sequence);
        log.debug('delivered', { sequence, name: message.name, duplicate: message.duplicate });
      } else if (message.retry) {
        const retryAtMs = clock.monotonicMs() + pauseFrom(message.retryAfterMs);
        this.#postponed.set(sequence, retryAtMs);
        const reason = new OperationalError('LINK', message.message);
        this.#refusals.failed('the receiver cannot take frames now', reason);
      } else {
        await spool.reject(sequence, message.message);
      }
      // Not before the spool has taken it out: what is added meanwhile would have it sent again.
      this.#inFlight.delete(sequence);
    }
    this.#leaveWhenDone();
    void this.#pump();
  }

  /** Sends frames while the receiver and the socket take more. One at a time: sending order is kept. */
  async #pump(): Promise<void> {
    if (this.#isPumping || this.#limits === undefined || this.#isLeaving) return;
    this.#isPumping = true;
    try {
      const { maxInFlight, maxFrameBytes } = this.#limits;
      while (this.#inFlight.size < maxInFlight && !this.#ended.signal.aborted) {
        const entry = this.#parts.spool.next((sequence) => this.#isBusy(sequence));
        if (entry === undefined) break;
        await this.#send(entry.sequence, maxFrameBytes);
      }
    } catch (error) {
      // The connection broke while a frame was being written: reading tells why.
      this.#socket.destroy(error instanceof Error ? error : undefined);
    } finally {
      this.#isPumping = false;
    }
    this.#leaveWhenDone();
  }

  #isBusy(sequence: number): boolean {
    return this.#inFlight.has(sequence) || this.#postponed.has(sequence);
  }

  async #send(sequence: number, maxFrameBytes: number): Promise<void> {
    const { spool } = this.#parts;
    const entry = await spool.load(sequence);
    if (entry === undefined) return;
    const { header, body } = entry;
    if (body.length > maxFrameBytes) {
      const why = `it has ${body.length} bytes; the receiver takes ${maxFrameBytes}`;
      await spool.reject(sequence, why);
      return;
    }
    this.#say({ ...header, sequence }, body);
    this.#inFlight.add(sequence);
    if (this.#socket.writableLength > maxBufferedBytes) {
      await once(this.#socket, 'drain', { signal: this.#ended.signal });
    }
  }

  #say(message: AgentMessage, body?: Buffer): void {
    const now = this.#parts.clock.monotonicMs();
    // What is asked now deserves the whole deadline for its answer.
    if (!this.#isAwaiting) this.#aliveAtMs = now;
    this.#saidAtMs = now;
    const [head, rest] = encodeMessage(message, body);
    this.#socket.cork();
    this.#socket.write(head);
    for (let at = 0; at < rest.length; at += sliceBytes) {
      // A large frame on a slow link is no silence. A ping that left says nothing: a dead link takes it too.
      this.#socket.write(rest.subarray(at, at + sliceBytes), () => {
        this.#aliveAtMs = this.#parts.clock.monotonicMs();
      });
    }
    this.#socket.uncork();
  }

  get #isAwaiting(): boolean {
    return this.#limits === undefined || this.#inFlight.size > 0 || this.#hasPinged;
  }

  #leaveWhenDone(): void {
    const isDone = this.#inFlight.size === 0 && this.#parts.spool.waitingCount === 0;
    if (!this.#isDraining || !isDone || this.#isLeaving || this.#limits === undefined) return;
    this.#isLeaving = true;
    this.#say({ type: 'bye' });
    this.#socket.end();
  }

  /** What it says meanwhile is no welcome, and a message that drips is no sign of life. */
  #isLate(now: number): boolean {
    const [startedAtMs, aliveAtMs] = [this.#startedAtMs, this.#aliveAtMs];
    const waitsSinceMs = this.#hasWelcome ? (this.#beganAtMs ?? aliveAtMs) : startedAtMs;
    const isWaiting = this.#isAwaiting || this.#beganAtMs !== undefined;
    return isWaiting && now - waitsSinceMs > answerDeadlineMs;
  }

  async #watchDeadlines(): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await clock.sleep(heartbeatMs, signal);
      const now = clock.monotonicMs();
      for (const [sequence, atMs] of this.#postponed) {
        if (atMs <= now) this.#postponed.delete(sequence);
      }
      void this.#pump();
      if (this.#isLate(now)) {
        const silence = `no answer for ${answerDeadlineMs / 1000} s`;
        this.#socket.destroy(new OperationalError('LINK', silence));
      } else if (now - this.#saidAtMs > pingIntervalMs && this.#limits && !this.#isLeaving) {
        this.#say({ type: 'ping' });
        this.#hasPinged = true;
      }
    }
  }
}
