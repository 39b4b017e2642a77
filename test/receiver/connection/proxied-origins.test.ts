/** Connections behind a named proxy come from the peer in their header; a header from elsewhere is just data. */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ProxyNetworks, proxyNetwork } from '../../../receiver/listen/proxy-networks.js';
import { AgentPeer } from '../../support/agent-peer.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { filesBelow } from '../../support/files.js';
import { makeJpeg } from '../../support/pictures.js';
import { hearAll, startReceiver } from '../../support/receiver.js';
import { ipv4, ipv6, proxyHeader, proxySignature } from '../../support/proxy-header.js';

const proxies = new ProxyNetworks([proxyNetwork.parse('127.0.0.1')]);

/** @param from the proxy is 127.0.0.1 */
async function connectFrom(port: number, from = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

const usage = 'this is a picchanged receiver';
const privatePeer = proxyHeader({ addresses: ipv4('10.1.2.3', 40_000) });

describe('a connection of a named proxy', () => {
  it('comes from the peer in its header, also when that arrives in pieces', async () => {
    const receiver = await startReceiver({}, { proxies });
    const socket = await connectFrom(receiver.port);
    for (const byte of privatePeer) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const agent = new AgentPeer(socket);
    agent.hello();
    agent.frame(1, makeJpeg(1));
    expect(await agent.answer('stored')).toMatchObject({ sequence: 1, duplicate: false });
    expect(receiver.lines.join('\n')).toContain('connection accepted peer=10.1.2.3:40000');
  });

  it('may send header, picture and end at once', async () => {
    const receiver = await startReceiver({}, { proxies });
    const socket = await connectFrom(receiver.port);
    const closed = hearAll(socket);
    socket.end(Buffer.concat([privatePeer, makeJpeg(1)]));
    await closed;
    const stored = filesBelow(receiver.directory).filter((name) => name.endsWith('.jpg'));
    expect(stored).toEqual([expect.stringMatching(/^raw-10-1-2-3\//)]);
  });

  it.each([
    ['IPv4', proxyHeader({ addresses: ipv4('8.8.8.8', 1) }), '8.8.8.8'],
    [
      'IPv6',
      proxyHeader({ family: 0x21, addresses: ipv6('20010db8000000000000000000000042', 1) }),
      '2001:db8::42',
    ],
  ])('is refused by the address of the peer: %s', async (_, header, address) => {
    const receiver = await startReceiver({}, { proxies });
    const socket = await connectFrom(receiver.port);
    const heard = hearAll(socket);
    socket.write(header);
    expect((await heard).toString()).toContain(`private networks only, not ${address}`);
  });

  it('counts as one of its peer in the limits', async () => {
    const receiver = await startReceiver({ maxConnectionsPerAddress: 1 }, { proxies });
    const connectPeer = async (address: string): Promise<AgentPeer> => {
      const socket = await connectFrom(receiver.port);
      socket.write(proxyHeader({ addresses: ipv4(address, 1) }));
      const agent = new AgentPeer(socket);
      agent.hello(`cam-${address.replaceAll('.', '-')}`);
      return agent;
    };
    await (await connectPeer('10.0.0.1')).answer('welcome');
    await (await connectPeer('10.0.0.2')).answer('welcome');
    const refused = await connectPeer('10.0.0.1');
    expect(await refused.answer('bye')).toMatchObject({
      message: expect.stringContaining('1 connections from 10.0.0.1 are open') as string,
    });
  });

  it.each([
    ['a health check', proxyHeader({ command: 0x20, family: 0, addresses: Buffer.alloc(0) })],
    ['a check of the port', Buffer.alloc(0)],
  ])('that is %s is no connection of a camera', async (_, bytes) => {
    const counts: number[] = [];
    const onConnections = (count: number): void => void counts.push(count);
    const receiver = await startReceiver({}, { proxies, onConnections });
    const socket = await connectFrom(receiver.port);
    const heard = hearAll(socket);
    socket.end(bytes);
    expect(await heard).toEqual(Buffer.alloc(0));
    await eventually(() => receiver.lines.join('\n').includes('of a proxy itself'), 'a line');
    expect(receiver.lines.join('\n')).not.toContain('closed');
    expect(counts).toEqual([]);
  });

  it.each([
    ['no header', Buffer.from('PICC/1\nwithout a header'), 'no PROXY header'],
    ['version 1', Buffer.from('PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n'), 'of version 1'],
    ['too long a header', proxyHeader({ length: 60_000 }), 'has 60016 bytes'],
    ['an end within it', Buffer.concat([proxySignature, Buffer.from([0x21])]), 'closed within'],
  ])('is closed without an answer for %s', async (_, bytes, says) => {
    const receiver = await startReceiver({}, { proxies });
    const socket = await connectFrom(receiver.port);
    const heard = hearAll(socket);
    socket.end(bytes);
    expect(await heard).toEqual(Buffer.alloc(0));
    await eventually(() => receiver.lines.join('\n').includes(says), `'${says}' in the log`);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['half a header', proxyHeader().subarray(0, 20)],
  ])('that sends %s is closed after a while', async (_, bytes) => {
    const clock = new FakeClock();
    const receiver = await startReceiver({}, { proxies, clock });
    const socket = await connectFrom(receiver.port);
    const heard = hearAll(socket);
    if (bytes.length > 0) socket.write(bytes);
    await eventually(async () => {
      await clock.advance(1000);
      return socket.destroyed || socket.readableEnded;
    }, 'the end of the connection');
    expect(await heard).toEqual(Buffer.alloc(0));
    await eventually(
      () => receiver.lines.join('\n').includes('no whole PROXY header within 3 s'),
      'the reason',
    );
  });

  it('with a second header has sent data that are no protocol', async () => {
    const receiver = await startReceiver({}, { proxies });
    const socket = await connectFrom(receiver.port);
    const heard = hearAll(socket);
    socket.write(Buffer.concat([privatePeer, proxyHeader({ addresses: ipv4('127.0.0.9', 1) })]));
    expect((await heard).toString()).toContain(usage);
    expect(receiver.lines.join('\n')).not.toContain('127.0.0.9');
  });

  it('whose header is being read ends with the receiver', async () => {
    const receiver = await startReceiver({}, { proxies });
    const socket = await connectFrom(receiver.port);
    const heard = hearAll(socket);
    socket.write(privatePeer.subarray(0, 20));
    await receiver.receiver.close();
    expect(await heard).toEqual(Buffer.alloc(0));
  });
});

describe('a connection from elsewhere', () => {
  it('gains nothing by a header, and is refused as any other data', async () => {
    const receiver = await startReceiver({}, { proxies });
    const socket = await connectFrom(receiver.port, '127.0.0.2');
    const heard = hearAll(socket);
    socket.write(Buffer.concat([proxyHeader({ addresses: ipv4('10.9.9.9', 1) }), makeJpeg(1)]));
    expect((await heard).toString()).toContain(usage);
    expect(receiver.lines.join('\n')).not.toContain('10.9.9.9');
  });

  it('needs no header', async () => {
    const receiver = await startReceiver({}, { proxies });
    const agent = new AgentPeer(await connectFrom(receiver.port, '127.0.0.2'));
    agent.hello();
    await agent.answer('welcome');
    expect(receiver.lines.join('\n')).toContain('peer=127.0.0.2:');
  });
});
