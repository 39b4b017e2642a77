/**
 * Serves connections, wherever they come from: looks at who it is and what is spoken, hands over to a
 * session, keeps the places and the time limits.
 */
import type { Socket } from 'node:net';
import { formatAddress } from '../../shared/cli/address.js';
import { plainAddress } from '../../shared/protocol/camera-name.js';
import { formatIdentity } from '../../shared/keys/identity.js';
import type { Clock } from '../../shared/clock.js';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { helloDeadlineMs } from '../../shared/protocol/protocol-limits.js';
import { RateLimitedLog } from '../limits/rate-limited-log.js';
import { CameraRegister } from './camera-register.js';
import type { AccessControl } from '../access/access-control.js';
import { type Opening, recognize } from './first-bytes.js';
import { FramedSession } from './framed-session.js';
import type { Peer } from '../access/peer.js';
import { timedChunks, chunksOf } from './timed-chunks.js';
import { refuseConnection, lingeringClose } from './lingering-close.js';
import { ByteSemaphore } from '../limits/byte-semaphore.js';
import { ConnectionLimiter, type ConnectionLimits } from '../limits/connection-limiter.js';
import { Quota, spenderOf } from '../limits/quota.js';
import { serveRaw } from './raw-session.js';
import { type FirstRecord, type TlsConnection, readFirstRecord, acceptTls } from '../access/tls.js';
import type { FrameStore, StoredFrame } from '../store/store-port.js';
import { HandshakeAdmission } from '../limits/work/handshake-admission.js';
import { type ConnectionBudget, WorkBudgets } from '../limits/work/work-budgets.js';

export interface ServerSettings extends ConnectionLimits {
  readonly maxFrameBytes: number;
  /** Of frames at once: half of it for paired cameras, half for others. */
  readonly maxMemoryBytes: number;
  /** Of each camera; 0: as much as comes. */
  readonly maxBytesPerMinute: number;
  readonly idleTimeoutMs: number;
}

export interface ServerParts {
  readonly store: FrameStore;
  readonly access: AccessControl;
  readonly clock: Clock;
  readonly log: Log;
  readonly onStored: (stored: StoredFrame & { camera: string; byteCount: number }) => void;
  /** Told whenever the number of connections changes. */
  readonly onConnections: (count: number) => void;
}

/** What is left of the 5 s in which SIGTERM must end the process. */
const closeDeadlineMs = 4000;

export class ConnectionServer {
  readonly #settings: ServerSettings;
  readonly #parts: ServerParts;
  readonly #log: RateLimitedLog;
  readonly #register: CameraRegister;
  readonly #limiter: ConnectionLimiter;
  readonly #quota: Quota;
  readonly #budgets: WorkBudgets;
  readonly #handshakes: HandshakeAdmission;
  readonly #pairedMemory: ByteSemaphore;
  readonly #anonymousMemory: ByteSemaphore;
  readonly #connections = new Map<Socket, Promise<void>>();
  readonly #sessions = new Map<Socket, FramedSession>();

  constructor(settings: ServerSettings, parts: ServerParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#log = new RateLimitedLog(parts.log, parts.clock);
    this.#register = new CameraRegister(parts.store);
    this.#limiter = new ConnectionLimiter(settings);
    this.#quota = new Quota(settings.maxBytesPerMinute, parts.clock);
    this.#budgets = new WorkBudgets(parts.clock);
    const { queue } = this.#budgets;
    const hasKey = (identity: string): boolean => parts.access.hasKey(identity);
    this.#handshakes = new HandshakeAdmission({ queue, clock: parts.clock, hasKey });
    this.#pairedMemory = new ByteSemaphore(settings.maxMemoryBytes / 2);
    this.#anonymousMemory = new ByteSemaphore(settings.maxMemoryBytes / 2);
  }

  /** Serves one connection. Resolves when it has ended, however it ended. */
  async serve(socket: Socket): Promise<void> {
    const { clock, onConnections } = this.#parts;
    const address = plainAddress(socket.remoteAddress ?? '');
    const peer = formatAddress(address, socket.remotePort ?? 0);
    const log = this.#log.of(address);
    // What goes wrong comes out of reading and writing; an error after that has nobody to tell.
    socket.on('error', () => undefined);
    if (this.#parts.access.isClosed) this.#budgets.guard();
    if (!this.#budgets.acceptConnection(address)) {
      socket.destroy();
      log.warn('closed a connection', { peer, error: 'its address connects too often' });
      return;
    }
    const budget = this.#budgets.ofAnonymous(address);
    socket.once('close', () => budget.end());
    let whyCut: OperationalError | undefined;
    const cut = (why: string): void => {
      whyCut ??= new OperationalError('LINK', why);
      socket.destroy(whyCut);
    };
    const place = this.#limiter.accept(address, () => cut('it made room for newer connections'));
    const begun = new AbortController();
    void clock.sleep(helloDeadlineMs, begun.signal).then(() => {
      if (!begun.signal.aborted) cut(`it did not begin within ${helloDeadlineMs / 1000} s`);
    });
    const settle = (isPaired: boolean): string | undefined => {
      const refusal = this.#limiter.admit(place, isPaired);
      if (refusal === undefined) begun.abort();
      return refusal;
    };
    const refusal = this.#parts.access.refusalOnConnect(address);
    const serving =
      refusal === undefined
        ? this.#converse({ plain: socket, address, log, budget, settle })
        : refuseConnection(socket, refusal, budget);
    this.#connections.set(socket, serving);
    onConnections(this.#connections.size);
    log.debug('connection', { peer });
    try {
      await serving;
      log.debug('connection ended', { peer });
    } catch (error) {
      log.warn('closed a connection', { peer, error: whyCut ?? error });
    }
    begun.abort();
    this.#limiter.release(place);
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
    this.#log.flush();
  }

  async #converse(connection: AcceptedConnection): Promise<void> {
    const { plain, address } = connection;
    const { access } = this.#parts;
    let { budget } = connection;
    let socket = plain;
    let start: Start | undefined;
    try {
      start = await open(socket);
      let peer = access.acceptAnonymous();
      if (start?.opening.kind === 'tls') {
        const hello = await readFirstRecord(plain, start.first, start.chunks);
        await start.chunks.return(undefined);
        const secured = await this.#handshake(plain, address, hello);
        socket = secured.socket;
        peer = await access.authenticate(secured);
        start = await open(socket);
        if (start !== undefined && start.opening.kind !== 'framed') {
          throw new OperationalError('PROTOCOL', 'what it says inside TLS is not picchanged');
        }
      }
      if (peer.camera !== undefined) {
        budget = this.#budgets.ofCamera(peer.camera, address);
        socket.once('close', () => budget.end());
      }
      if (start === undefined) return; // a port check: came and went
      const refusal = peer.isPaired ? undefined : access.refusalOfPlaintext(address);
      if (refusal !== undefined) {
        socket.end(`${refusal}\n`);
        throw new OperationalError('LINK', refusal);
      }
      await this.#speak({ ...connection, budget }, socket, peer, start);
    } finally {
      // Lets go of the socket, so that what still comes can be read away.
      await start?.chunks.return(undefined);
      socket.end();
      await lingeringClose(socket, budget);
      socket.destroy();
    }
  }

  /** @throws {OperationalError} KEYS: it has not proven a key. LINK: too many handshakes wait */
  async #handshake(plain: Socket, address: string, hello: FirstRecord): Promise<TlsConnection> {
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    plain.once('close', leave);
    try {
      const identity = formatIdentity(hello.identity);
      const report = await this.#handshakes.admit(address, identity, gone.signal);
      const secured = await acceptTls(plain, hello, this.#parts.access.lookUpClaim(hello.identity));
      report(true);
      return secured;
    } finally {
      plain.off('close', leave);
    }
  }

  async #speak(
    connection: AcceptedConnection,
    socket: Socket,
    peer: Peer,
    start: Start,
  ): Promise<void> {
    const { opening, first, chunks } = start;
    const { access, clock } = this.#parts;
    const { idleTimeoutMs } = this.#settings;
    if (opening.kind === 'foreign') {
      socket.end(`${opening.answer}\n`);
      throw new OperationalError('PROTOCOL', 'it speaks neither JPEG nor picchanged');
    }
    const { isPaired } = peer;
    const memory = isPaired ? this.#pairedMemory : this.#anonymousMemory;
    const { log, budget } = connection;
    const spender = spenderOf(peer.camera, connection.address);
    const own = { log, memory, budget, quota: this.#quota, spender };
    const parts = { ...this.#parts, ...this.#settings, ...own };
    const over = new AbortController();
    let watching = Promise.resolve();
    try {
      socket.on('timeout', () => {
        const silence = `silent for ${socket.timeout ?? 0} ms`;
        socket.destroy(new OperationalError('LINK', silence));
      });
      const watch = (shutOut: (why: string) => void): void => {
        watching = access.watchRevocation(peer, connection.address, over.signal, shutOut);
      };
      if (opening.kind === 'framed') {
        const settle = (): string | undefined => connection.settle(isPaired);
        const whole = { ...parts, peer, register: this.#register, settle };
        const session = new FramedSession(socket, whole);
        this.#sessions.set(connection.plain, session);
        watch((message) => void session.close({ code: 'unpaired', message }));
        const rest = first.subarray(opening.prefaceBytes);
        await session.serve(timedChunks(socket, rest, chunks, idleTimeoutMs, clock));
      } else {
        const refusal = connection.settle(isPaired);
        if (refusal !== undefined) {
          socket.end(`${refusal}\n`);
          throw new OperationalError('LINK', refusal);
        }
        watch((why) => socket.destroy(new OperationalError('LINK', why)));
        const incoming = timedChunks(socket, first, chunks, idleTimeoutMs, clock);
        await serveRaw(socket, connection.address, incoming, parts);
      }
    } finally {
      over.abort();
      await watching;
    }
  }
}

/** A connection as it was accepted. */
interface AcceptedConnection {
  readonly plain: Socket;
  readonly address: string;
  readonly log: Log;
  readonly budget: ConnectionBudget;
  /** It has shown what it is. @returns why there is no place for it, as a sentence for it */
  readonly settle: (isPaired: boolean) => string | undefined;
}

/** How a connection begins, and what has been read to know it. */
interface Start {
  readonly opening: Opening;
  readonly first: Buffer;
  readonly chunks: AsyncGenerator<Buffer, undefined>;
}

/** @returns undefined when it left without a word @throws {OperationalError} it left too early */
async function open(socket: Socket): Promise<Start | undefined> {
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
