/** The viewer's HTTP server: page, API, live events. Each request is checked before anything else happens. */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../../shared/clock.js';
import type { Log } from '../../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../../shared/cli/repeating-error-log.js';
import type { BearerToken } from '../../metrics/bearer-token.js';
import { metricsType } from '../../metrics/metrics-text.js';
import type { CamerasAnswer, KeepAnswer, Role } from '../api-types.js';
import type { Archive } from '../archive-port.js';
import { QueryError, type QueryErrorCode } from '../queries/query-error.js';
import { HttpError, send, sendError, sendJson, sendNotModified, takesGzip } from './answers.js';
import { jsonRoutes, notFound, sendFrame, sendStrip } from './api.js';
import type { Asset } from './assets.js';
import { ConnectionLimit, maxConnectionsPerAddress } from './connection-limit.js';
import type { HostNames } from '../../listen/host-names.js';
import { LiveHub } from './live-hub.js';
import { Parameters } from './parameters.js';
import { refuseMalformed } from './malformed-request.js';
import { readBody } from './request-body.js';
import type { WebAccess } from './web-access.js';

export interface WebServerParts {
  readonly archive: Archive;
  readonly access: WebAccess;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly hosts: HostNames;
  /** Its connections are those of many clients. */
  readonly isProxy: (address: string) => boolean;
  /** Keeps frames, or ends that. @param wish as it was sent @throws {HttpError} it is refused */
  readonly keep: (wish: unknown) => Promise<KeepAnswer>;
  /** Undefined: no metrics. */
  readonly metricsToken: BearerToken | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Path below which the API is. */
const apiPrefix = '/api/v1/';
const statusOf: Readonly<Record<QueryErrorCode, number>> = {
  'bad-request': 400,
  'not-found': 404,
  gone: 410,
  busy: 503,
};
/** Time for the headers of a request, and for all of it. */
const [headersTimeoutMs, requestTimeoutMs] = [10_000, 30_000];
/** Without any byte sent or received. */
const idleTimeoutMs = 60_000;
const maxConnections = 256;
const maxHeaderBytes = 16 * 1024;

export class WebServer {
  readonly server: Server;
  readonly #parts: WebServerParts;
  readonly #routes: ReturnType<typeof jsonRoutes>;
  readonly #hub: LiveHub;
  readonly #errors: RepeatingErrorLog;
  readonly #refusals: RepeatingErrorLog;
  readonly #limit: ConnectionLimit;

  constructor(parts: WebServerParts) {
    this.#parts = parts;
    this.#routes = jsonRoutes(parts.archive);
    this.#hub = new LiveHub(parts.archive, parts.clock, parts.log);
    this.#errors = new RepeatingErrorLog(parts.log, parts.clock);
    this.#refusals = new RepeatingErrorLog(parts.log, parts.clock);
    this.#limit = new ConnectionLimit(parts.isProxy);
    const settings = {
      ...{ headersTimeout: headersTimeoutMs, requestTimeout: requestTimeoutMs },
      ...{ maxHeaderSize: maxHeaderBytes, keepAliveTimeout: 30_000 },
      // A request without a host gets the answer of a wrong one, with all headers.
      requireHostHeader: false,
    };
    const serve = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#serve(request, response);
    this.server = createServer(settings, serve);
    this.server.on('checkExpectation', serve);
    this.server.on('clientError', refuseMalformed);
    this.server.prependListener('connection', (socket) => this.#admit(socket));
    // A client that does not read its answer; live events are sent more often.
    this.server.timeout = idleTimeoutMs;
    this.server.maxConnections = maxConnections;
  }

  #admit(socket: Socket): void {
    if (this.#limit.admit(socket)) return;
    const from = socket.remoteAddress;
    socket.destroy();
    this.#refusals.failed(
      'closed a connection',
      new Error(`${from} has ${maxConnectionsPerAddress} already`),
    );
  }

  async close(): Promise<void> {
    this.server.close();
    await this.#hub.close();
    this.server.closeAllConnections();
    await this.#parts.access.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#note(request, response);
    try {
      await this.#answer(request, response);
    } catch (error) {
      // The client has gone, or a part of the answer is sent.
      if (response.destroyed || response.headersSent) return void response.destroy();
      sendError(request, response, this.#errorOf(error));
    }
  }

  /** With `--verbose`: each request, when it is answered or its client has gone. */
  #note({ method, url, socket }: IncomingMessage, response: ServerResponse): void {
    const { clock, log } = this.#parts;
    const [startMs, from] = [clock.monotonicMs(), socket.remoteAddress];
    response.once('close', () => {
      const status = response.headersSent ? response.statusCode : 'none';
      const ms = Math.round(clock.monotonicMs() - startMs);
      log.debug('answered', { method, path: url?.slice(0, 200), status, ms, from });
    });
  }

  #errorOf(error: unknown): HttpError {
    if (error instanceof HttpError) return error;
    if (error instanceof QueryError) {
      return new HttpError(statusOf[error.code], error.code, error.message);
    }
    this.#errors.failed('cannot answer a request', error);
    return new HttpError(500, 'failed', 'the receiver cannot read its captures: its log says why');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A scraper may use any name of this machine: it has a token, which no browser has.
    if (isForMetrics(request, this.#parts.metricsToken)) {
      const text = Buffer.from(await this.#parts.archive.metrics());
      const caching = { 'cache-control': 'no-store' };
      send(request, response, text, { ...caching, 'content-type': metricsType });
      return;
    }
    if (!this.#parts.hosts.includes(request.headers.host)) {
      throw new HttpError(421, 'wrong-host', 'this viewer has another name: see --web-host');
    }
    // The base is not looked at: only path and parameters count.
    const url = urlOf(request);
    const { method } = request;
    if (url.pathname.startsWith(apiPrefix)) {
      await this.#api(url.pathname.slice(apiPrefix.length), url, request, response);
    } else if (method !== 'GET' && method !== 'HEAD') {
      throw new HttpError(405, 'bad-request', `${method ?? ''} is not possible here`, {
        allow: 'GET',
      });
    } else this.#asset(url.pathname, request, response);
  }

  #asset(path: string, request: IncomingMessage, response: ServerResponse): void {
    const name = path === '/' ? 'index.html' : path.slice(1);
    const asset = this.#parts.assets.get(name);
    if (asset === undefined) throw notFound(path);
    const caching = asset.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache';
    const etag = `"${name}-${asset.bytes.length}"`;
    const headers = { 'cache-control': caching, 'content-type': asset.type };
    if (asset.isImmutable && sendNotModified(request, response, etag, headers)) return;
    const isCompressed = asset.gzip !== undefined && takesGzip(request);
    send(request, response, isCompressed ? asset.gzip : asset.bytes, {
      ...headers,
      ...(asset.isImmutable && { etag }),
      vary: 'accept-encoding',
      ...(isCompressed && { 'content-encoding': 'gzip' }),
    });
  }

  async #api(
    path: string,
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { archive, access, clock } = this.#parts;
    const { method = '' } = request;
    if (method !== 'GET' && method !== 'HEAD') await this.#write(path, request, response);
    else if (path === 'session') await sendJson(request, response, await access.sessionOf(request));
    else {
      const role = await roleFor(access, request);
      const parameters = new Parameters(url.searchParams);
      const route = Object.hasOwn(this.#routes, path) ? this.#routes[path] : undefined;
      if (route !== undefined) await sendJson(request, response, await route(parameters));
      else if (path === 'cameras') {
        const answer: CamerasAnswer = { ...(await archive.cameras()), role };
        await sendJson(request, response, answer);
      } else if (path === 'live') {
        if (method === 'HEAD') throw new HttpError(405, 'bad-request', 'HEAD live has no end');
        this.#hub.serve(request, response, () => access.roleOf(request));
      } else if (path === 'strip') {
        await sendStrip(archive, parameters, clock.nowMs(), request, response);
      } else if (!(await sendFrame(archive, path, request, response))) throw notFound(path);
    }
  }

  /** Requests that change something. */
  async #write(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    checkOrigin(request);
    const { access, keep } = this.#parts;
    const { method = '' } = request;
    if (method === 'DELETE' && path === 'session') {
      response.setHeader('set-cookie', await access.leave(request));
    } else if (method === 'POST' && path === 'session') {
      response.setHeader('set-cookie', await access.enter(request, await readBody(request)));
    } else if (method === 'POST' && path === 'keep') {
      if ((await roleFor(access, request)) !== 'keep') {
        throw new HttpError(403, 'not-allowed', 'this name may look at frames, and not keep them');
      }
      await sendJson(request, response, await keep(await readBody(request)));
      return;
    } else throw new HttpError(405, 'bad-request', `${method} ${path} is not possible`);
    await sendJson(request, response, {});
  }
}

/** @throws {HttpError} 401 */
function isForMetrics(
  { url = '', method, headers }: IncomingMessage,
  token: BearerToken | undefined,
): boolean {
  if (token === undefined || url.split('?')[0] !== '/metrics') return false;
  if (method !== 'GET' && method !== 'HEAD') return false;
  if (token.matches(headers.authorization)) return true;
  const message = 'metrics need a token: Authorization: Bearer';
  throw new HttpError(401, 'token-needed', message, { 'www-authenticate': 'Bearer' });
}

/** @throws {HttpError} 400 */
function urlOf({ url = '/' }: IncomingMessage): URL {
  try {
    // An address that begins with two slashes is a path too.
    return new URL(url.startsWith('/') ? `http://viewer${url}` : url, 'http://viewer');
  } catch {
    throw new HttpError(400, 'bad-request', `${url.slice(0, 200)} is not an address`);
  }
}

/** @throws {HttpError} 401 */
async function roleFor(access: WebAccess, request: IncomingMessage): Promise<Role> {
  const role = await access.roleOf(request);
  if (role === null) throw new HttpError(401, 'password-needed', 'a password is needed');
  return role;
}

/** A page elsewhere cannot send what its own browser says is from there. @throws {HttpError} 403 */
function checkOrigin({ headers, method }: IncomingMessage): void {
  const site = headers['sec-fetch-site'];
  const isElsewhere = site !== undefined && site !== 'same-origin' && site !== 'none';
  const { origin } = headers;
  const isOtherOrigin = origin !== undefined && hostOf(origin) !== headers.host?.toLowerCase();
  // A form of another page sends no JSON.
  const isJson = method === 'DELETE' || /^application\/json\b/i.test(headers['content-type'] ?? '');
  if (!isElsewhere && !isOtherOrigin && isJson) return;
  throw new HttpError(403, 'not-allowed', 'a page of another address may not change anything here');
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}
