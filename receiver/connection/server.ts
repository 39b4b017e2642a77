/**
 * Serves connections of every listener: detects the protocol, authenticates the peer, and enforces the connection
 * limits and deadlines. `Sessions` serves the connection then.
 */
import type { Socket } from 'node:net';
import { formatAddress } from '../../shared/cli/address.js';
import { isLoopback } from '../../shared/protocol/camera-name.js';
import { pairedOnlyMessage } from '../../shared/protocol/plain-answers.js';
import { formatIdentity } from '../../shared/keys/identity.js';
import { OperationalError, describeError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { helloDeadlineMs } from '../../shared/protocol/protocol-limits.js';
import { RateLimitedLog } from '../limits/rate-limited-log.js';
import type { AccessControl } from '../access/access-control.js';
import { type DetectedStream, detectProtocol } from './detect-protocol.js';
import { Sessions, type SessionsParts, type SessionsSettings } from './sessions.js';
import { refuseConnection, lingeringClose } from './lingering-close.js';
import { ConnectionLimiter, type ConnectionLimits } from '../limits/connection-limiter.js';
import { type FirstRecord, type TlsConnection, readFirstRecord, acceptTls } from '../access/tls.js';
import { TlsRecords } from '../access/tls-records.js';
import type { ProxyNetworks } from '../listen/proxy-networks.js';
import { type Origin, ProxiedOrigins } from './proxied-origins.js';
import { HandshakeAdmission } from '../limits/work/handshake-admission.js';
import { type ConnectionBudget, WorkBudgets } from '../limits/work/work-budgets.js';

export interface ServerSettings extends ConnectionLimits, SessionsSettings {}

export interface ServerParts extends SessionsParts {
  readonly access: AccessControl;
  readonly log: Log;
  /** Their connections begin with a PROXY header. */
  readonly proxies: ProxyNetworks;
  /** Called when the number of connections changes. */
  readonly onConnections: (count: number) => void;
}

/** The process must end within 5 s of SIGTERM: the part of it for open connections. */
const closeDeadlineMs = 4000;
/** Between the handshakes of agents that were disconnected together. */
const spreadMs = 2;

export class ConnectionServer {
  readonly #parts: ServerParts;
  readonly #log: RateLimitedLog;
  readonly #limiter: ConnectionLimiter;
  readonly #budgets: WorkBudgets;
  readonly #handshakes: HandshakeAdmission;
  readonly #tlsRecords: TlsRecords;
  readonly #sessions: Sessions;
  readonly #origins: ProxiedOrigins;
  readonly #connections = new Map<Socket, Promise<void>>();

  constructor(settings: ServerSettings, parts: ServerParts) {
    const { store, access, clock, proxies, onStored, onRefused } = parts;
    this.#parts = parts;
    this.#log = new RateLimitedLog(parts.log, clock);
    this.#origins = new ProxiedOrigins({ proxies, clock, log: this.#log });
    this.#limiter = new ConnectionLimiter(settings);
    this.#budgets = new WorkBudgets(clock);
    const { queue } = this.#budgets;
    this.#handshakes = new HandshakeAdmission({ queue, clock, keys: access });
    this.#tlsRecords = new TlsRecords(clock);
    this.#sessions = new Sessions(settings, { store, access, clock, onStored, onRefused });
  }

  /** Serves one connection. Resolves when it has ended, with or without an error. */
  async serve(socket: Socket): Promise<void> {
    // Reading and writing report errors; after the last of them nothing handles an error event.
    socket.on('error', () => undefined);
    const found = this.#origins.of(socket);
    const origin = found instanceof Promise ? await found : found;
    if (origin !== undefined) await this.#serveFrom(origin, socket);
  }

  async #serveFrom({ address, port }: Origin, socket: Socket): Promise<void> {
    const { clock, onConnections } = this.#parts;
    const peer = formatAddress(address, port);
    const log = this.#log.of(address);
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
      // The doctor of this machine looks whether a receiver answers; another local peer reads the reason.
      const isProbe = isLoopback(address) && describeError(error).includes(pairedOnlyMessage);
      if (isProbe) log.debug('connection closed', { peer, error });
      else log.warn('connection closed', { peer, error: abortReason ?? error });
    }
    handshakeTimer.abort();
    this.#limiter.release(slot);
    this.#connections.delete(socket);
    onConnections(this.#connections.size);
  }

  /**
   * Ends every connection, after the frames that are being stored are stored and acknowledged.
   * @param retryAfterMs asked of agents, with a spread: not all of them connect again at once
   */
  async close(retryAfterMs = 0): Promise<void> {
    this.#origins.close();
    const why = { code: 'stopping', message: 'the receiver is stopping' };
    const serving = [...this.#connections];
    for (const [at, [socket]] of serving.entries()) {
      this.#sessions.close(socket, { ...why, retryAfterMs: retryAfterMs + at * spreadMs });
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
      const admit = (): string | undefined => connection.admit(peer.isPaired);
      const { log } = connection;
      await this.#sessions.serve({ plain, socket, address, peer, stream, log, budget, admit });
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
      this.#tlsRecords.check(plain, identity);
      const report = await this.#handshakes.admit(address, identity, closed.signal);
      const secured = await acceptTls(plain, hello, this.#parts.access.lookUpClaim(hello.identity));
      report(true);
      this.#tlsRecords.watch(plain, secured.socket, identity);
      return secured;
    } finally {
      plain.off('close', onClose);
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
