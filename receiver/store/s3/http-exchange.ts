/**
 * Sends one HTTP request and reads its answer whole, over connections that stay open. Node's own client: fetch takes
 * twice the processor time for a request with a body.
 */
import { Agent as HttpAgent, type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface HttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /**
   * Without a whole answer after this time the exchange ends with an error. It may take a second more for each 100 kB of
   * the body, or of the answer.
   */
  readonly timeoutMs: number;
  /** While it runs, it has here what ends it with an error. An AbortSignal would cost a tenth of a small request. */
  readonly running: Set<() => void>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Of a body, and of an answer. */
const minBytesPerSecond = 100_000;

const agents = {
  http: new HttpAgent({ keepAlive: true }),
  https: new HttpsAgent({ keepAlive: true }),
};

/**
 * Does not follow redirects. When it resolves, nothing reads the body any more.
 * @throws an error of the connection: also when the answer ends too early, or cannot tell whether it has
 */
export function exchange(url: URL, { method, headers, body, timeoutMs, running }: HttpRequest) {
  const isPlain = url.protocol === 'http:';
  const send = isPlain ? httpRequest : httpsRequest;
  const length = body === undefined ? {} : { 'content-length': String(body.length) };
  return new Promise<HttpAnswer>((resolve, reject) => {
    const request = send(url, {
      ...{ method, headers: { ...headers, ...length } },
      agent: isPlain ? agents.http : agents.https,
    });
    let ending: Error | undefined;
    const endFor = (reason: string): void => {
      ending ??= new Error(reason);
      request.destroy(ending);
    };
    const onEnd = (): void => endFor('the program is ending');
    let timer: NodeJS.Timeout | undefined;
    const endWithout = (byteCount: number): void => {
      const waitMs = Math.round(timeoutMs + (byteCount / minBytesPerSecond) * 1000);
      clearTimeout(timer);
      timer = setTimeout(() => endFor(`no whole answer in ${waitMs} ms`), waitMs);
    };
    endWithout(body?.length ?? 0);
    running.add(onEnd);
    const settle = (): void => {
      clearTimeout(timer);
      running.delete(onEnd);
    };
    const fail = (error: Error): void => {
      settle();
      reject(ending ?? error);
    };
    request.on('error', fail);
    request.on('response', (response) => {
      const pieces: Buffer[] = [];
      const byteCount = Number(response.headers['content-length'] ?? 0);
      if (byteCount >= minBytesPerSecond) endWithout(byteCount);
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', fail);
      response.on('end', () => {
        settle();
        const { statusCode = 0, headers: answered } = response;
        if (method === 'GET' && statusCode < 300 && !hasEnd(answered)) {
          reject(new Error('the answer states no length: whether it is whole is not known'));
          return;
        }
        const answer = { status: statusCode, headers: answered, body: Buffer.concat(pieces) };
        if (request.writableFinished) resolve(answer);
        else {
          // An early refusal: the rest of the body is still being sent.
          request.once('close', () => resolve(answer));
          request.destroy();
        }
      });
    });
    request.end(body);
  });
}

/** Whether the end of the answer differs from a cut connection, for which Node's client fails. */
const hasEnd = (headers: IncomingHttpHeaders): boolean =>
  headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
