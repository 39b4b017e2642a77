/** Runs one planned hostile session, repeatedly if it is a lasting one. It always ends, and never rejects. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { rawCameraName } from '../../shared/protocol/camera-name.js';
import { type CameraKey, formatIdentity } from '../../shared/keys/identity.js';
import { preface } from '../../shared/protocol/protocol-limits.js';
import { clientHello, identitiesOf } from './client-hello.js';
import { openSocket } from './honest-camera.js';
import type { Ledger } from './ledger.js';
import { greeting, message, paddedJpeg, sha256Of } from './material.js';
import { type HostileSession, type Opening, honestName } from './plan.js';
import { stepMessages } from './steps.js';

export interface Scene {
  readonly port: number;
  readonly ledger: Ledger;
  /** The epoch of the honest camera: hostile sessions may know it. */
  readonly honestEpoch: string;
  readonly honestKey: () => CameraKey | undefined;
  readonly badKey: CameraKey | undefined;
}

/** Ping interval of a lasting session. */
const pingEveryMs = 500;
/** Deadline for a receiver that neither answers nor closes. */
const longestAnswerMs = 12_000;

export async function playSession(
  session: HostileSession,
  scene: Scene,
  signal: AbortSignal,
): Promise<void> {
  do await playOnce(session, scene, signal);
  while (session.stayMs === Infinity && !signal.aborted);
}

async function playOnce(session: HostileSession, scene: Scene, signal: AbortSignal): Promise<void> {
  scene.ledger.sessions += 1;
  let socket: Socket | undefined;
  const stop = (): void => void socket?.destroy();
  signal.addEventListener('abort', stop);
  try {
    await delay(session.startAfterMs, undefined, { signal });
    const holder = holderOf(session.opening, scene);
    socket = await openSocket(scene.port, session.address, holder);
    signal.throwIfAborted();
    if (session.isReading) socket.resume();
    await new Session(session, scene, socket, holder?.camera).play(signal);
  } catch {
    // The receiver closed the connection: an end like any other.
  } finally {
    socket?.destroy();
    signal.removeEventListener('abort', stop);
  }
}

/** The key that a session uses, right or wrong. */
function holderOf(opening: Opening, { badKey, honestKey }: Scene): CameraKey | undefined {
  if (opening.kind !== 'framed' || opening.as === 'stranger') return undefined;
  if (opening.as === 'bad' && badKey !== undefined) return badKey;
  const id = honestKey()?.id ?? '0123456789abcdef';
  return { camera: honestName, id, key: randomBytes(32) };
}

class Session {
  readonly #session: HostileSession;
  readonly #scene: Scene;
  readonly #socket: Socket;
  readonly #holder: string | undefined;

  constructor(session: HostileSession, scene: Scene, socket: Socket, holder: string | undefined) {
    this.#session = session;
    this.#scene = scene;
    this.#socket = socket;
    this.#holder = holder;
  }

  async play(signal: AbortSignal): Promise<void> {
    const { opening, end, stayMs } = this.#session;
    if (opening.kind === 'client-hello') {
      await this.#sayHello(opening);
      return;
    }
    if (opening.kind === 'bytes') await this.#sayBytes(opening);
    else await this.#sayMessages(opening, signal);
    if (end === 'reset') this.#socket.resetAndDestroy();
    else if (end === 'half-close') {
      this.#socket.end();
      await delay(Math.min(stayMs, 1000), undefined, { signal });
    } else if (end === 'stay') await this.#stay(stayMs, signal);
  }

  async #stay(stayMs: number, signal: AbortSignal): Promise<void> {
    for (let leftMs = stayMs; leftMs > 0 && !this.#socket.destroyed; leftMs -= pingEveryMs) {
      await delay(Math.min(leftMs, pingEveryMs), undefined, { signal });
      if (this.#session.opening.kind === 'framed') await this.#write(message({ type: 'ping' }));
    }
  }

  async #sayMessages(
    opening: Extract<Opening, { kind: 'framed' }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { steps, index } = this.#session;
    const epochs = { own: ownEpoch(index), honest: this.#scene.honestEpoch, wrong: 'no epoch' };
    await this.#write(
      opening.hasHello ? greeting(opening.camera, epochs[opening.epoch]) : Buffer.from(preface),
    );
    let made = 0;
    for (const step of steps) {
      if (step.kind === 'pause') await delay(50, undefined, { signal });
      for (let at = 0; at < step.count; at += 1) {
        made += 1;
        const who = `session ${index} ${made}`;
        const { bytes, storable } = stepMessages(step.kind, { who, index, made });
        if (storable !== undefined) this.#note(String(opening.camera), storable);
        await (step.isDripped ? this.#drip(bytes, signal) : this.#write(bytes));
      }
      if (step.kind === 'cut') return;
    }
  }

  async #sayBytes({ what, count }: Extract<Opening, { kind: 'bytes' }>): Promise<void> {
    const { index, address } = this.#session;
    const jpegs = Array.from({ length: count }, (_, at) =>
      paddedJpeg(`session ${index} raw ${at}`, 2000),
    );
    const garbage = randomBytes(200 * count);
    const made = {
      jpegs: () => Buffer.concat(jpegs),
      'half-jpeg': () => Buffer.concat(jpegs).subarray(0, -500),
      garbage: () => Buffer.concat([Buffer.from([0]), garbage]),
      http: () => Buffer.from('GET / HTTP/1.1\r\nHost: receiver\r\n\r\n'.repeat(count)),
      nothing: () => Buffer.alloc(0),
      'half-record': () => Buffer.from('16030102000100', 'hex'),
      'half-preface': () => Buffer.from(preface.slice(0, count)),
      'future-preface': () => Buffer.from(`PICC/${count + 1}\n`),
      'record-of-garbage': () => Buffer.concat([Buffer.from('160301', 'hex'), garbage]),
    }[what]();
    if (what.endsWith('jpeg') || what === 'jpegs') {
      for (const jpeg of jpegs) this.#note(rawCameraName(address), jpeg);
    }
    await this.#write(made);
  }

  async #sayHello(opening: Extract<Opening, { kind: 'client-hello' }>): Promise<void> {
    const { name, identities, hasKnown, paddingBytes, recordBytes } = opening;
    const offered = identitiesOf(name, identities, this.#session.index);
    const known = this.#scene.honestKey() ?? this.#scene.badKey;
    if (hasKnown && known !== undefined && offered.length > 0) {
      offered[offered.length - 1] = formatIdentity({ name: known.camera, keyId: known.id });
    }
    const said: Buffer[] = [];
    this.#socket.on('data', (piece: Buffer) => said.push(piece));
    await this.#write(clientHello({ identities: offered, paddingBytes, recordBytes }));
    if (!this.#socket.destroyed) {
      await once(this.#socket, 'close', { signal: AbortSignal.timeout(longestAnswerMs) });
    }
    const answer = Buffer.concat(said).subarray(0, 7).toString('hex');
    if (answer !== '') this.#scene.ledger.helloAnswers.set(answer, JSON.stringify(opening));
  }

  #note(folder: string, jpeg: Buffer): void {
    const facts = { folder, sha256: sha256Of(jpeg), holder: this.#holder };
    this.#scene.ledger.sent.push({ ...facts, atMs: performance.now() });
  }

  /** Resolves when the system has taken enough of the data, or the connection has ended. */
  async #write(bytes: Buffer): Promise<void> {
    if (this.#socket.destroyed || bytes.length === 0) return;
    this.#scene.ledger.bytes += bytes.length;
    if (this.#socket.write(bytes)) return;
    const waiting = new AbortController();
    const { signal } = waiting;
    const over = once(this.#socket, 'close', { signal });
    const patience = delay(longestAnswerMs, undefined, { signal });
    await Promise.race([once(this.#socket, 'drain', { signal }), over, patience]);
    waiting.abort();
  }

  async #drip(bytes: Buffer, signal: AbortSignal): Promise<void> {
    const slow = Math.min(bytes.length, 40);
    for (let at = 0; at < slow && !this.#socket.destroyed; at += 1) {
      await this.#write(bytes.subarray(at, at + 1));
      await delay(5, undefined, { signal });
    }
    await this.#write(bytes.subarray(slow));
  }
}

/** Of one spool, the same for the same session. */
function ownEpoch(index: number): string {
  return createHash('sha256').update(`epoch ${index}`).digest('hex').slice(0, 32);
}
