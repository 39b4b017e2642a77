/**
 * One connection to a receiver, from hello to bye. It sends waiting entries, several at a time, and removes each one
 * from the spool when it is acknowledged, in any order. The uplink connects and reconnects.
 */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../shared/clock.js';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import {
  maxHeaderBytes,
  maxIdleMessagesPerMinute,
  preface,
} from '../../shared/protocol/protocol-limits.js';
import {
  type AgentMessage,
  type ReceiverMessage,
  readReceiverMessage,
} from '../../shared/protocol/messages.js';
import { MessageDecoder } from '../../shared/protocol/wire.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import { version } from '../../shared/cli/version.js';
import { WindowCounter } from '../../shared/window-counter.js';
import type { EntryKind, Spool, WaitingEntry } from '../spool/spool.js';
import type { SigningKey } from './keys/signing-key.js';
import { pauseOf } from './retry-pause.js';
import { maxFramesInFlight, minFrameLimitBytes, minRetryAfterMs } from './uplink-limits.js';
import { Liveness } from './liveness.js';
import type { SkippedEntries } from './skipped-entries.js';
import { messageOf, writeMessage } from './write-message.js';

export interface LinkParts {
  readonly camera: string;
  /** Undefined: entries are sent without signatures. */
  readonly signing: SigningKey | undefined;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly log: Log;
  /** Entries that are not sent on this connection. */
  readonly skipped: SkippedEntries;
  /** Called after the welcome. Entries are sent after it resolves. */
  readonly onWelcome: (welcome: Welcome) => Promise<void>;
  /** Whether more reports are about to be added: `bye` waits for them. */
  readonly isAdding: () => boolean;
  /** Called for each entry that the receiver has acknowledged. */
  readonly onAcknowledged: (kind: EntryKind) => void;
  /** Called when an entry has to wait. */
  readonly onRefused: (error: OperationalError) => void;
}

const minuteMs = 60_000;
/** Interval at which deadlines are checked. */
const heartbeatMs = 1000;
/** Upper limit of the bytes that are buffered in this process for the socket. */
const maxBufferedBytes = 1024 * 1024;

type Expected = Extract<ReceiverMessage, { type: 'welcome' | 'stored' | 'refused' }>;

export interface Welcome {
  readonly receiverId: string | undefined;
  readonly takesReports: boolean;
  /** The receiver's wall time. */
  readonly clockMs: number;
}

export class Link {
  readonly #socket: Duplex;
  readonly #parts: LinkParts;
  readonly #ended = new AbortController();
  /** The kind of each entry that was sent and not answered, by sequence. */
  readonly #inFlight = new Map<number, EntryKind>();
  readonly #refusals: RepeatingErrorLog;
  readonly #idleMessages = new WindowCounter(minuteMs);
  readonly #liveness: Liveness;
  #hasWelcome = false;
  /** Upper limit of unanswered entries; undefined before the welcome. */
  #maxInFlight: number | undefined;
  #isPumping = false;
  #isDraining = false;
  #hasSentBye = false;

  /** @param socket connected, or connecting */
  constructor(socket: Duplex, parts: LinkParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#refusals = new RepeatingErrorLog(parts.log, parts.clock);
    this.#liveness = new Liveness(parts.clock.monotonicMs());
  }

  /** Sends new entries. */
  wake(): void {
    void this.#pump();
  }

  /** Sends the waiting entries, and bye when all of them are answered or skipped. */
  drain(): void {
    this.#isDraining = true;
    this.#sendByeWhenDrained();
  }

  /** True when bye was sent because no entry was left to send. */
  get isDrained(): boolean {
    return this.#hasSentBye;
  }

  /**
   * Runs the protocol until either side sends bye.
   * @returns the pause before the next connection, milliseconds
   * @throws {OperationalError} LINK: the connection broke or timed out. PROTOCOL: the peer is no receiver, or its
   *   messages are invalid in this version
   */
  async run(): Promise<number> {
    const { camera, spool, signing } = this.#parts;
    // The read loop rejects with the error; without a listener a later error would end the process.
    this.#socket.on('error', () => undefined);
    const watch = this.#watchDeadlines();
    try {
      this.#socket.write(preface);
      const signed = signing && { can: ['signed'], publicKey: signing.publicKey };
      this.#send({ type: 'hello', camera, epoch: spool.epoch, agent: version, ...signed });
      return await this.#receive();
    } finally {
      this.#ended.abort();
      this.#socket.destroy();
      await watch;
      spool.release();
    }
  }

  async #receive(): Promise<number> {
    const decoder = MessageDecoder.ofReceiver({ maxHeaderBytes, maxBodyBytes: maxHeaderBytes });
    for await (const chunk of this.#socket as AsyncIterable<Buffer>) {
      this.#liveness.received(this.#parts.clock.monotonicMs());
      for (const { header } of decoder.push(chunk)) {
        const message = readReceiverMessage(header);
        if (message?.type === 'bye') return this.#onBye(message);
        if (!this.#isExpected(message)) this.#checkMessageRate();
        else await this.#onMessage(message);
      }
      this.#liveness.decoded(decoder.isInside);
    }
    if (this.#hasSentBye) return 0;
    throw new OperationalError('LINK', 'the receiver closed the connection');
  }

  #onBye(bye: Extract<ReceiverMessage, { type: 'bye' }>): number {
    if (this.#hasSentBye) return 0;
    // Before the welcome the peer is not known to be a receiver: the uplink's backoff applies.
    if (bye.code === 'stopping' && this.#hasWelcome) {
      return Math.max(pauseOf(bye.retryAfterMs), minRetryAfterMs);
    }
    const reason = bye.message ?? bye.code ?? 'no reason given';
    throw new OperationalError('LINK', `the receiver ended the session: ${reason}`);
  }

  /** Answers count only for entries in flight; the others are ignored. */
  #isExpected(message: ReceiverMessage | undefined): message is Expected {
    if (message?.type === 'welcome') return true;
    const isAnswer = message?.type === 'stored' || message?.type === 'refused';
    return isAnswer && this.#inFlight.has(message.sequence);
  }

  #checkMessageRate(): void {
    const count = this.#idleMessages.add(this.#parts.clock.monotonicMs());
    if (count <= maxIdleMessagesPerMinute) return;
    const limit = `more than ${maxIdleMessagesPerMinute} messages a minute without payload`;
    throw new OperationalError('PROTOCOL', `the receiver sends ${limit}`);
  }

  async #onMessage(message: Expected): Promise<void> {
    const { spool, log, clock, skipped } = this.#parts;
    if (message.type === 'welcome') {
      if (this.#hasWelcome) throw new OperationalError('PROTOCOL', 'received a second welcome');
      const { maxFrameBytes, maxInFlight, receiverId, clockMs, takes = [] } = message;
      if (maxFrameBytes < minFrameLimitBytes) {
        const limit = `frames of at most ${maxFrameBytes} bytes; expected at least ${minFrameLimitBytes}`;
        throw new OperationalError('PROTOCOL', `the receiver accepts ${limit}`);
      }
      this.#hasWelcome = true;
      this.#liveness.welcomed();
      const takesReports = takes.includes('report');
      skipped.limit(maxFrameBytes);
      if (takesReports) skipped.takeReports();
      await this.#parts.onWelcome({ receiverId, takesReports, clockMs });
      this.#maxInFlight = Math.min(maxInFlight, maxFramesInFlight);
    } else {
      const { sequence } = message;
      if (message.type === 'stored') {
        this.#refusals.worked('the receiver accepts frames again');
        this.#parts.onAcknowledged(this.#inFlight.get(sequence) ?? 'frame');
        await spool.acknowledge(sequence);
        log.debug('delivered', { sequence, name: message.name, duplicate: message.duplicate });
      } else if (message.retry) {
        const retryAtMs = clock.monotonicMs() + pauseOf(message.retryAfterMs);
        this.#postpone(message, retryAtMs);
      } else if (this.#inFlight.get(sequence) !== 'frame') {
        // Nothing else has what a gap entry or a report states: the next connection sends it again.
        this.#postpone(message, Infinity);
      } else {
        await spool.reject(sequence, message.message);
      }
      // After the spool has removed it: a frame added meanwhile would otherwise send it again.
      this.#inFlight.delete(sequence);
      spool.unload(sequence);
    }
    this.#sendByeWhenDrained();
    void this.#pump();
  }

  #postpone({ sequence, message }: Extract<Expected, { type: 'refused' }>, untilMs: number): void {
    this.#parts.skipped.postpone(sequence, this.#inFlight.get(sequence), untilMs);
    const error = new OperationalError('LINK', message);
    this.#refusals.failed('the receiver refuses frames for now', error);
    this.#parts.onRefused(error);
  }

  /** Sends entries up to the limits of the receiver and of the socket buffer. Never runs twice: order is kept. */
  async #pump(): Promise<void> {
    if (this.#isPumping || this.#maxInFlight === undefined || this.#hasSentBye) return;
    this.#isPumping = true;
    try {
      const { spool, skipped, clock } = this.#parts;
      const isBusy = (entry: WaitingEntry): boolean =>
        this.#inFlight.has(entry.sequence) || skipped.isSkippedNow(entry, clock.monotonicMs());
      while (this.#inFlight.size < this.#maxInFlight && !this.#ended.signal.aborted) {
        const entry = spool.next(isBusy);
        if (entry === undefined) {
          skipped.logTooLarge((sequence) => spool.has(sequence));
          break;
        }
        await this.#sendEntry(entry.sequence);
      }
    } catch (error) {
      // The connection broke during a write: the read loop reports the error.
      this.#socket.destroy(error instanceof Error ? error : undefined);
    } finally {
      this.#isPumping = false;
    }
    this.#sendByeWhenDrained();
  }

  async #sendEntry(sequence: number): Promise<void> {
    const { spool, skipped } = this.#parts;
    const entry = await spool.load(sequence);
    if (entry === undefined) return;
    const { header, body } = entry;
    if (skipped.isTooLarge(sequence, body.length)) {
      spool.unload(sequence);
      return;
    }
    const { camera, signing, clock } = this.#parts;
    // Now, not in the spool: its file is the same for all receivers, whose epochs and sequences differ.
    const signed = signing?.sign({ camera, epoch: spool.epoch, sequence }, entry);
    this.#send({ ...messageOf(header, sequence, clock), ...signed }, body);
    this.#inFlight.set(sequence, header.type);
    if (this.#socket.writableLength > maxBufferedBytes) {
      await once(this.#socket, 'drain', { signal: this.#ended.signal });
    }
  }

  #send(message: AgentMessage, body?: Buffer): void {
    this.#liveness.sent(this.#parts.clock.monotonicMs(), this.#isAwaiting);
    writeMessage(this.#socket, message, body, () => {
      this.#liveness.chunkSent(this.#parts.clock.monotonicMs());
    });
  }

  get #isAwaiting(): boolean {
    return this.#maxInFlight === undefined || this.#inFlight.size > 0;
  }

  #sendByeWhenDrained(): void {
    if (!this.#isDraining || this.#hasSentBye || this.#maxInFlight === undefined) return;
    const { spool, skipped } = this.#parts;
    const isSendable = (entry: WaitingEntry): boolean => !skipped.isSkipped(entry);
    if (this.#inFlight.size > 0 || spool.hasWaiting(isSendable)) return;
    if (skipped.areReportsSent && this.#parts.isAdding()) return;
    this.#hasSentBye = true;
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
      if (this.#liveness.isTimedOut(now, this.#isAwaiting)) {
        this.#socket.destroy(this.#liveness.failure);
      } else if (this.#liveness.isPingDue(now) && this.#maxInFlight && !this.#hasSentBye) {
        this.#send({ type: 'ping' });
        this.#liveness.pinged();
      }
    }
  }
}
