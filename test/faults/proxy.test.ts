/** The proxy's faults, and its record of acknowledgements. */
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { preface } from '../../shared/protocol/protocol-limits.js';
import { encodeMessage } from '../../shared/protocol/wire.js';
import { eventually } from '../support/eventually.js';
import { Proxy } from './proxy.js';

/** A server that keeps what it receives, a proxy before it, and a client. */
async function connected() {
  const heard: Buffer[][] = [];
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const pieces: Buffer[] = [];
    heard.push(pieces);
    sockets.push(socket);
    socket.on('data', (piece: Buffer) => pieces.push(piece));
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: targetPort } = server.address() as AddressInfo;
  const proxy = await Proxy.open({ targetPort, isSecure: false, random: () => 0.5 });
  const client = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => undefined);
  onTestFinished(async () => {
    client.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
    await proxy.close();
  });
  await eventually(() => sockets.length === 1, 'the connection behind the proxy');
  const [peer] = sockets;
  if (peer === undefined) throw new Error('no connection');
  const text = (nth = 0): string => Buffer.concat(heard[nth] ?? []).toString();
  return { proxy, client, peer, sockets, heard, text };
}

/** Resolves at a close with or without an error: `once` would reject for a reset. */
const closed = (socket: Socket): Promise<unknown> =>
  new Promise((resolve) => socket.once('close', resolve));

const hello = {
  type: 'hello',
  camera: 'yard',
  epoch: '00112233445566778899aabbccddeeff',
  agent: '',
};
const frame = {
  type: 'frame',
  sequence: 1,
  capturedAtMs: 0,
  utcOffsetMinutes: 0,
  sha256: 'a'.repeat(64),
  verdict: { reason: 'all', ratio: 0, boxes: [] },
};
const said = Buffer.concat([
  Buffer.from(preface),
  ...[hello, frame].flatMap((header) => encodeMessage(header)),
]);
const answer = Buffer.concat([
  Buffer.from(preface),
  ...encodeMessage({ type: 'stored', sequence: 1, name: 'a.jpg', duplicate: false }),
]);

describe('a proxy', () => {
  it('forwards the data of both sides, to the end', async () => {
    const { client, peer, text } = await connected();
    client.end('to the receiver');
    await eventually(() => text() === 'to the receiver', 'the words');
    const heard = once(client, 'data');
    peer.end('to the agent');
    expect(String((await heard)[0])).toBe('to the agent');
    await once(client, 'end');
  });

  it('cuts with a reset, and with an end of stream', async () => {
    const first = await connected();
    const reset = once(first.client, 'error');
    const lost = closed(first.peer);
    first.proxy.cut('reset');
    expect(await reset).toMatchObject([{ code: 'ECONNRESET' }]);
    await lost;
    const second = await connected();
    const ended = Promise.all([once(second.client.resume(), 'end'), once(second.peer, 'end')]);
    second.proxy.cut('end');
    await ended;
  });

  it('holds data back in a stall, and forwards it afterwards', async () => {
    const { proxy, client, text } = await connected();
    const stall = proxy.stall(300);
    client.write('late');
    expect(text()).toBe('');
    await stall;
    await eventually(() => text() === 'late', 'the words');
  });

  it('discards data on a half-open connection, then breaks it', async () => {
    const { proxy, client, peer, text } = await connected();
    const broken = closed(peer);
    const halfOpen = proxy.halfOpen(300);
    client.write('lost');
    await halfOpen;
    await broken;
    expect(text()).toBe('');
  });

  it('flips one bit', async () => {
    const { proxy, client, text } = await connected();
    proxy.corruptNext('up');
    client.write('aaaa');
    await eventually(() => text().length === 4, 'the words');
    expect(text().replaceAll('a', '')).toBe('q');
  });

  it('records each acknowledgement with the SHA-256 of its frame', async () => {
    const { proxy, client, peer } = await connected();
    client.write(said);
    await once(peer, 'data');
    peer.write(answer);
    await once(client, 'data');
    expect([...proxy.acknowledged]).toEqual([[`${hello.epoch} 1`, frame.sha256]]);
  });

  it('ignores an acknowledgement of damaged data', async () => {
    const { proxy, client, peer } = await connected();
    proxy.corruptNext('up');
    client.write(said);
    await once(peer, 'data');
    peer.write(answer);
    await once(client, 'data');
    expect(proxy.acknowledged.size).toBe(0);
  });

  it('replays data on several connections', async () => {
    const { proxy, client, peer, sockets, heard, text } = await connected();
    client.write(said);
    await once(peer, 'data');
    const repeated = proxy.duplicate(2);
    await eventually(() => heard.length === 3 && text(1) !== '' && text(2) !== '', 'two more');
    expect([text(1), text(2)]).toEqual([said.toString(), said.toString()]);
    for (const socket of sockets) socket.destroy();
    await repeated;
  });
});
