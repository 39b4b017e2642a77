/**
 * One connection of an agent in the framed protocol: hello or pair, messages, limits, end. `FrameIntake` stores
 * the frames; access control and decoding have their own files.
 */
import type { Socket } from 'node:net';
import { OperationalError } from '../../shared/cli/errors.js';
import {
  maxHeaderBytes,
  maxIdleMessagesPerMinute,
  preface,
} from '../../shared/protocol/protocol-limits.js';
import {
  type AgentMessage,
  type ByeMessage,
  type HelloMessage,
  type PairMessage,
  type ReceiverMessage,
  readAgentMessage,
} from '../../shared/protocol/messages.js';
import { MessageDecoder, type WireMessage, encodeMessage } from '../../shared/protocol/wire.js';
import { version } from '../../shared/cli/version.js';
import { WindowCounter } from '../../shared/window-counter.js';
import type { CameraRegister } from './camera-register.js';
import { refusalOf } from './camera-admission.js';
import { FrameIntake, sentenceOf } from './frame-intake.js';
import type { SessionParts } from './session-parts.js';
import type { TimedChunk } from './timed-chunks.js';
import {
  lingeringCloseMs,
  maxInFlight,
  maxUncountedBytes,
  maxUnreadBytes,
  minBytesPerSecond,
  minBytesPerSecondWhenShort,
} from '../limits/receiver-limits.js';
import { freeBuffer } from '../limits/free-buffer.js';
import { MinRateCheck } from '../limits/min-rate-check.js';
import type { Peer } from '../access/peer.js';
import { parsedAtOnce, prices } from '../limits/work/prices.js';
import { Tab } from '../limits/work/work-budgets.js';
import { WorkCancelled } from '../limits/work/work-queue.js';

export interface FramedSessionParts extends SessionParts {
  readonly peer: Peer;
  readonly register: CameraRegister;
  /** Called before the welcome. @returns why a connection limit refuses it, as a sentence */
  readonly admit: () => string | undefined;
}

/** What a message occupies until it is handled. */
interface MessageResources {
  readonly tab: Tab;
  /** Frees its memory. */
  readonly release: () => void;
}

/** Messages with a sequence, which are stored and acknowledged. */
const entryTypes: ReadonlySet<string> = new Set(['frame', 'dropped', 'report']);

export type ByeReason = Partial<Omit<ByeMessage, 'type'>>;

export class FramedSession {
  readonly #socket: Socket;
  readonly #parts: FramedSessionParts;
  readonly #decoder: MessageDecoder;
  readonly #pending = new Set<Promise<void>>();
  readonly #minRate: MinRateCheck;
  readonly #idleMessages = new WindowCounter(60_000);
  /** Work of the message that is arriving. */
  #tab: Tab;
  /** Undefined until the welcome. */
  #intake: FrameIntake | undefined;
  /** Frees the memory reserved for the message that is arriving. */
  #release: (() => void) | undefined;
  #hasHello = false;
  #hasPair = false;
  #hasPaidLock = false;
  #closing: Promise<void> | undefined;

  constructor(socket: Socket, parts: FramedSessionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes: parts.maxFrameBytes });
    this.#minRate = new MinRateCheck(parts.idleTimeoutMs);
    this.#tab = new Tab(parts.budget);
  }

  /** False: a session with the camera's key displaces this one from its name. */
  get isPaired(): boolean {
    return this.#parts.peer.isPaired;
  }

  /**
   * Serves the connection to its end. Resolves when every whole frame is answered.
   * @param incoming the bytes after the preface, first to last
   * @throws {OperationalError} PROTOCOL, LINK: it breaks a rule or a limit; the bye with the reason was sent
   */
  async serve(incoming: AsyncIterable<TimedChunk>): Promise<void> {
    this.#socket.write(preface);
    try {
      for await (const chunk of incoming) {
        await this.#onChunk(chunk);
        if (this.#isClosing()) break;
      }
      await this.close();
    } catch (error) {
      if (this.#isClosing() && error instanceof WorkCancelled) {
        await this.close();
        return;
      }
      if (error instanceof OperationalError && error.code === 'PROTOCOL') {
        await this.close({ code: 'protocol', message: sentenceOf(error) });
      }
      throw error;
    } finally {
      this.#release?.();
      await this.#parts.register.release(this);
    }
  }

  /** Reads no more frames, answers those received, sends a bye with the reason, and ends. */
  close(reason: ByeReason = {}): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  async #close(reason: ByeReason): Promise<void> {
    // A frame that waits for its check is not checked any more: the agent keeps it.
    this.#parts.budget.cancel();
    await Promise.all(this.#pending);
    this.#send({ type: 'bye', ...reason });
    this.#socket.end();
    // Bounds the lingering close for an agent that sends nothing and does not close.
    this.#socket.setTimeout(lingeringCloseMs);
  }

  async #onChunk({ chunk, waitedMs }: TimedChunk): Promise<void> {
    if (this.#decoder.isInside) await this.#checkMinRate(chunk.length, waitedMs);
    const isCopied = this.#decoder.copies(chunk.length);
    for (let rest = chunk; rest.length > 0 && !this.#isClosing();) {
      const { missingBytes } = this.#decoder;
      const piece = rest.subarray(0, missingBytes > 0 ? missingBytes : parsedAtOnce);
      rest = rest.subarray(piece.length);
      await this.#tab.pay((missingBytes > 0 ? prices.body : prices.headers)(piece.length));
      for (const message of this.#decoder.push(piece)) {
        if (!this.#isClosing()) await this.#onMessage(message);
      }
    }
    if (isCopied) freeBuffer(chunk);
    if (this.#isClosing()) return;
    if (this.#socket.writableLength > maxUnreadBytes) {
      throw new OperationalError('LINK', 'the agent does not read its acknowledgements');
    }
    await this.#reserveMemory();
  }

  async #onMessage({ header, body }: WireMessage): Promise<void> {
    const tab = this.#tab;
    this.#tab = new Tab(this.#parts.budget);
    this.#minRate.reset();
    // Only the first message of a piece can have started in an earlier one, and hold memory.
    const releaseMemory = this.#release;
    this.#release = undefined;
    const release = (): void => {
      freeBuffer(body);
      releaseMemory?.();
    };
    let isKept = false;
    try {
      await tab.pay(prices.message);
      const message = readAgentMessage(header);
      if (!entryTypes.has(message?.type ?? '')) this.#checkMessageRate();
      if (message === undefined) return;
      isKept = await this.#dispatch(message, body, { tab, release });
    } finally {
      if (!isKept) release();
    }
  }

  #isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Waits for memory before the rest of a large frame is read. */
  async #reserveMemory(): Promise<void> {
    const { bodyBytes } = this.#decoder;
    if (bodyBytes === 0 || this.#release !== undefined) return;
    if (this.#intake === undefined) throw new OperationalError('PROTOCOL', 'hello must come first');
    if (bodyBytes > maxUncountedBytes) this.#release = await this.#parts.memory.take(bodyBytes);
  }

  async #checkMinRate(byteCount: number, waitedMs: number): Promise<void> {
    const isShort = this.#release !== undefined && this.#parts.memory.isShort;
    const rate = isShort ? minBytesPerSecondWhenShort : minBytesPerSecond;
    if (!this.#minRate.isTooSlow(byteCount, waitedMs, rate)) return;
    const message = `a message arrived at less than ${rate} bytes a second`;
    await this.close({ code: 'slow', message });
    throw new OperationalError('LINK', message);
  }

  #checkMessageRate(): void {
    const count = this.#idleMessages.add(this.#parts.clock.monotonicMs());
    if (count <= maxIdleMessagesPerMinute) return;
    const message = `more than ${maxIdleMessagesPerMinute} messages without payload in a minute`;
    throw new OperationalError('PROTOCOL', message);
  }

  /** @returns true when the body is still in use, and `release` will be called later */
  async #dispatch(
    message: AgentMessage,
    body: Buffer,
    { tab, release }: MessageResources,
  ): Promise<boolean> {
    const intake = this.#intake;
    if (message.type === 'hello') await this.#onHello(message, tab);
    else if (message.type === 'pair') await this.#onPair(message, tab);
    else if (message.type === 'bye') await this.close();
    else if (intake === undefined) throw new OperationalError('PROTOCOL', 'hello must come first');
    else if (message.type === 'ping') this.#send({ type: 'pong' });
    else if (message.type !== 'frame') {
      await tab.paySlow(prices.gap);
      if (await this.#mayStore(tab)) await this.#track(intake.record(message));
    } else if ((await intake.accepts(message, body, tab)) && (await this.#mayStore(tab))) {
      await this.#track(intake.store(message, body, tab).finally(release));
      return true;
    }
    return false;
  }

  /** Checked before each entry is stored: the key may be revoked, or the name paired meanwhile. */
  async #mayStore(tab: Tab): Promise<boolean> {
    if (!this.#hasPaidLock) {
      this.#hasPaidLock = true;
      await tab.paySlow(prices.lock);
    }
    if (this.#isClosing()) return false;
    const revocation = this.#parts.peer.revocation();
    if (revocation !== undefined) await this.close({ code: 'unpaired', message: revocation });
    return revocation === undefined;
  }

  /** Counts an entry as in flight until it is answered. */
  async #track(work: Promise<void>): Promise<void> {
    const answering = work.finally(() => this.#pending.delete(answering));
    this.#pending.add(answering);
    // Backpressure: an agent with more than `maxInFlight` frames unanswered is not read.
    if (this.#pending.size >= maxInFlight) await Promise.race(this.#pending);
  }

  async #onPair({ publicKey }: PairMessage, tab: Tab): Promise<void> {
    if (this.#hasPair) throw new OperationalError('PROTOCOL', 'a second pair message');
    this.#hasPair = true;
    await tab.pay(prices.pair);
    if (this.#isClosing()) return;
    try {
      const camera = await this.#parts.peer.pair(publicKey);
      this.#send({ type: 'paired', camera, receiver: version, receiverId: this.#parts.store.id });
    } catch (error) {
      if (!(error instanceof OperationalError) || error.code !== 'KEYS') throw error;
      this.#parts.log.error('cannot pair', { error });
      await this.close({ code: 'keys', message: 'the receiver cannot save the key: see its log' });
    }
  }

  async #onHello(hello: HelloMessage, tab: Tab): Promise<void> {
    if (this.#hasHello) throw new OperationalError('PROTOCOL', 'a second hello message');
    this.#hasHello = true;
    await tab.pay(prices.hello);
    if (this.#isClosing()) return;
    const { peer, register, admit, log } = this.#parts;
    const refusal = await refusalOf(this, hello, { peer, register, admit });
    if (refusal !== undefined) {
      log.warn('agent refused', { camera: hello.camera, reason: refusal.message });
      await this.close(refusal);
      return;
    }
    const signer = await peer.signer(hello.publicKey);
    if (this.#isClosing()) return; // replaced, or the receiver is stopping
    const { store, quota, spender, clock, onStored, onRefused } = this.#parts;
    const send = (message: ReceiverMessage): void => this.#send(message);
    const parts = { store, signer, quota, spender, clock, log, onStored, onRefused };
    this.#intake = new FrameIntake(hello, { ...parts, send, lockName: () => register.lock(this) });
    this.#send({
      type: 'welcome',
      receiver: version,
      receiverId: store.id,
      maxFrameBytes: this.#parts.maxFrameBytes,
      maxInFlight,
      clockMs: clock.nowMs(),
      takes: ['report'],
    });
    log.info('agent connected', { camera: hello.camera, version: hello.agent });
  }

  #send(message: ReceiverMessage): void {
    if (!this.#socket.writable) return; // closed: the agent sends unanswered frames again
    const [head] = encodeMessage(message);
    this.#socket.write(head);
  }
}
