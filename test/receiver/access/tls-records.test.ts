/** A paired camera whose TLS records carry almost nothing. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { TlsRecords } from '../../../receiver/access/tls-records.js';
import { encodeMessage } from '../../../shared/protocol/wire.js';
import { AgentPeer } from '../../support/agent-peer.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { beginTls, connectWithKey, pairBehindTheScenes, proving } from '../../support/paired.js';
import { makeJpeg } from '../../support/pictures.js';
import { startReceiver } from '../../support/receiver.js';

/** Each piece in a record of its own: the next write begins when the last one has ended. */
async function writeApart(socket: TLSSocket, piece: Buffer): Promise<void> {
  await new Promise<void>((resolve) => void socket.write(piece, () => resolve()));
}

async function store(port: number, key: Parameters<typeof connectWithKey>[1]): Promise<unknown> {
  const agent = new AgentPeer(await connectWithKey(port, key));
  agent.hello(key.camera);
  await agent.answer('welcome');
  agent.frame(1, makeJpeg(1));
  return await agent.answer('stored');
}

describe('a paired camera', () => {
  it('that sends a frame in records of one byte is closed, and refused; another one is served', async () => {
    const { port, folder, lines } = await startReceiver();
    const [bad, good] = [
      await pairBehindTheScenes(folder, 'bad'),
      await pairBehindTheScenes(folder, 'good'),
    ];
    const socket = await connectWithKey(port, bad);
    const agent = new AgentPeer(socket);
    agent.hello('bad');
    await agent.answer('welcome');
    const [head] = encodeMessage({ type: 'frame' }, Buffer.alloc(2 ** 20));
    await writeApart(socket, head);
    // Not `once` of node:events, which rejects when the connection is reset.
    const over = new Promise((resolve) => socket.once('close', resolve));
    void (async () => {
      while (!socket.destroyed) await writeApart(socket, Buffer.of(1));
    })();
    await over;
    await eventually(() => lines.find((line) => line.includes('bytes of TLS records')), 'logged');
    const again = beginTls(port, proving(bad));
    const [error] = (await once(again, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ERR_SSL_SSLV3_ALERT_ILLEGAL_PARAMETER');
    expect(await store(port, good)).toMatchObject({ duplicate: false });
  });

  it('that sends frames and pings in records of their own is served', async () => {
    const { port, folder } = await startReceiver();
    const key = await pairBehindTheScenes(folder, 'yard');
    const socket = await connectWithKey(port, key);
    const agent = new AgentPeer(socket);
    agent.hello('yard');
    await agent.answer('welcome');
    for (let nth = 0; nth < 200; nth += 1) {
      await writeApart(socket, encodeMessage({ type: 'ping' })[0]);
    }
    agent.frame(1, makeJpeg(1));
    expect(await agent.answer('stored')).toMatchObject({ duplicate: false });
  });
});

describe('TlsRecords', () => {
  it('accepts a suspended key again after a minute', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const clock = new FakeClock();
    const records = new TlsRecords(clock);
    const socketOf = (bytesRead: number) =>
      ({ bytesRead, once: vi.fn(), end: vi.fn(), destroy: vi.fn() }) as unknown as Socket;
    const plain = socketOf(100_000);
    records.watch(plain, socketOf(10), 'yard.k1');
    vi.advanceTimersByTime(1000);
    expect(() => records.check(plain, 'yard.k1')).toThrow('almost nothing');
    expect(() => records.check(plain, 'yard.k2')).not.toThrow();
    void clock.advance(60_000);
    expect(() => records.check(plain, 'yard.k1')).not.toThrow();
  });
});
