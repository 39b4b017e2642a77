/** Greetings of a real receiver and of other servers. */
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readGreeting } from '../../../../shared/setup/doctor/greeting.js';
import { eventually } from '../../../support/eventually.js';
import { startReceiver } from '../../../support/receiver.js';

async function serverWith(handler: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    handler(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function greetingOn(port: number, limitMs = 10_000) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const greeting = await readGreeting(socket, limitMs);
  await once(socket, 'close');
  return greeting;
}

describe('a greeting', () => {
  it('of a receiver is welcome, and the receiver logs no camera', async () => {
    const counts: number[] = [];
    const { port, lines } = await startReceiver({}, { onConnections: (n) => void counts.push(n) });
    expect(await greetingOn(port)).toEqual({ kind: 'welcome' });
    await eventually(() => counts.at(-1) === 0, 'the end of the connection');
    expect(lines.filter((line) => /warn|error|connected/.test(line))).toEqual([]);
  });

  it('of another program is its first line', async () => {
    const port = await serverWith((socket) => socket.end('SSH-2.0-Open\u001b[31mSSH\r\nmore\n'));
    expect(await greetingOn(port)).toEqual({ kind: 'words', words: 'SSH-2.0-Open [31mSSH' });
  });

  it('is missing when the peer closes, resets or sends nothing', async () => {
    expect(await greetingOn(await serverWith((socket) => socket.end()))).toEqual({
      kind: 'closed',
    });
    const resets = await serverWith((socket) =>
      socket.once('data', () => socket.resetAndDestroy()),
    );
    expect(await greetingOn(resets)).toEqual({ kind: 'closed' });
    const silent = await serverWith((socket) => socket.resume().on('end', () => socket.end()));
    expect(await greetingOn(silent, 50)).toEqual({ kind: 'silent' });
  });

  it('ends at the byte limit when the peer sends without end', async () => {
    const port = await serverWith((socket) => socket.write(Buffer.alloc(100_000, 'x')));
    // Without the limit this test would not end.
    expect(await greetingOn(port, 600_000)).toMatchObject({ kind: 'words' });
  });
});
