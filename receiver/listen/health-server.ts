/**
 * Answers a load balancer by HTTP, at `/health` of a port of its own: 200 while the receiver takes frames, 503 while it
 * does not or is about to end. The answer has no details: the port may be open to other machines.
 */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { Socket } from 'node:net';
import { type ListenAddress, formatAddress } from '../../shared/cli/address.js';
import { addressOf, startListening } from './listeners.js';

export interface HealthServerSettings {
  readonly listen: ListenAddress;
  /** Never rejects, and answers within seconds. */
  readonly takesFrames: () => Promise<boolean>;
  /** Aborts when the receiver is to end: it goes on for a while, and is not ready for more. */
  readonly draining: AbortSignal;
}

export interface HealthServer {
  /** `http://127.0.0.1:4445/health` */
  readonly address: string;
  close(): Promise<void>;
}

const path = '/health';
/** Beyond it the oldest one ends: a check asks at once, and one that waits for long is none. */
const maxConnections = 32;
/** The same of those that wait for an answer, which takes seconds while the store is tried. */
const maxAsking = 256;
const timeoutMs = 5000;

/** @throws {OperationalError} LISTEN */
export async function openHealthServer(settings: HealthServerSettings): Promise<HealthServer> {
  const { listen } = settings;
  const host = listen.address ?? '127.0.0.1';
  const connections = new Connections();
  const server = createServer(
    { headersTimeout: timeoutMs, requestTimeout: timeoutMs, maxHeaderSize: 4096 },
    (request, response) => {
      connections.asks(request.socket);
      void answer(settings, request, response);
    },
  );
  server.prependListener('connection', (socket: Socket) => connections.add(socket));
  server.timeout = timeoutMs;
  const name = formatAddress(host, listen.port);
  await startListening(server, { host, port: listen.port }, name, '--health');
  return { address: `http://${addressOf(server)}${path}`, close: () => closeServer(server) };
}

/** Connections of others keep no check of a load balancer out, nor do they end one that waits for its answer. */
class Connections {
  readonly #silent = new Set<Socket>();
  readonly #asking = new Set<Socket>();

  add(socket: Socket): void {
    this.#silent.add(socket);
    socket.once('close', () => {
      this.#silent.delete(socket);
      this.#asking.delete(socket);
    });
    endOldest(this.#silent, maxConnections);
  }

  /** Its request is whole: it ends with the answer. */
  asks(socket: Socket): void {
    this.#silent.delete(socket);
    this.#asking.add(socket);
    endOldest(this.#asking, maxAsking);
  }
}

function endOldest(sockets: ReadonlySet<Socket>, max: number): void {
  const [oldest] = sockets;
  if (sockets.size > max) oldest?.destroy();
}

async function answer(
  { takesFrames, draining }: HealthServerSettings,
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const say = (status: number, words: string): void => {
    const body = `${words}\n`;
    response.writeHead(status, {
      ...{ 'content-type': 'text/plain', 'content-length': body.length },
      ...{ 'cache-control': 'no-store', connection: 'close' },
    });
    response.end(method === 'HEAD' ? undefined : body);
  };
  const isDraining = (): boolean => draining.aborted;
  if (url.split('?')[0] !== path) say(404, `the health of this receiver is at ${path}`);
  else if (method !== 'GET' && method !== 'HEAD') say(405, 'only GET is possible');
  else if (isDraining()) say(503, 'draining');
  else if (!(await takesFrames()))
    say(503, 'the store takes no frames: see the log of the receiver');
  // It may have begun to end while the store was tried.
  else if (isDraining()) say(503, 'draining');
  else say(200, 'ok');
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
