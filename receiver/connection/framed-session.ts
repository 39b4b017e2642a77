/**
 * One connection of an agent: its hello, its messages, the limits that it must keep, its end. What becomes of
 * a frame is the frame taker's business; who may connect and what the bytes mean is decided elsewhere.
 */
import type { Socket } from 'node:net';
import { MessageRateLimit } from '../../shared/protocol/message-rate-limit.js';
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
  type ByeMessage,
  type HelloMessage,
  type ReceiverMessage,
  readAgentMessage,
} from '../../shared/protocol/messages.js';
import { MessageDecoder, type WireMessage, encodeMessage } from '../../shared/protocol/wire.js';
import { version } from '../../shared/cli/version.js';
import type { CameraRegister } from './camera-register.js';
import { FrameIntake, busyRetryMs, sentenceOf, storeRetryMs } from './frame-intake.js';
import type { TimedChunk } from './timed-chunks.js';
import {
  lingeringCloseMs,
  maxInFlight,
  maxUncountedBytes,
  maxUnreadBytes,
  minBytesPerSecond,
  minBytesPerSecondWhenShort,
} from '../limits/receiver-limits.js';
import type { ByteSemaphore } from '../limits/byte-semaphore.js';
import { MinRateCheck } from '../limits/min-rate-check.js';
import type { Quota } from '../limits/quota.js';
import type { Peer } from '../access/peer.js';
import type { FrameStore, StoredFrame } from '../store/store-port.js';
import { parsedAtOnce, prices } from '../limits/work/prices.js';
import { type ConnectionBudget, Tab } from '../limits/work/work-budgets.js';
import { WorkCancelled } from '../limits/work/work-queue.js';

export interface FramedSessionParts {
  readonly peer: Peer;
  readonly store: FrameStore;
  readonly register: CameraRegister;
  readonly quota: Quota;
  /** Whose quota it spends. */
  readonly spender: string;
  readonly budget: ConnectionBudget;
  readonly memory: ByteSemaphore;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxFrameBytes: number;
  readonly idleTimeoutMs: number;
  /** It is about to be welcomed. @returns why there is no place for it, as a sentence */
  readonly settle: () => string | undefined;
  readonly onStored: (stored: StoredFrame & { camera: string; byteCount: number }) => void;
}

/** What a message holds until it is done with. */
interface Held {
  readonly tab: Tab;
  /** Gives back its memory. */
  readonly release: () => void;
}

type ByeReason = Partial<Omit<ByeMessage, 'type'>>;

export class FramedSession {
  readonly #socket: Socket;
  readonly #parts: FramedSessionParts;
  readonly #decoder: MessageDecoder;
  readonly #pending = new Set<Promise<void>>();
  readonly #pace: MinRateCheck;
  readonly #messageRate = new MessageRateLimit(maxIdleMessagesPerMinute);
  /** Of the message that is arriving. */
  #tab: Tab;
  /** What to call with frames; undefined until it is welcome. */
  #taker: FrameIntake | undefined;
  /** Gives back the memory for the message that is arriving. */
  #release: (() => void) | undefined;
  #hasGreeted = false;
  #hasPaired = false;
  #closing: Promise<void> | undefined;

  constructor(socket: Socket, parts: FramedSessionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes: parts.maxFrameBytes });
    this.#pace = new MinRateCheck(parts.idleTimeoutMs);
    this.#tab = new Tab(parts.budget);
  }

  /** Only who has proven a key keeps a camera's name against another that has. */
  get isPaired(): boolean {
    return this.#parts.peer.isPaired;
  }

  /**
   * Serves the connection to its end. Resolves when every frame that came whole is answered.
   * @param incoming the bytes after the preface, first to last
   * @throws {OperationalError} PROTOCOL, LINK: it breaks a rule or a limit; the agent was told
   */
  async serve(incoming: AsyncIterable<TimedChunk>): Promise<void> {
    this.#socket.write(preface);
    try {
      for await (const arrival of incoming) {
        await this.#hear(arrival);
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
      await this.#parts.register.leave(this);
    }
  }

  /** Takes no more frames, answers those it has, says why it ends, and ends. */
  close(why: ByeReason = {}): Promise<void> {
    this.#closing ??= this.#close(why);
    return this.#closing;
  }

  async #close(why: ByeReason): Promise<void> {
    // A frame that waits to be looked at is not looked at any more: the agent keeps it.
    this.#parts.budget.cancel();
    await Promise.all(this.#pending);
    this.#send({ type: 'bye', ...why });
    this.#socket.end();
    // An agent that has nothing to say any more must not keep us reading.
    this.#socket.setTimeout(lingeringCloseMs);
  }

  async #hear({ chunk, waitedMs }: TimedChunk): Promise<void> {
    if (this.#decoder.isInside) await this.#checkPace(chunk.length, waitedMs);
    for (let rest = chunk; rest.length > 0 && !this.#isClosing();) {
      const { missingBytes } = this.#decoder;
      const piece = rest.subarray(0, missingBytes > 0 ? missingBytes : parsedAtOnce);
      rest = rest.subarray(piece.length);
      const price = missingBytes > 0 ? prices.body : prices.headers;
      await this.#tab.pay(price(piece.length));
      for (const message of this.#decoder.push(piece)) {
        if (!this.#isClosing()) await this.#receive(message);
      }
    }
    if (this.#isClosing()) return;
    if (this.#socket.writableLength > maxUnreadBytes) {
      throw new OperationalError('LINK', 'the agent does not read its acknowledgements');
    }
    await this.#makeRoom();
  }

  async #receive({ header, body }: WireMessage): Promise<void> {
    const tab = this.#tab;
    this.#tab = new Tab(this.#parts.budget);
    this.#pace.reset();
    // Only the first of a piece can have begun earlier, and hold memory.
    const release = this.#release ?? (() => undefined);
    this.#release = undefined;
    let isKept = false;
    try {
      await tab.pay(prices.message);
      const message = readAgentMessage(header);
      if (message?.type !== 'frame' && message?.type !== 'dropped') this.#checkMessageRate();
      if (message === undefined) return;
      isKept = await this.#take(message, body, { tab, release });
    } finally {
      if (!isKept) release();
    }
  }

  #isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** A large frame has begun to arrive: the rest of it is read when there is memory for it. */
  async #makeRoom(): Promise<void> {
    const { bodyBytes } = this.#decoder;
    if (bodyBytes === 0 || this.#release !== undefined) return;
    if (this.#taker === undefined) throw new OperationalError('PROTOCOL', 'hello must come first');
    if (bodyBytes > maxUncountedBytes) this.#release = await this.#parts.memory.take(bodyBytes);
  }

  async #checkPace(byteCount: number, waitedMs: number): Promise<void> {
    const isShort = this.#release !== undefined && this.#parts.memory.isShort;
    const rate = isShort ? minBytesPerSecondWhenShort : minBytesPerSecond;
    if (!this.#pace.isTooSlow(byteCount, waitedMs, rate)) return;
    const message = `a message came at less than ${rate} bytes a second`;
    await this.close({ code: 'slow', message });
    throw new OperationalError('LINK', message);
  }

  #checkMessageRate(): void {
    if (!this.#messageRate.exceeds(this.#parts.clock.monotonicMs())) return;
    const what = `more than ${maxIdleMessagesPerMinute} messages in a minute that carry nothing`;
    throw new OperationalError('PROTOCOL', what);
  }

  /** @returns true when the body is still needed: `release` is called when it is not */
  async #take(message: AgentMessage, body: Buffer, held: Held): Promise<boolean> {
    const taker = this.#taker;
    if (message.type === 'hello') await this.#greet(message, held.tab);
    else if (message.type === 'pair') await this.#pair(held.tab);
    else if (message.type === 'bye') await this.close();
    else if (taker === undefined) throw new OperationalError('PROTOCOL', 'hello must come first');
    else if (message.type === 'ping') this.#send({ type: 'pong' });
    else if (message.type === 'dropped') {
      await held.tab.pay(prices.gap);
      if (await this.#mayGoOn()) await this.#answer(taker.note(message));
    } else if ((await taker.accepts(message, body, held.tab)) && (await this.#mayGoOn())) {
      await this.#answer(taker.store(message, body, held.tab).finally(held.release));
      return true;
    }
    return false;
  }

  /** Asked before each frame and gap is stored: the key may have been revoked, the name been paired. */
  async #mayGoOn(): Promise<boolean> {
    if (this.#isClosing()) return false;
    const revocation = this.#parts.peer.revocation();
    if (revocation !== undefined) await this.close({ code: 'unpaired', message: revocation });
    return revocation === undefined;
  }

  async #answer(working: Promise<void>): Promise<void> {
    const answering = working.finally(() => this.#pending.delete(answering));
    this.#pending.add(answering);
    // Reading no further is what holds back an agent that sends more than it may.
    if (this.#pending.size >= maxInFlight) await Promise.race(this.#pending);
  }

  async #pair(tab: Tab): Promise<void> {
    if (this.#hasPaired) throw new OperationalError('PROTOCOL', 'a second pair');
    this.#hasPaired = true;
    await tab.pay(prices.pair);
    if (this.#isClosing()) return;
    try {
      const camera = await this.#parts.peer.pair();
      this.#send({ type: 'paired', camera, receiver: version, receiverId: this.#parts.store.id });
    } catch (error) {
      if (!(error instanceof OperationalError) || error.code !== 'KEYS') throw error;
      this.#parts.log.error('cannot pair', { error });
      await this.close({ code: 'keys', message: 'the receiver cannot keep the key: see its log' });
    }
  }

  async #greet(hello: HelloMessage, tab: Tab): Promise<void> {
    if (this.#hasGreeted) throw new OperationalError('PROTOCOL', 'a second hello');
    this.#hasGreeted = true;
    await tab.pay(prices.hello);
    if (this.#isClosing()) return;
    const refusal = await this.#refusalOf(hello);
    if (refusal !== undefined) {
      this.#parts.log.warn('refused an agent', { camera: hello.camera, reason: refusal.message });
      await this.close(refusal);
      return;
    }
    if (this.#isClosing()) return; // replaced or stopping meanwhile
    const send = (message: ReceiverMessage): void => this.#send(message);
    this.#taker = new FrameIntake(hello, { ...this.#parts, send });
    this.#send({
      type: 'welcome',
      receiver: version,
      receiverId: this.#parts.store.id,
      maxFrameBytes: this.#parts.maxFrameBytes,
      maxInFlight,
      clockMs: this.#parts.clock.nowMs(),
    });
    this.#parts.log.info('agent connected', { camera: hello.camera, version: hello.agent });
  }

  async #refusalOf(hello: HelloMessage) {
    const message = this.#parts.peer.refusalForName(hello.camera);
    if (message !== undefined) return { code: 'not-yours', message };
    try {
      const busy = await this.#parts.register.enter(this, hello);
      if (busy !== undefined)
        return { code: 'camera-busy', message: busy, retryAfterMs: busyRetryMs };
      const full = this.#parts.settle();
      return full === undefined
        ? undefined
        : { code: 'busy', message: full, retryAfterMs: busyRetryMs };
    } catch (error) {
      return { code: 'store', message: sentenceOf(error), retryAfterMs: storeRetryMs };
    }
  }

  #send(message: ReceiverMessage): void {
    if (!this.#socket.writable) return; // the agent is gone: it sends again what was not answered
    const [head] = encodeMessage(message);
    this.#socket.write(head);
  }
}
