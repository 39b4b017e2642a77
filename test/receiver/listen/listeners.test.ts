import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openListeners } from '../../../receiver/listen/listeners.js';

async function open(...[requested, passed = []]: Parameters<typeof openListeners> | [never[]]) {
  const listeners = await openListeners(requested, passed);
  onTestFinished(() => listeners.servers.forEach((server) => void server.close()));
  return listeners;
}

describe('listeners', () => {
  it('open each requested address', async () => {
    const requested = [
      { address: '127.0.0.1', port: 0 },
      { address: '::1', port: 0 },
    ];
    const { names, connections } = await open(requested, []);
    expect(names).toEqual([
      expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^\[::1\]:\d+$/),
    ]);
    expect(connections).toEqual([]);
  });

  it('without an address are IPv4 and IPv6', async () => {
    const { names } = await open([{ address: undefined, port: 0 }], []);
    expect(names).toEqual([expect.stringMatching(/^\[::\]:\d+$/)]);
  });

  it('on a port in use fail with a hint, and close those already open', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const [first] = (await open([{ address: '127.0.0.1', port: 0 }], [])).servers;
    const free = (first?.address() as AddressInfo).port;
    first?.close();
    const requested = [
      { address: '127.0.0.1', port: free },
      { address: '127.0.0.1', port },
    ];
    await expect(openListeners(requested, [])).rejects.toMatchObject({
      code: 'LISTEN',
      message: `cannot listen on 127.0.0.1:${port}`,
      hint: expect.stringContaining('--listen') as string,
    });
    await open([{ address: '127.0.0.1', port: free }], []);
  });

  it('on an address of another machine fail with a hint', async () => {
    await expect(openListeners([{ address: '192.0.2.1', port: 0 }], [])).rejects.toMatchObject({
      code: 'LISTEN',
      hint: expect.stringContaining('does not have that address') as string,
    });
  });

  it('on a passed descriptor that is not a socket fail with its name', async () => {
    await expect(openListeners([], [{ fd: 1_000_000, name: 'cameras' }])).rejects.toMatchObject({
      code: 'LISTEN',
      message: 'cannot listen on passed socket cameras (fd 1000000)',
    });
  });
});
