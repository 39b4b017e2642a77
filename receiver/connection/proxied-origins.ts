/**
 * Where connections come from. A connection of a named proxy begins with the header of the PROXY protocol, version 2,
 * and comes from the peer that it names. From any other address such a header is just data.
 */
import type { Socket } from 'node:net';
import { formatAddress } from '../../shared/cli/address.js';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Clock } from '../../shared/clock.js';
import { plainAddress } from '../../shared/protocol/camera-name.js';
import { maxPendingConnections, proxyHeaderDeadlineMs } from '../limits/receiver-limits.js';
import type { RateLimitedLog } from '../limits/rate-limited-log.js';
import { readProxyHeader } from '../listen/proxy-header.js';
import type { ProxyNetworks } from '../listen/proxy-networks.js';

export interface Origin {
  /** Without zone; IPv4-mapped as IPv4. */
  readonly address: string;
  readonly port: number;
}

export interface ProxiedOriginsParts {
  readonly proxies: ProxyNetworks;
  readonly clock: Clock;
  readonly log: RateLimitedLog;
}

const hint = 'let the proxy send it (HAProxy: send-proxy-v2), or take its address out of --proxy';

export class ProxiedOrigins {
  readonly #parts: ProxiedOriginsParts;
  /** Connections of proxies whose header is being read. */
  readonly #reading = new Set<Socket>();
  #isClosed = false;

  constructor(parts: ProxiedOriginsParts) {
    this.#parts = parts;
  }

  /**
   * Answers at once but for connections of proxies. Never rejects.
   * @returns undefined: the connection is none of a peer, or has broken a rule, and is destroyed
   */
  of(socket: Socket): Origin | Promise<Origin | undefined> {
    const address = plainAddress(socket.remoteAddress ?? '');
    const origin = { address, port: socket.remotePort ?? 0 };
    return this.#parts.proxies.includes(address) ? this.#behind(origin, socket) : origin;
  }

  /** Ends the connections whose header is being read. */
  close(): void {
    this.#isClosed = true;
    for (const socket of this.#reading) socket.destroy();
  }

  async #behind(proxy: Origin, socket: Socket): Promise<Origin | undefined> {
    const log = this.#parts.log.of(proxy.address);
    const peer = formatAddress(proxy.address, proxy.port);
    this.#reading.add(socket);
    try {
      if (this.#reading.size > maxPendingConnections) {
        throw new OperationalError('LINK', 'too many connections of proxies wait for their header');
      }
      const origin = await this.#readOrigin(socket);
      if (origin === undefined)
        log.debug('connection of a proxy itself, as a health check', { peer });
      else if (!this.#isClosed) return origin;
    } catch (error) {
      if (!this.#isClosed) log.warn('connection closed', { peer, error });
    } finally {
      this.#reading.delete(socket);
    }
    socket.destroy();
    return undefined;
  }

  /** @returns undefined: the proxy has nothing to pass on @throws {OperationalError} LINK, PROTOCOL */
  async #readOrigin(socket: Socket): Promise<Origin | undefined> {
    const { clock } = this.#parts;
    const ended = new AbortController();
    const late = new AbortController();
    void clock.sleep(proxyHeaderDeadlineMs, ended.signal).then(() => {
      if (ended.signal.aborted) return;
      late.abort();
      socket.destroy();
    });
    const first = new FirstBytes(socket);
    let bytes: Buffer = Buffer.alloc(0);
    try {
      for (;;) {
        const header = readProxyHeader(bytes);
        if (header.kind === 'local') return undefined;
        if (header.kind === 'proxied') return header;
        if (header.kind === 'refused') {
          throw new OperationalError('PROTOCOL', `a proxy broke a rule: ${header.reason}`, {
            hint,
          });
        }
        const next = await first.take(header.missingBytes);
        if (next === undefined && late.signal.aborted) {
          const limit = `no whole PROXY header within ${proxyHeaderDeadlineMs / 1000} s`;
          throw new OperationalError('PROTOCOL', `a proxy broke a rule: ${limit}`, { hint });
        }
        // Without a byte it is a check of the port.
        if (next === undefined && bytes.length === 0) return undefined;
        if (next === undefined) {
          throw new OperationalError('LINK', 'a proxy closed within its PROXY header');
        }
        bytes = Buffer.concat([bytes, next]);
      }
    } finally {
      first.close();
      ended.abort();
    }
  }
}

/** Takes a connection's first bytes, and no further ones than it is asked for. */
class FirstBytes {
  readonly #socket: Socket;
  #wake: () => void = () => undefined;
  readonly #onEvent = (): void => this.#wake();

  constructor(socket: Socket) {
    this.#socket = socket;
    // Once for all bytes: a new listener is called at once, again and again, while too few bytes are there.
    for (const event of events) socket.on(event, this.#onEvent);
  }

  /** @returns fewer bytes before the end of the connection; undefined: it has ended */
  async take(byteCount: number): Promise<Buffer | undefined> {
    const socket = this.#socket;
    for (;;) {
      const bytes = socket.read(byteCount) as Buffer | null;
      if (bytes !== null) return bytes;
      if (socket.readableEnded || socket.destroyed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    for (const event of events) this.#socket.off(event, this.#onEvent);
  }
}

const events = ['readable', 'end', 'close'] as const;
