/**
 * Serves connections, wherever they come from: looks at who it is and what is spoken, hands over to a
 * session, keeps the count and the time limits.
 */
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { formatAddress } from '../shared/address.js';
import { plainAddress } from '../shared/camera-name.js';
import type { Clock } from '../shared/clock.js';
import { OperationalError } from '../shared/errors.js';
import type { Log } from '../shared/log.js';
import { helloDeadlineMs } from '../shared/protocol/limits.js';
import { CameraRegister } from './camera-register.js';
import type { Doorkeeper } from './doorkeeper.js';
import { type Opening, recognize } from './first-bytes.js';
import { FramedSession, type Guest } from './framed-session.js';
import { serveRaw } from './raw-session.js';
import { secure } from './secure.js';
import type { FrameStore, StoredFrame } from './store/store-port.js';

export interface ReceiverSettings {
  readonly maxFrameBytes: number;
  readonly maxConnections: number;
  readonly idleTimeoutMs: number;
}

export interface ReceiverParts {
  readonly store: FrameStore;
  readonly door: Doorkeeper;
  readonly clock: Clock;
  readonly log: Log;
  readonly onStored: (stored: StoredFrame & { camera: string; byteCount: number }) => void;
  /** Told whenever the number of connections changes. */
  readonly onConnections: (count: number) => void;
}

/** A peer that does not read our last words must not keep the connection open. */
const lingerMs = 2000;
/** What is left of the 5 s in which SIGTERM must end the process. */
const closeDeadlineMs = 4000;

export class Receiver {
  readonly #settings: ReceiverSettings;
  readonly #parts: ReceiverParts;
  readonly #register: CameraRegister;
  readonly #connections = new Map<Socket, Promise<void>>();
  readonly #sessions = new Map<Socket, FramedSession>();

  constructor(settings: ReceiverSettings, parts: ReceiverParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#register = new CameraRegister(parts.store);
  }

  /** Serves one connection. Resolves when it has ended, however it ended. */
  async serve(socket: Socket): Promise<void> {
    const { log, onConnections } = this.#parts;
    const address = plainAddress(socket.remoteAddress ?? '');
    const peer = formatAddress(address, socket.remotePort ?? 0);
    // What goes wrong comes out of reading and writing; an error after that has nobody to tell.
    socket.on('error', () => undefined);
    const refusal = this.#parts.door.refusalAtOnce(address) ?? this.#refusalForCount();
    const serving =
      refusal === undefined ? this.#converse(socket, address) : dismiss(socket, refusal);
    this.#connections.set(socket, serving);
    onConnections(this.#connections.size);
    log.debug('connection', { peer });
    try {
      await serving;
      log.debug('connection ended', { peer });
    } catch (error) {
      log.warn('closed a connection', { peer, error });
    }
    this.#connections.delete(socket);
    this.#sessions.delete(socket);
    onConnections(this.#connections.size);
  }

  /** Ends every connection: what is being stored is finished and acknowledged first. */
  async close(): Promise<void> {
    const why = { code: 'stopping', message: 'the receiver is stopping', retryAfterMs: 1000 };
    const serving = [...this.#connections];
    for (const [socket] of serving) {
      const session = this.#sessions.get(socket);
      // A raw picture in the middle has no acknowledgement to wait for.
      if (session === undefined) socket.destroy();
      else void session.close(why);
    }
    const deadline = AbortSignal.timeout(closeDeadlineMs);
    deadline.addEventListener('abort', () => {
      for (const [socket] of serving) socket.destroy();
    });
    await Promise.allSettled(serving.map(([, done]) => done));
  }

  #refusalForCount(): string | undefined {
    const { maxConnections } = this.#settings;
    if (this.#connections.size < maxConnections) return undefined;
    return `busy: ${maxConnections} connections are open, the limit set by --max-connections`;
  }

  async #converse(plain: Socket, address: string): Promise<void> {
    const { door } = this.#parts;
    let socket = plain;
    try {
      let start = await open(socket);
      let guest = door.stranger;
      if (start?.opening.kind === 'tls') {
        await start.chunks.return(undefined);
        const secured = await secure(plain, start.first, (identity) => door.find(identity));
        socket = secured.socket;
        guest = await door.admit(secured);
        start = await open(socket);
        if (start !== undefined && start.opening.kind !== 'framed') {
          throw new OperationalError('PROTOCOL', 'what it says inside TLS is not picchanged');
        }
      }
      if (start === undefined) return; // a port check: came and went
      const refusal = guest === door.stranger ? door.refusalInClear(address) : undefined;
      if (refusal !== undefined) {
        socket.end(`${refusal}\n`);
        throw new OperationalError('LINK', refusal);
      }
      await this.#speak({ plain, socket, address, guest }, start);
    } finally {
      socket.end();
      await lastWordsRead(socket);
      socket.destroy();
    }
  }

  async #speak(connection: Connection, { opening, first, chunks }: Start): Promise<void> {
    const { plain, socket, address, guest } = connection;
    const { door } = this.#parts;
    if (opening.kind === 'foreign') {
      socket.end(`${opening.answer}\n`);
      throw new OperationalError('PROTOCOL', 'it speaks neither JPEG nor picchanged');
    }
    const parts = { ...this.#parts, ...this.#settings };
    const over = new AbortController();
    let watching = Promise.resolve();
    try {
      if (opening.kind === 'framed') {
        const session = new FramedSession(socket, { ...parts, guest, register: this.#register });
        this.#sessions.set(plain, session);
        const shutOut = { code: 'unpaired', message: door.unheard };
        watching = door.watch(guest, address, over.signal, () => void session.close(shutOut));
        await session.serve(startingWith(first.subarray(opening.prefaceBytes), chunks));
      } else {
        const shutOut = (): unknown => socket.destroy(new OperationalError('LINK', door.unheard));
        watching = door.watch(guest, address, over.signal, shutOut);
        await serveRaw(socket, address, startingWith(first, chunks), parts);
      }
    } finally {
      over.abort();
      await watching;
    }
  }
}

interface Connection {
  /** As it was accepted. */
  readonly plain: Socket;
  /** What to read and write: the same, or TLS over it. */
  readonly socket: Socket;
  readonly address: string;
  readonly guest: Guest;
}

/** How a connection begins, and what has been read to know it. */
interface Start {
  readonly opening: Opening;
  readonly first: Buffer;
  readonly chunks: AsyncGenerator<Buffer, undefined>;
}

/** @returns undefined when it left without a word @throws {OperationalError} it left too early, is silent */
async function open(socket: Socket): Promise<Start | undefined> {
  socket.setTimeout(helloDeadlineMs, () => {
    socket.destroy(new OperationalError('LINK', `silent for ${socket.timeout ?? 0} ms`));
  });
  const chunks = chunksOf(socket);
  let first: Buffer = Buffer.alloc(0);
  for (;;) {
    const next = await chunks.next();
    if (next.done) {
      if (first.length === 0) return undefined;
      throw new OperationalError('PROTOCOL', `it left after ${first.length} bytes`);
    }
    first = Buffer.concat([first, next.value]);
    const opening = recognize(first);
    if (opening !== undefined) return { opening, first, chunks };
  }
}

async function* chunksOf(socket: Socket): AsyncGenerator<Buffer, undefined> {
  // destroyOnReturn would cut off what we still have to say.
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  return undefined;
}

async function* startingWith(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  yield* rest;
}

/** Says why a peer is not heard, and closes. */
async function dismiss(socket: Socket, sentence: string): Promise<never> {
  socket.end(`${sentence}\n`);
  await lastWordsRead(socket);
  socket.destroy();
  throw new OperationalError('LINK', sentence);
}

/**
 * Waits until the peer has closed its side too, or a moment. Closing while bytes lie unread sends a reset,
 * and at a reset the peer's system throws away our last sentence before it is read.
 */
async function lastWordsRead(socket: Socket): Promise<void> {
  socket.resume();
  try {
    await finished(socket, { signal: AbortSignal.timeout(lingerMs) });
  } catch {
    // Gone or too slow: it was told, which is all that can be done.
  }
}
