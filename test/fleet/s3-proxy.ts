/**
 * The way from receivers to the object store: it hands requests to a gateway as they are, and on request it is slow,
 * answers errors, and cuts connections, also after the object store has done what was asked.
 */
import { once } from 'node:events';
import {
  Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
  createServer,
  request as httpRequest,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export const s3FaultKinds = [
  'slow', // each request waits
  'error', // 500 or 503 SlowDown: nothing is done
  'late-error', // 500 after it was done
  'cut-request', // the object store gets half of the request
  'cut-answer', // the receiver gets half of the answer
  'lost-answer', // it was done, and the connection ends without an answer
] as const;
export type S3FaultKind = (typeof s3FaultKinds)[number];

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface S3Proxy {
  readonly port: number;
  /** Meets about half of the requests; undefined: none. */
  fault: S3FaultKind | undefined;
  /** Requests that each fault has met. */
  readonly met: Map<S3FaultKind, number>;
  stop(): void;
}

const longestPauseMs = 1500;

/** @param random uniform in 0 ≤ x < 1 */
export async function startS3Proxy(targetPort: number, random: () => number): Promise<S3Proxy> {
  const agent = new Agent({ keepAlive: true });
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const met = new Map<S3FaultKind, number>();
  const proxy: S3Proxy = {
    ...{ port, met, fault: undefined },
    stop() {
      server.closeAllConnections();
      server.close();
      agent.destroy();
    },
  };
  return proxy;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = random() < 0.5 ? proxy.fault : undefined;
    if (fault !== undefined) met.set(fault, (met.get(fault) ?? 0) + 1);
    try {
      const body = await readAll(request);
      if (fault === 'slow') await delay(random() * longestPauseMs);
      if (fault === 'error') {
        send(response, random() < 0.5 ? refusal(500, 'InternalError') : refusal(503, 'SlowDown'));
        return;
      }
      if (fault === 'cut-request') await forwardHalf(request, body);
      const isForwarded = fault !== 'cut-request';
      const answer = isForwarded ? await forward(request, body) : undefined;
      if (fault === 'late-error') send(response, refusal(500, 'InternalError'));
      else if (fault === 'cut-answer' && answer !== undefined) sendHalf(response, answer);
      else if (fault === 'lost-answer' || answer === undefined) request.socket.destroy();
      else send(response, answer);
    } catch {
      // The receiver, or the gateway, has broken the connection: so is the other one.
      request.socket.destroy();
    }
  }

  function begin(request: IncomingMessage) {
    const { method, url: path, headers } = request;
    return httpRequest({
      ...{ host: '127.0.0.1', port: targetPort, agent },
      method,
      path,
      headers,
    });
  }

  async function forward(request: IncomingMessage, body: Buffer): Promise<Answer> {
    const sent = begin(request);
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const { statusCode: status = 0, headers } = answer;
    return { status, headers, body: await readAll(answer) };
  }

  /** Resolves when the connection is closed. */
  async function forwardHalf(request: IncomingMessage, body: Buffer): Promise<void> {
    const sent = begin(request);
    sent.on('error', () => undefined);
    const closed = new Promise((resolve) => sent.on('close', resolve));
    sent.write(body.subarray(0, body.length / 2), () => sent.destroy());
    await closed;
  }
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers);
  response.end(body);
}

/** The end that its headers promise does not come. */
function sendHalf(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': String(body.length + 100) });
  response.write(Buffer.concat([body, Buffer.from(' ')]), () => response.socket?.destroy());
}

function refusal(status: number, code: string): Answer {
  const body = Buffer.from(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`);
  return { status, headers: { 'content-length': String(body.length) }, body };
}
