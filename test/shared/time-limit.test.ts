/** The limit comes, also when the garbage collector runs before it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { withTimeLimit } from '../../shared/time-limit.js';

/** A server that never answers. */
async function hanging(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe('a time limit', () => {
  it('ends a request that is not answered, also after a garbage collection', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const collecting = setInterval(collect, 20);
    onTestFinished(() => clearInterval(collecting));
    const url = await hanging();
    const { signal } = new AbortController();
    const asked = withTimeLimit(signal, 300, (limited) => fetch(url, { signal: limited }));
    await expect(asked).rejects.toThrow('not done within 0.3 s');
  });

  it('leaves the end by the caller, and what is done in time', async () => {
    const url = await hanging();
    const controller = new AbortController();
    const { signal } = controller;
    const asked = withTimeLimit(signal, 60_000, (limited) => fetch(url, { signal: limited }));
    controller.abort(new Error('the program ends'));
    await expect(asked).rejects.toThrow('the program ends');
    const late = withTimeLimit(signal, 60_000, (limited) => {
      limited.throwIfAborted();
      return Promise.resolve(1);
    });
    await expect(late).rejects.toThrow('the program ends');
    const open = new AbortController().signal;
    expect(await withTimeLimit(open, 60_000, () => Promise.resolve(1))).toBe(1);
  });
});
