/** One HTTP exchange with an object store, and what it does with the body of its request. */
import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { exchange } from '../../../../receiver/store/s3/http-exchange.js';

/** Of no byte of the request and the body. */
const changed = 9;
const ok = 'HTTP/1.1 200 OK\r\n';
const chunked = 'Transfer-Encoding: chunked\r\n\r\n';
const refusal = 'HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n';

async function serving(onConnection: (socket: Socket) => void): Promise<URL> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

function put(body: Buffer, timeoutMs = 10_000) {
  return { method: 'PUT', headers: {}, body, timeoutMs, running: new Set<() => void>() };
}

/** Asks a server that sends this text and closes the connection. */
async function answer(text: string, method = 'GET') {
  const url = await serving((socket) => socket.once('data', () => socket.end(text)));
  return await exchange(url, { ...put(Buffer.alloc(0)), method, body: undefined });
}

describe('an answer that comes before the body is sent', () => {
  it('ends the connection, so that nothing sends the body when the caller has the answer', async () => {
    const received: Buffer[] = [];
    let resume = (): void => undefined;
    let onEnd = (): void => undefined;
    const ended = new Promise<void>((resolve) => (onEnd = resolve));
    const url = await serving((socket) => {
      socket.once('close', onEnd);
      // The kernel takes some of the body; the rest waits in the client.
      socket.once('data', (chunk: Buffer) => {
        received.push(chunk);
        socket.pause();
        socket.write(refusal);
      });
      resume = () => {
        socket.on('data', (chunk: Buffer) => {
          received.push(chunk);
          if (chunk.at(-1) === changed) onEnd();
        });
        socket.resume();
      };
    });
    const body = Buffer.alloc(32 << 20, 7);
    const { status } = await exchange(url, put(body));
    expect(status).toBe(412);
    body.fill(changed);
    resume();
    await ended;
    const bytes = Buffer.concat(received);
    expect(bytes.includes(7)).toBe(true);
    expect(bytes.includes(changed)).toBe(false);
  });
});

describe('an exchange that is ended', () => {
  it('says after which time there was no answer', async () => {
    const url = await serving(() => undefined);
    const request = put(Buffer.from('x'), 50);
    await expect(exchange(url, request)).rejects.toThrow('no whole answer in 50 ms');
    expect(request.running.size).toBe(0);
  });

  it('says so of an answer that stops in the middle', async () => {
    const url = await serving((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    });
    await expect(exchange(url, put(Buffer.from('x'), 50))).rejects.toThrow(
      'no whole answer in 50 ms',
    );
  });

  it('ends when the program does', async () => {
    const url = await serving(() => undefined);
    const request = put(Buffer.from('x'));
    const ending = exchange(url, request);
    for (const end of request.running) end();
    await expect(ending).rejects.toThrow('the program is ending');
    expect(request.running.size).toBe(0);
  });
});

describe('an answer to GET', () => {
  it.each([
    ['has the length that it states', `${ok}Content-Length: 5\r\n\r\nframe`],
    ['has its last chunk', `${ok}${chunked}5\r\nframe\r\n0\r\n\r\n`],
  ])('that %s is whole', async (_, text) => {
    const { status, body } = await answer(text);
    expect([status, body.toString()]).toEqual([200, 'frame']);
  });

  it.each([
    ['is shorter than it states', `${ok}Content-Length: 6\r\n\r\nframe`],
    ['has no last chunk', `${ok}${chunked}5\r\nframe\r\n`],
    ['states no length', `${ok}\r\nframe`],
    ['states no length, as of HTTP 1.0', 'HTTP/1.0 200 OK\r\n\r\nframe'],
  ])('that %s may be cut, and fails', async (_, text) => {
    await expect(answer(text)).rejects.toThrow(/aborted|whether it is whole is not known/);
  });

  it('that refuses is read also without a length, as a load balancer sends it', async () => {
    const { status } = await answer('HTTP/1.0 503 Service Unavailable\r\n\r\n<html></html>');
    expect(status).toBe(503);
  });

  it('to another method needs no length', async () => {
    expect((await answer(`${ok}\r\n`, 'PUT')).status).toBe(200);
    expect((await answer(`${ok}\r\n`, 'HEAD')).status).toBe(200);
  });
});
