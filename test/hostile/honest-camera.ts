/**
 * A camera that keeps every rule: one frame at a time, sent until it is acknowledged, over TLS once it has a key.
 * It reconnects after a cut, and honours retry delays, shortened for the test.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectSecurely } from 'node:tls';
import { type CameraKey, formatIdentity } from '../../shared/keys/identity.js';
import { answerDeadlineMs, maxHeaderBytes } from '../../shared/protocol/protocol-limits.js';
import { type ReceiverMessage, readReceiverMessage } from '../../shared/protocol/messages.js';
import { MessageDecoder } from '../../shared/protocol/wire.js';
import { tlsSettings } from '../../shared/keys/tls-settings.js';
import { frameMessage, greeting, sha256Of } from './material.js';

/** `PICC/1` and a line feed come first. */
const prefaceBytes = 7;

export interface HonestSettings {
  readonly port: number;
  readonly camera: string;
  readonly localAddress?: string;
  /** Called before each connection; undefined: not paired yet, the connection is in the clear. */
  readonly key: () => CameraKey | undefined;
  /** Upper limit of the receiver's retry delays. */
  readonly longestWaitMs: number;
}

/** A plain connection, or one over TLS that has proven its key. @throws what fails */
export async function openSocket(
  port: number,
  localAddress: string,
  key: CameraKey | undefined,
): Promise<Socket> {
  const plain = connect({ port, host: '127.0.0.1', localAddress, noDelay: true });
  // Errors after the handshake show as the end of the connection.
  plain.on('error', () => undefined);
  if (key === undefined) {
    await once(plain, 'connect');
    return plain;
  }
  const identity = formatIdentity({ name: key.camera, keyId: key.id });
  const pskCallback = () => ({ identity, psk: key.key });
  const secured = connectSecurely({ ...tlsSettings, pskCallback, socket: plain });
  secured.on('error', () => undefined);
  try {
    await once(secured, 'secureConnect', { signal: AbortSignal.timeout(answerDeadlineMs) });
  } catch (error) {
    plain.destroy();
    throw error;
  }
  return secured;
}

export class HonestCamera {
  readonly epoch = randomBytes(16).toString('hex');
  readonly #settings: HonestSettings;
  #talk: Talk | undefined;
  #sequence = 0;
  /** Why the last attempt failed, for reports. */
  lastTrouble = 'none';
  /** performance.now() of its first welcome over TLS. */
  firstSecureWelcomeAtMs: number | undefined;

  constructor(settings: HonestSettings) {
    this.#settings = settings;
  }

  /**
   * Resolves when the frame is acknowledged.
   * @param cutAfterMs the connection is cut this time after the frame was sent; the frame is then sent again
   * @throws when it is refused for good, or `signal` aborts
   */
  async deliver(jpeg: Buffer, signal: AbortSignal, cutAfterMs?: number): Promise<void> {
    let isToBeCut = cutAfterMs !== undefined;
    this.#sequence += 1;
    const sequence = this.#sequence;
    const facts = { sequence, capturedAtMs: Date.now(), sha256: sha256Of(jpeg) };
    for (;;) {
      const talk = await this.connect(signal);
      talk.socket.write(frameMessage(facts, jpeg));
      if (isToBeCut) {
        isToBeCut = false;
        await delay(cutAfterMs);
        this.disconnect();
        continue;
      }
      const answer = await talk.next(signal);
      if (answer?.type === 'stored' && answer.sequence === sequence) return;
      this.lastTrouble = JSON.stringify(answer ?? 'the connection ended');
      if (answer?.type === 'refused' && !answer.retry) throw new Error(this.lastTrouble);
      if (answer?.type !== 'refused') this.disconnect();
      await this.#rest(answer, signal);
    }
  }

  /** Resolves after a welcome, with as many attempts as needed. */
  async connect(signal: AbortSignal): Promise<Talk> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#talk?.isOpen === true) return this.#talk;
      const answer = await this.#greet(signal);
      if (answer?.type === 'welcome') continue;
      this.disconnect();
      await this.#rest(answer, signal);
    }
  }

  disconnect(): void {
    this.#talk?.socket.destroy();
    this.#talk = undefined;
  }

  async #greet(signal: AbortSignal): Promise<ReceiverMessage | undefined> {
    const { port, localAddress = '127.0.0.1', camera } = this.#settings;
    const key = this.#settings.key();
    try {
      this.#talk = new Talk(await openSocket(port, localAddress, key));
    } catch (error) {
      this.lastTrouble = `cannot connect: ${String(error)}`;
      return undefined;
    }
    this.#talk.socket.write(greeting(camera, this.epoch));
    const answer = await this.#talk.next(signal);
    if (answer?.type !== 'welcome') this.lastTrouble = JSON.stringify(answer ?? 'no welcome');
    else if (key !== undefined) this.firstSecureWelcomeAtMs ??= performance.now();
    return answer;
  }

  async #rest(answer: ReceiverMessage | undefined, signal: AbortSignal): Promise<void> {
    const asked =
      answer !== undefined && 'retryAfterMs' in answer ? answer.retryAfterMs : undefined;
    await delay(Math.min(asked ?? 100, this.#settings.longestWaitMs), undefined, { signal });
  }
}

/** A connection, and the receiver's messages on it. */
class Talk {
  readonly socket: Socket;
  readonly #decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes: 0 });
  readonly #heard: ReceiverMessage[] = [];
  #skip = prefaceBytes;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#hear(chunk));
    socket.on('end', () => socket.destroy());
    socket.on('close', () => this.#wake());
  }

  get isOpen(): boolean {
    return !this.socket.destroyed;
  }

  /** @returns undefined when the connection ends, or after the deadline without data */
  async next(signal: AbortSignal): Promise<ReceiverMessage | undefined> {
    const deadline = setTimeout(() => this.socket.destroy(), answerDeadlineMs);
    const stop = (): void => void this.socket.destroy();
    signal.addEventListener('abort', stop);
    while (this.#heard.length === 0 && this.isOpen) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    clearTimeout(deadline);
    signal.removeEventListener('abort', stop);
    return this.#heard.shift();
  }

  #hear(chunk: Buffer): void {
    const skipped = Math.min(this.#skip, chunk.length);
    this.#skip -= skipped;
    try {
      for (const { header } of this.#decoder.push(chunk.subarray(skipped))) {
        const said = readReceiverMessage(header);
        if (said !== undefined) this.#heard.push(said);
      }
    } catch {
      this.socket.destroy(); // a sentence in the clear, and the end
    }
    this.#wake();
  }
}
