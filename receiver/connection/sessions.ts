/**
 * Serves connections whose peer and protocol are known: one session each, until it ends or the peer's key is revoked.
 * Sessions share the camera names, the quota and the memory for frames.
 */
import type { Socket } from 'node:net';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import type { AccessControl } from '../access/access-control.js';
import type { Peer } from '../access/peer.js';
import { ByteSemaphore } from '../limits/byte-semaphore.js';
import { Quota, spenderOf } from '../limits/quota.js';
import type { ConnectionBudget } from '../limits/work/work-budgets.js';
import { CameraRegister } from './camera-register.js';
import type { DetectedStream } from './detect-protocol.js';
import { type ByeReason, FramedSession } from './framed-session.js';
import { serveRaw } from './raw-session.js';
import type { SessionParts } from './session-parts.js';
import { type TimedChunk, timedChunks } from './timed-chunks.js';

export interface SessionsSettings {
  readonly maxFrameBytes: number;
  /** For frames in memory: half of it for paired cameras, half for others. */
  readonly maxMemoryBytes: number;
  /** Per camera; 0: no limit. */
  readonly maxBytesPerMinute: number;
  readonly idleTimeoutMs: number;
}

export interface SessionsParts extends Pick<
  SessionParts,
  'store' | 'clock' | 'onStored' | 'onRefused'
> {
  readonly access: Pick<AccessControl, 'watchRevocation'>;
}

/** A connection whose peer and protocol are known. */
export interface KnownConnection {
  /** The accepted socket: `socket`, or the one below its TLS. */
  readonly plain: Socket;
  readonly socket: Socket;
  readonly address: string;
  readonly peer: Peer;
  readonly stream: DetectedStream;
  readonly log: Log;
  readonly budget: ConnectionBudget;
  /** Admits the connection to the served ones. @returns the refusal, a sentence for the peer */
  readonly admit: () => string | undefined;
}

export class Sessions {
  readonly #settings: SessionsSettings;
  readonly #parts: SessionsParts;
  readonly #register: CameraRegister;
  readonly #quota: Quota;
  readonly #pairedMemory: ByteSemaphore;
  readonly #anonymousMemory: ByteSemaphore;
  /** By accepted socket. */
  readonly #framed = new WeakMap<Socket, FramedSession>();

  constructor(settings: SessionsSettings, parts: SessionsParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#register = new CameraRegister(parts.store);
    this.#quota = new Quota(settings.maxBytesPerMinute, parts.clock);
    this.#pairedMemory = new ByteSemaphore(settings.maxMemoryBytes / 2);
    this.#anonymousMemory = new ByteSemaphore(settings.maxMemoryBytes / 2);
  }

  /** Serves a connection to the end of its session. @throws {OperationalError} PROTOCOL, LINK */
  async serve(connection: KnownConnection): Promise<void> {
    const { socket, stream } = connection;
    const { protocol } = stream;
    if (protocol.kind === 'foreign') {
      socket.end(`${protocol.answer}\n`);
      throw new OperationalError('PROTOCOL', 'the peer sent neither JPEGs nor the framed protocol');
    }
    socket.on('timeout', () => {
      const message = `no data received for ${socket.timeout ?? 0} ms`;
      socket.destroy(new OperationalError('LINK', message));
    });
    if (protocol.kind === 'framed') await this.#serveFramed(connection, protocol.prefaceBytes);
    else await this.#serveRaw(connection);
  }

  /** Ends the connection, after the frames that are being stored are stored and acknowledged. */
  close(plain: Socket, reason: ByeReason): void {
    const session = this.#framed.get(plain);
    // A raw session has no acknowledgements to wait for.
    if (session === undefined) plain.destroy();
    else void session.close(reason);
  }

  async #serveFramed(connection: KnownConnection, prefaceBytes: number): Promise<void> {
    const { plain, socket, peer, admit, stream } = connection;
    const parts = { ...this.#partsOf(connection), peer, register: this.#register, admit };
    const session = new FramedSession(socket, parts);
    this.#framed.set(plain, session);
    const onRevoked = (message: string): void => void session.close({ code: 'unpaired', message });
    const incoming = this.#incoming(connection, stream.first.subarray(prefaceBytes));
    await this.#untilRevoked(connection, onRevoked, () => session.serve(incoming));
  }

  async #serveRaw(connection: KnownConnection): Promise<void> {
    const { socket, address, admit, stream } = connection;
    const refusal = admit();
    if (refusal !== undefined) {
      socket.end(`${refusal}\n`);
      throw new OperationalError('LINK', refusal);
    }
    const parts = this.#partsOf(connection);
    const onRevoked = (reason: string): void =>
      void socket.destroy(new OperationalError('LINK', reason));
    const incoming = this.#incoming(connection, stream.first);
    await this.#untilRevoked(connection, onRevoked, () =>
      serveRaw(socket, address, incoming, parts),
    );
  }

  /** Runs `serve`, and watches the peer's key meanwhile. */
  async #untilRevoked(
    { peer, address }: KnownConnection,
    onRevoked: (reason: string) => void,
    serve: () => Promise<void>,
  ): Promise<void> {
    const end = new AbortController();
    const watching = this.#parts.access.watchRevocation(peer, address, end.signal, onRevoked);
    try {
      await serve();
    } finally {
      end.abort();
      await watching;
    }
  }

  #incoming({ socket, stream }: KnownConnection, first: Buffer): AsyncIterable<TimedChunk> {
    const { idleTimeoutMs } = this.#settings;
    return timedChunks(socket, first, stream.chunks, idleTimeoutMs, this.#parts.clock);
  }

  #partsOf({ peer, address, log, budget }: KnownConnection): SessionParts {
    const { store, clock, onStored, onRefused } = this.#parts;
    const { maxFrameBytes, idleTimeoutMs } = this.#settings;
    const spender = spenderOf(peer.camera, address);
    const memory = peer.isPaired ? this.#pairedMemory : this.#anonymousMemory;
    const limits = { quota: this.#quota, spender, memory, budget, maxFrameBytes, idleTimeoutMs };
    return { store, clock, log, onStored, onRefused, ...limits };
  }
}
