/** The answer for a load balancer. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openHealthServer } from '../../../receiver/listen/health-server.js';

async function startServer() {
  const draining = new AbortController();
  const world = { takes: (): Promise<boolean> => Promise.resolve(true), draining };
  const server = await openHealthServer({
    listen: { address: undefined, port: 0 },
    takesFrames: () => world.takes(),
    draining: draining.signal,
  });
  onTestFinished(() => server.close());
  const ask = async (init: RequestInit = {}, address = server.address) => {
    const response = await fetch(address, init);
    return [response.status, await response.text()] as const;
  };
  return { world, server, ask };
}

describe('the health of a receiver', () => {
  it('is asked for on this machine, when no address is named', async () => {
    const { server } = await startServer();
    expect(server.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/health$/);
  });

  it('is ok while the store takes frames, and not while it does not', async () => {
    const { world, ask } = await startServer();
    expect(await ask()).toEqual([200, 'ok\n']);
    expect(await ask({ method: 'HEAD' })).toEqual([200, '']);
    world.takes = () => Promise.resolve(false);
    expect(await ask()).toEqual([503, expect.stringContaining('the store takes no frames')]);
  });

  it('is not ok from the moment on at which the receiver begins to end', async () => {
    const { world, ask } = await startServer();
    let decide: (takes: boolean) => void = () => undefined;
    let isAsked: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (isAsked = resolve));
    world.takes = () => {
      isAsked();
      return new Promise((resolve) => (decide = resolve));
    };
    const answer = ask();
    await asked;
    world.draining.abort();
    decide(true);
    expect(await answer).toEqual([503, 'draining\n']);
    expect(await ask()).toEqual([503, 'draining\n']);
  });

  it('is told while others hold as many connections as there may be, and open new ones', async () => {
    const { ask, server } = await startServer();
    const port = Number(new URL(server.address).port);
    let opened = 0;
    const hold = async (): Promise<void> => {
      const socket = connect(port, '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write('GET /health HTTP/1.1\r\n');
      opened += 1;
    };
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(Array.from({ length: 40 }, hold));
      expect(await ask({ headers: { connection: 'close' } })).toEqual([200, 'ok\n']);
    }
    expect(opened).toBe(120);
  });

  it('is told while the store is tried for long, and others open connections meanwhile', async () => {
    const { world, ask, server } = await startServer();
    let decide: (takes: boolean) => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      world.takes = () => {
        resolve();
        return new Promise((decided) => (decide = decided));
      };
    });
    const answer = ask();
    answer.catch(() => undefined);
    await asked;
    for (let count = 0; count < 100; count += 1) {
      const socket = connect(Number(new URL(server.address).port), '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => undefined);
      await once(socket, 'connect');
    }
    decide(true);
    expect(await answer).toEqual([200, 'ok\n']);
  });

  it('has one path and one method', async () => {
    const { ask, server } = await startServer();
    expect((await ask({ method: 'POST' }))[0]).toBe(405);
    expect((await ask({}, server.address.replace('health', 'metrics')))[0]).toBe(404);
  });
});
