/** Clients that send too much, too slowly, or do not read. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../../support/eventually.js';
import { startViewer } from './started-viewer.js';

const anna = { name: 'anna', role: 'keep', password: 'garden gate' } as const;

describe('requests that are too long', () => {
  it('are refused, and the rest is not read', async () => {
    const { post, raw, kept } = await startViewer();
    const note = 'x'.repeat(10_000);
    const answer = await post('/api/v1/keep', { camera: 'yard', event: '1', keep: true, note });
    expect([answer.status, answer.headers.connection]).toEqual([413, 'close']);
    const head =
      'POST /api/v1/keep HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
    const endless = await raw(
      `${head}transfer-encoding: chunked\r\n\r\n`,
      `3000\r\n${'x'.repeat(0x3000)}\r\n`,
    );
    expect(endless).toMatch(/^HTTP\/1\.1 413 /);
    const big = await raw(`${head}content-length: 99999999999\r\n\r\n`, 'x'.repeat(20_000));
    expect(big).toMatch(/^HTTP\/1\.1 413 /);
    expect(await raw(`GET / HTTP/1.1\r\nhost: ${'x'.repeat(70_000)}\r\n\r\n`)).toMatch(/ 431 /);
    expect(kept).toEqual([]);
  });

  it('have a time limit for headers and for the whole', async () => {
    const { web } = await startViewer();
    expect(web.server.headersTimeout).toBeLessThanOrEqual(10_000);
    expect(web.server.requestTimeout).toBeLessThanOrEqual(30_000);
    expect(web.server.timeout).toBeLessThanOrEqual(60_000);
    expect(web.server.maxConnections).toBeLessThanOrEqual(256);
  });

  it('that are not sent to their end are no errors of the server', async () => {
    const { port, lines, web, kept } = await startViewer();
    const socket = connect(port, '127.0.0.1');
    socket.write(
      'POST /api/v1/keep HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{',
    );
    await once(web.server, 'request');
    socket.destroy();
    await eventually(async () => {
      const count = await new Promise<number>((resolve) =>
        web.server.getConnections((_error, open) => resolve(open)),
      );
      return count === 0;
    }, 'the connection is closed');
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines.filter((line) => !line.startsWith('<7>'))).toEqual([]);
    expect(kept).toEqual([]);
  });
});

describe('many connections of one address', () => {
  const hold = async (port: number, count: number, localAddress = '127.0.0.1') => {
    const sockets = Array.from({ length: count }, () =>
      connect({ port, host: '127.0.0.1', localAddress }).on('error', () => undefined),
    );
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    return sockets;
  };
  const openIn = ({ server }: Awaited<ReturnType<typeof startViewer>>['web']): Promise<number> =>
    new Promise((resolve) => server.getConnections((_error, open) => resolve(open)));

  it('leave room for others, and are admitted again when some are closed', async () => {
    const { web, port, ask, lines } = await startViewer();
    const held = await hold(port, 300, '127.0.0.2');
    await eventually(async () => (await openIn(web)) === 64, '64 connections');
    expect((await ask('/api/v1/session')).status).toBe(200);
    await once((await hold(port, 1, '127.0.0.2'))[0] ?? web.server, 'close');
    const refused = lines.filter((line) => line.includes('closed a connection'));
    expect(refused).toHaveLength(1);
    expect(refused[0]).toContain('127.0.0.2 has 64 already');
    for (const socket of held) socket.destroy();
    await eventually(async () => (await openIn(web)) === 0, 'no connection');
    await hold(port, 3, '127.0.0.2');
    await eventually(async () => (await openIn(web)) === 3, 'three connections');
  });

  it('are those of many clients when the address is a named proxy', async () => {
    const { web, port } = await startViewer({
      passwords: [anna],
      proxies: ['127.0.0.3'],
    });
    await hold(port, 100, '127.0.0.3');
    await eventually(async () => (await openIn(web)) === 100, '100 connections');
  });
});

describe('live events', () => {
  it('end for a page that does not read, and memory stays bounded', async () => {
    let count = 0;
    const state = { camera: 'yard', why: 'x'.repeat(60_000) } as never;
    const states = () => {
      count += 1;
      return Promise.resolve(Array.from({ length: 16 }, () => state));
    };
    const { port, clock } = await startViewer({ archive: { states } });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write('GET /api/v1/live HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await eventually(() => count > 0, 'the page is open');
    const before = process.memoryUsage().rss;
    // A megabyte each: the kernel takes some, then the server keeps at most some more, and closes.
    for (let at = 0; at < 60; at += 1) {
      await clock.advance(15_000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(count).toBeLessThan(40);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
    socket.destroy();
  });

  it('end with the session', async () => {
    const { enter, port, ask, clock } = await startViewer({ passwords: [anna] });
    const cookie = await enter('anna', 'garden gate');
    const socket = connect(port, '127.0.0.1');
    socket.resume();
    const closed = once(socket, 'close');
    socket.write(`GET /api/v1/live HTTP/1.1\r\nhost: localhost\r\ncookie: ${cookie}\r\n\r\n`);
    await once(socket, 'data');
    await ask('/api/v1/session', { method: 'DELETE', headers: { cookie } });
    const tick = setInterval(() => void clock.advance(15_000), 10);
    await closed;
    clearInterval(tick);
  });
});
