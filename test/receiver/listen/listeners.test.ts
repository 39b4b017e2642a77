import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openListeners } from '../../../receiver/listen/listeners.js';

async function open(...[asked, passed = []]: Parameters<typeof openListeners> | [never[]]) {
  const entrance = await openListeners(asked, passed);
  onTestFinished(() => entrance.servers.forEach((server) => void server.close()));
  return entrance;
}

describe('an entrance', () => {
  it('is every address that was asked for', async () => {
    const asked = [
      { address: '127.0.0.1', port: 0 },
      { address: '::1', port: 0 },
    ];
    const { names, connections } = await open(asked, []);
    expect(names).toEqual([
      expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^\[::1\]:\d+$/),
    ]);
    expect(connections).toEqual([]);
  });

  it('without an address is IPv4 and IPv6', async () => {
    const { names } = await open([{ address: undefined, port: 0 }], []);
    expect(names).toEqual([expect.stringMatching(/^\[::\]:\d+$/)]);
  });

  it('that is taken, is told with what to do, and what was open is closed again', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const [first] = (await open([{ address: '127.0.0.1', port: 0 }], [])).servers;
    const free = (first?.address() as AddressInfo).port;
    first?.close();
    const asked = [
      { address: '127.0.0.1', port: free },
      { address: '127.0.0.1', port },
    ];
    await expect(openListeners(asked, [])).rejects.toMatchObject({
      code: 'LISTEN',
      message: `cannot listen on 127.0.0.1:${port}`,
      hint: expect.stringContaining('--listen') as string,
    });
    await open([{ address: '127.0.0.1', port: free }], []);
  });

  it('on an address that is not ours, is told', async () => {
    await expect(openListeners([{ address: '192.0.2.1', port: 0 }], [])).rejects.toMatchObject({
      code: 'LISTEN',
      hint: expect.stringContaining('does not have that address') as string,
    });
  });

  it('by a passed descriptor that is no socket, is told with its name', async () => {
    await expect(openListeners([], [{ fd: 1_000_000, name: 'cameras' }])).rejects.toMatchObject({
      code: 'LISTEN',
      message: 'cannot listen on passed socket cameras (fd 1000000)',
    });
  });
});
