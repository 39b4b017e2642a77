/** Serves metrics by HTTP, at `/metrics` of a port of its own. */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { hostname } from 'node:os';
import { type ListenAddress, formatAddress } from '../../shared/cli/address.js';
import { UsageError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import type { Clock } from '../../shared/clock.js';
import { isLoopback } from '../../shared/protocol/camera-name.js';
import { HostNames } from '../listen/host-names.js';
import { addressOf, startListening } from '../listen/listeners.js';
import type { BearerToken } from './bearer-token.js';
import { metricsType } from './metrics-text.js';

export interface MetricsServerSettings {
  readonly listen: ListenAddress;
  /** Undefined: this machine only. */
  readonly token: BearerToken | undefined;
  readonly text: () => Promise<string>;
}

export interface MetricsServer {
  /** `http://127.0.0.1:9464/metrics` */
  readonly address: string;
  close(): Promise<void>;
}

const maxConnections = 32;
const timeoutMs = 10_000;

/** @throws {UsageError} other machines reach it, and there is no token; {OperationalError} LISTEN */
export async function openMetricsServer(
  { listen, token, text }: MetricsServerSettings,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<MetricsServer> {
  const host = listen.address ?? '127.0.0.1';
  if (token === undefined && !isLoopback(host)) {
    const name = formatAddress(host, listen.port);
    throw new UsageError(`--metrics ${name} needs a token: other machines reach it`, {
      hint: 'name its file: --metrics-token-file FILE; openssl rand -hex 32 makes one',
    });
  }
  const errors = new RepeatingErrorLog(log, clock);
  const hosts = new HostNames([hostname()]);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [status, body, headers] = refusalOf(request, token, hosts) ?? [200, '', {}];
    const type = status === 200 ? metricsType : 'text/plain; charset=utf-8';
    const bytes = Buffer.from(status === 200 ? await text() : `${body}\n`);
    response.writeHead(status, {
      ...{ 'content-type': type, 'content-length': bytes.length, 'cache-control': 'no-store' },
      ...{ 'x-content-type-options': 'nosniff', ...headers },
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  };
  const server = createServer(
    { headersTimeout: timeoutMs, requestTimeout: timeoutMs, maxHeaderSize: 8192 },
    (request, response) => {
      answer(request, response).catch((error: unknown) => {
        errors.failed('cannot answer a request for metrics', error);
        response.destroy();
      });
    },
  );
  server.maxConnections = maxConnections;
  server.timeout = 60_000;
  const options = { host, port: listen.port };
  await startListening(server, options, formatAddress(host, listen.port), '--metrics');
  return { address: `http://${addressOf(server)}/metrics`, close: () => closeServer(server) };
}

type Refusal = readonly [status: number, body: string, headers: Readonly<Record<string, string>>];

function refusalOf(
  { method, url = '', headers }: IncomingMessage,
  token: BearerToken | undefined,
  hosts: HostNames,
): Refusal | undefined {
  if (token !== undefined && !token.matches(headers.authorization)) {
    return [401, 'a token is needed: Authorization: Bearer', { 'www-authenticate': 'Bearer' }];
  }
  // A page elsewhere, whose name is resolved to this machine.
  if (token === undefined && !hosts.includes(headers.host)) {
    return [421, 'this machine has another name', {}];
  }
  if (method !== 'GET' && method !== 'HEAD') return [405, 'only GET is possible', { allow: 'GET' }];
  return url.split('?')[0] === '/metrics' ? undefined : [404, 'metrics are at /metrics', {}];
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
