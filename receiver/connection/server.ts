/**
 * Serves connections of every listener: authenticates the peer, detects the protocol, starts the session, and
 * enforces the connection limits and deadlines.
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
import { type DetectedStream, detectProtocol } from './detect-protocol.js';
import { FramedSession } from './framed-session.js';
import type { Peer } from '../access/peer.js';
import { timedChunks } from './timed-chunks.js';
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
  /** For frames in memory: half of it for paired cameras, half for others. */
  readonly maxMemoryBytes: number;
  /** Per camera; 0: no limit. */
  readonly maxBytesPerMinute: number;
  readonly idleTimeoutMs: number;
}

export interface ServerParts {
  readonly store: FrameStore;
  readonly access: AccessControl;
  readonly clock: Clock;
  readonly log: Log;
  readonly onStored: (stored: StoredFrame & { camera: string; byteCount: number }) => void;
  /** Called when the number of connections changes. */
  readonly onConnections: (count: number) => void;
}

/** The process must end within 5 s of SIGTERM: the part of it for open connections. */
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

  /** Serves one connection. Resolves when it has ended, with or without an error. */
  async serve(socket: Socket): Promise<void> {
    const { clock, onConnections } = this.#parts;
    const address = plainAddress(socket.remoteAddress ?? '');
    const peer = formatAddress(address, socket.remotePort ?? 0);
    const log = this.#log.of(address);
    // Reading and writing report errors; after the last of them nothing handles an error event.
    socket.on('error', () => undefined);
    if (this.#parts.access.isClosed) this.#budgets.guard();
    if (!this.#budgets.acceptConnection(address)) {
      socket.destroy();
      log.warn('connection closed', { peer, error: 'too many new connections' });
      return;
    }
    const budget = this.#budgets.ofAnonymous(address);
    socket.once('close', () => budget.end());
    let abortReason: OperationalError | undefined;
    const abort = (reason: string): void => {
      abortReason ??= new OperationalError('LINK', reason);
      socket.destroy(abortReason);
    };
    const slot = this.#limiter.accept(address, () => abort('evicted by newer connections'));
    const handshakeTimer = new AbortController();
    void clock.sleep(helloDeadlineMs, handshakeTimer.signal).then(() => {
      if (handshakeTimer.signal.aborted) return;
      abort(`handshake and hello took more than ${helloDeadlineMs / 1000} s`);
    });
    const admit = (isPaired: boolean): string | undefined => {
      const refusal = this.#limiter.admit(slot, isPaired);
      if (refusal === undefined) handshakeTimer.abort();
      return refusal;
    };
    const refusal = this.#parts.access.refusalOnConnect(address);
    const serving =
      refusal === undefined
        ? this.#run({ plain: socket, address, log, budget, admit })
        : refuseConnection(socket, refusal, budget);
    this.#connections.set(socket, serving);
    onConnections(this.#connections.size);
    log.debug('connection accepted', { peer });
    try {
      await serving;
      log.debug('connection ended', { peer });
    } catch (error) {
      log.warn('connection closed', { peer, error: abortReason ?? error });
    }
    handshakeTimer.abort();
    this.#limiter.release(slot);
    this.#connections.delete(socket);
    this.#sessions.delete(socket);
    onConnections(this.#connections.size);
  }

  /** Ends every connection, after the frames that are being stored are stored and acknowledged. */
  async close(): Promise<void> {
    const why = { code: 'stopping', message: 'the receiver is stopping', retryAfterMs: 1000 };
    const serving = [...this.#connections];
    for (const [socket] of serving) {
      const session = this.#sessions.get(socket);
      // A raw session has no acknowledgements to wait for.
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

  /** Detects the protocol, does the TLS handshake, serves the session, and closes with a lingering close. */
  async #run(connection: AcceptedConnection): Promise<void> {
    const { plain, address } = connection;
    const { access } = this.#parts;
    let { budget } = connection;
    let socket = plain;
    let stream: DetectedStream | undefined;
    try {
      stream = await detectProtocol(socket);
      let peer = access.acceptAnonymous();
      if (stream?.protocol.kind === 'tls') {
        const hello = await readFirstRecord(plain, stream.first, stream.chunks);
        await stream.chunks.return(undefined);
        const secured = await this.#handshake(plain, address, hello);
        socket = secured.socket;
        peer = await access.authenticate(secured);
        stream = await detectProtocol(socket);
        if (stream !== undefined && stream.protocol.kind !== 'framed') {
          throw new OperationalError('PROTOCOL', 'the data inside TLS is not the framed protocol');
        }
      }
      if (peer.camera !== undefined) {
        budget = this.#budgets.ofCamera(peer.camera, address);
        socket.once('close', () => budget.end());
      }
      if (stream === undefined) return; // a port check: closed without data
      const refusal = peer.isPaired ? undefined : access.refusalOfPlaintext(address);
      if (refusal !== undefined) {
        socket.end(`${refusal}\n`);
        throw new OperationalError('LINK', refusal);
      }
      await this.#serveSession({ ...connection, budget }, socket, peer, stream);
    } finally {
      // Ends this reader of the socket: the lingering close reads what still arrives.
      await stream?.chunks.return(undefined);
      socket.end();
      await lingeringClose(socket, budget);
      socket.destroy();
    }
  }

  /** @throws {OperationalError} KEYS: the peer has not proven a key. LINK: too many handshakes wait */
  async #handshake(plain: Socket, address: string, hello: FirstRecord): Promise<TlsConnection> {
    const closed = new AbortController();
    const onClose = (): void => closed.abort();
    plain.once('close', onClose);
    try {
      const identity = formatIdentity(hello.identity);
      const report = await this.#handshakes.admit(address, identity, closed.signal);
      const secured = await acceptTls(plain, hello, this.#parts.access.lookUpClaim(hello.identity));
      report(true);
      return secured;
    } finally {
      plain.off('close', onClose);
    }
  }

  async #serveSession(
    connection: AcceptedConnection,
    socket: Socket,
    peer: Peer,
    stream: DetectedStream,
  ): Promise<void> {
    const { protocol, first, chunks } = stream;
    const { access, clock } = this.#parts;
    const { idleTimeoutMs } = this.#settings;
    if (protocol.kind === 'foreign') {
      socket.end(`${protocol.answer}\n`);
      throw new OperationalError('PROTOCOL', 'the peer sent neither JPEGs nor the framed protocol');
    }
    const { isPaired } = peer;
    const memory = isPaired ? this.#pairedMemory : this.#anonymousMemory;
    const { log, budget } = connection;
    const spender = spenderOf(peer.camera, connection.address);
    const connectionParts = { log, memory, budget, quota: this.#quota, spender };
    const parts = { ...this.#parts, ...this.#settings, ...connectionParts };
    const sessionEnd = new AbortController();
    let revocationWatch = Promise.resolve();
    try {
      socket.on('timeout', () => {
        const message = `no data received for ${socket.timeout ?? 0} ms`;
        socket.destroy(new OperationalError('LINK', message));
      });
      const watchRevocation = (onRevoked: (reason: string) => void): void => {
        const { address } = connection;
        revocationWatch = access.watchRevocation(peer, address, sessionEnd.signal, onRevoked);
      };
      if (protocol.kind === 'framed') {
        const admit = (): string | undefined => connection.admit(isPaired);
        const framedParts = { ...parts, peer, register: this.#register, admit };
        const session = new FramedSession(socket, framedParts);
        this.#sessions.set(connection.plain, session);
        watchRevocation((message) => void session.close({ code: 'unpaired', message }));
        const rest = first.subarray(protocol.prefaceBytes);
        await session.serve(timedChunks(socket, rest, chunks, idleTimeoutMs, clock));
      } else {
        const refusal = connection.admit(isPaired);
        if (refusal !== undefined) {
          socket.end(`${refusal}\n`);
          throw new OperationalError('LINK', refusal);
        }
        watchRevocation((reason) => socket.destroy(new OperationalError('LINK', reason)));
        const incoming = timedChunks(socket, first, chunks, idleTimeoutMs, clock);
        await serveRaw(socket, connection.address, incoming, parts);
      }
    } finally {
      sessionEnd.abort();
      await revocationWatch;
    }
  }
}

/** A connection as it was accepted. */
interface AcceptedConnection {
  readonly plain: Socket;
  readonly address: string;
  readonly log: Log;
  readonly budget: ConnectionBudget;
  /** Admits an authenticated connection to the served ones. @returns the refusal, a sentence for the peer */
  readonly admit: (isPaired: boolean) => string | undefined;
}
