/**
 * One connection of an agent: its hello, its frames, our acknowledgements. A frame is acknowledged only
 * when the store has it on the disk. Who may connect and what the bytes mean is decided elsewhere.
 */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock } from '../shared/clock.js';
import { OperationalError, describeError } from '../shared/errors.js';
import { findJpegDamage } from '../shared/jpeg-splitter.js';
import type { Log } from '../shared/log.js';
import { maxHeaderBytes, preface } from '../shared/protocol/limits.js';
import {
  type AgentMessage,
  type DroppedMessage,
  type FrameMessage,
  type HelloMessage,
  type ReceiverMessage,
  readAgentMessage,
} from '../shared/protocol/messages.js';
import { MessageDecoder, encodeMessage } from '../shared/protocol/wire.js';
import { Trouble } from '../shared/trouble.js';
import { version } from '../shared/version.js';
import type { CameraRegister } from './camera-register.js';
import type { FrameStore, StoredFrame } from './store/store-port.js';

/** Frames of one connection that may be in memory at once. */
const maxInFlight = 8;
/** Acknowledgements that the agent does not read; it has at most `maxInFlight` to read. */
const maxUnreadBytes = 256 * 1024;
/** For an agent to read our last words and close its side. */
const lingerMs = 2000;
/** When the store cannot take a frame: long enough to matter, short enough not to be noticed when over. */
const storeRetryMs = 5000;

/** Who is on the other side, as far as it has proven. */
export interface Guest {
  /** Why it may not send as this camera, as a sentence for it; undefined when it may. */
  refusalAs(camera: string): string | undefined;
  /**
   * Agrees on a key, or says that the agreed one is proven. @returns for which camera
   * @throws {OperationalError} KEYS, PROTOCOL
   */
  pair(): Promise<string>;
}

export interface FramedSessionParts {
  readonly guest: Guest;
  readonly store: FrameStore;
  readonly register: CameraRegister;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxFrameBytes: number;
  readonly idleTimeoutMs: number;
  readonly onStored: (stored: StoredFrame & { camera: string; byteCount: number }) => void;
}

export class FramedSession {
  readonly #socket: Socket;
  readonly #parts: FramedSessionParts;
  readonly #pending = new Set<Promise<void>>();
  /** A full disk fails every frame every few seconds. */
  readonly #failures: Trouble;
  #hello: HelloMessage | undefined;
  #hasPaired = false;
  #isClosing = false;

  constructor(socket: Socket, parts: FramedSessionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#failures = new Trouble(parts.log, parts.clock);
  }

  /**
   * Serves the connection to its end. Resolves when every frame that came whole is answered.
   * @param chunks the bytes after the preface, first to last
   * @throws {OperationalError} PROTOCOL, after telling the agent
   */
  async serve(chunks: AsyncIterable<Buffer>): Promise<void> {
    const decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes: this.#parts.maxFrameBytes });
    this.#socket.write(preface);
    try {
      for await (const chunk of chunks) {
        for (const { header, body } of decoder.push(chunk)) {
          const message = readAgentMessage(header);
          if (message !== undefined && !this.#isClosing) await this.#take(message, body);
        }
        if (this.#isClosing) break;
        if (this.#socket.writableLength > maxUnreadBytes) {
          throw new OperationalError('LINK', 'the agent does not read its acknowledgements');
        }
      }
      await this.close();
    } catch (error) {
      if (error instanceof OperationalError && error.code === 'PROTOCOL') {
        await this.close({ code: 'protocol', message: error.message });
      }
      throw error;
    } finally {
      await this.#parts.register.leave(this);
    }
  }

  /** Takes no more frames, answers those it has, says why it ends, and ends. */
  async close(why: { code?: string; message?: string; retryAfterMs?: number } = {}): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    await Promise.all(this.#pending);
    this.#send({ type: 'bye', ...why });
    this.#socket.end();
    // An agent that has nothing to say any more must not keep us reading.
    this.#socket.setTimeout(lingerMs);
  }

  async #take(message: AgentMessage, body: Buffer): Promise<void> {
    if (message.type === 'hello') {
      await this.#greet(message);
      return;
    }
    if (message.type === 'pair') {
      await this.#pair();
      return;
    }
    const hello = this.#hello;
    if (message.type === 'bye') await this.close();
    else if (hello === undefined) throw new OperationalError('PROTOCOL', 'hello must come first');
    else if (message.type === 'ping') this.#send({ type: 'pong' });
    else {
      const working =
        message.type === 'frame' ? this.#store(hello, message, body) : this.#note(hello, message);
      const answering = working.finally(() => this.#pending.delete(answering));
      this.#pending.add(answering);
      // Reading no further is what holds back an agent that sends more than it may.
      if (this.#pending.size >= maxInFlight) await Promise.race(this.#pending);
    }
  }

  async #pair(): Promise<void> {
    if (this.#hasPaired) throw new OperationalError('PROTOCOL', 'a second pair');
    this.#hasPaired = true;
    try {
      const camera = await this.#parts.guest.pair();
      this.#send({ type: 'paired', camera, receiver: version, receiverId: this.#parts.store.id });
    } catch (error) {
      if (!(error instanceof OperationalError) || error.code !== 'KEYS') throw error;
      this.#parts.log.error('cannot pair', { error });
      await this.close({ code: 'keys', message: 'the receiver cannot keep the key: see its log' });
    }
  }

  async #greet(hello: HelloMessage): Promise<void> {
    if (this.#hello !== undefined) throw new OperationalError('PROTOCOL', 'a second hello');
    const refusal = await this.#refusalOf(hello);
    if (refusal !== undefined) {
      this.#parts.log.warn('refused an agent', { camera: hello.camera, reason: refusal.message });
      await this.close(refusal);
      return;
    }
    if (this.#isClosing) return; // replaced or stopping meanwhile
    this.#hello = hello;
    this.#socket.setTimeout(this.#parts.idleTimeoutMs);
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
    const message = this.#parts.guest.refusalAs(hello.camera);
    if (message !== undefined) return { code: 'not-yours', message };
    try {
      const busy = await this.#parts.register.enter(this, hello);
      if (busy === undefined) return undefined;
      return { code: 'camera-busy', message: busy, retryAfterMs: 10_000 };
    } catch (error) {
      return { code: 'store', message: sentenceOf(error), retryAfterMs: storeRetryMs };
    }
  }

  async #store(
    { camera, epoch }: HelloMessage,
    message: FrameMessage,
    jpeg: Buffer,
  ): Promise<void> {
    const { sequence, capturedAtMs, utcOffsetMinutes, sha256, verdict } = message;
    const refusal = refusalOf(message, jpeg);
    if (refusal !== undefined) {
      this.#parts.log.warn('refused a frame', { camera, sequence, reason: refusal.message });
      this.#send({ type: 'refused', sequence, ...refusal });
      return;
    }
    const id = { epoch, sequence };
    const receivedAtMs = this.#parts.clock.nowMs();
    const moment = { capturedAtMs, utcOffsetMinutes, receivedAtMs };
    const frame = { camera, id, jpeg, sha256, verdict, ...moment };
    const stored = await this.#answer(id, () => this.#parts.store.put(frame));
    if (stored) this.#parts.onStored({ ...stored, camera, byteCount: jpeg.length });
  }

  async #note({ camera, epoch }: HelloMessage, message: DroppedMessage): Promise<void> {
    const { sequence, count, firstCapturedAtMs, lastCapturedAtMs, utcOffsetMinutes, why } = message;
    const id = { epoch, sequence };
    const receivedAtMs = this.#parts.clock.nowMs();
    const moment = { capturedAtMs: firstCapturedAtMs, utcOffsetMinutes, receivedAtMs };
    const hole = { camera, id, count, lastCapturedAtMs, why, ...moment };
    const noted = await this.#answer(id, () => this.#parts.store.note(hole));
    if (noted === undefined || noted.duplicate) return;
    const [from, to] = [firstCapturedAtMs, lastCapturedAtMs].map((ms) =>
      new Date(ms).toISOString(),
    );
    this.#parts.log.warn('frames were dropped by the agent', { camera, count, why, from, to });
  }

  /** Tells the agent what became of it; undefined when it is to keep it. */
  async #answer(
    { sequence }: { readonly sequence: number },
    work: () => Promise<StoredFrame>,
  ): Promise<StoredFrame | undefined> {
    try {
      const stored = await work();
      this.#failures.worked(`storing frames of ${this.#hello?.camera ?? ''} again`);
      this.#send({ type: 'stored', sequence, ...stored });
      return stored;
    } catch (error) {
      this.#failures.failed(
        `cannot store frames of ${this.#hello?.camera ?? ''}; it keeps them`,
        error,
      );
      const message = sentenceOf(error);
      const again = { retry: true, retryAfterMs: storeRetryMs };
      this.#send({ type: 'refused', sequence, code: 'store', message, ...again });
      return undefined;
    }
  }

  #send(message: ReceiverMessage): void {
    if (!this.#socket.writable) return; // the agent is gone: it sends again what was not answered
    const [head] = encodeMessage(message);
    this.#socket.write(head);
  }
}

/** As long as the protocol lets a sentence be. */
function sentenceOf(error: unknown): string {
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
