/** Which peers a receiver accepts, over real sockets and real TLS. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { type TLSSocket, connect as connectSecurely } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { issueCode, removeCamera } from '../../../receiver/access/keys/pairing-codes.js';
import { pairingCode } from '../../../shared/keys/pairing-code.js';
import { tlsSettings } from '../../../shared/keys/tls-settings.js';
import { AgentPeer } from '../../support/agent-peer.js';
import { eventually } from '../../support/eventually.js';
import { filesBelow } from '../../support/files.js';
import {
  beginTls,
  connectWithKey,
  outcomeOf,
  pairBehindTheScenes,
  proving,
} from '../../support/paired.js';
import { makeJpeg } from '../../support/pictures.js';
import { speakTo, startReceiver } from '../../support/receiver.js';

const refused = /^(ERR_SSL_(SSLV3|TLSV1)_ALERT_\w+|ECONNRESET|closed)$/;

/** A receiver with one paired camera. */
async function startClosed(isOpenAnyway = false) {
  const receiver = await startReceiver({}, {}, isOpenAnyway);
  return { ...receiver, key: await pairBehindTheScenes(receiver.folder, 'yard') };
}

describe('a paired camera', () => {
  it('is welcomed over TLS 1.3, and its frames are stored as they are', async () => {
    const { port, key, directory } = await startClosed();
    const socket = await connectWithKey(port, key);
    expect(socket.getProtocol()).toBe('TLSv1.3');
    // Forward secrecy: an ephemeral key of this connection beside the pre-shared key.
    expect(socket.getEphemeralKeyInfo()).toMatchObject({ name: 'X25519' });
    const agent = new AgentPeer(socket);
    agent.hello('yard');
    await agent.answer('welcome');
    agent.frame(1, makeJpeg(1));
    const { name } = await agent.answer('stored');
    expect(readFileSync(join(directory, name))).toEqual(makeJpeg(1));
  });

  it('whose first bytes arrive one by one is welcomed too', async () => {
    const { port, key } = await startClosed();
    const plain = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(plain, 'connect');
    const write = plain.write.bind(plain);
    const slowly = async (bytes: Buffer): Promise<void> => {
      for (const byte of bytes) {
        write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const dripping = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _, done) => void slowly(chunk).then(() => done()),
    });
    plain.on('data', (chunk) => dripping.push(chunk));
    const socket = connectSecurely({ ...tlsSettings, ...proving(key), socket: dripping });
    expect(await outcomeOf(socket)).toBe('secure');
    plain.destroy();
  });

  it('may not write under another name', async () => {
    const { port, key, directory, folder } = await startClosed();
    await pairBehindTheScenes(folder, 'frontdoor');
    const agent = new AgentPeer(await connectWithKey(port, key));
    agent.hello('frontdoor');
    agent.frame(1, makeJpeg(1));
    expect(await agent.answer('bye')).toMatchObject({ code: 'not-yours' });
    await agent.over;
    expect(filesBelow(directory)).toEqual([]);
  });

  it('may send nothing but the framed protocol', async () => {
    const { port, key, directory, lines } = await startClosed();
    const socket = await connectWithKey(port, key);
    socket.end(makeJpeg(1));
    await once(socket.resume(), 'close');
    await eventually(() => lines.some((line) => line.includes('inside TLS')), 'a line of log');
    expect(filesBelow(directory)).toEqual([]);
  });

  it('is disconnected within seconds when it is unpaired, and cannot connect again', async () => {
    const { port, key, folder } = await startClosed();
    const agent = new AgentPeer(await connectWithKey(port, key));
    agent.hello('yard');
    await agent.answer('welcome');
    await removeCamera(folder, 'yard');
    expect(await agent.answer('bye')).toMatchObject({ code: 'unpaired' });
    await agent.over;
    expect(await outcomeOf(beginTls(port, proving(key)))).toMatch(refused);
  });

  it('has no frame stored once it is unpaired, also in the same moment', async () => {
    const { port, key, folder, directory } = await startClosed();
    const agent = new AgentPeer(await connectWithKey(port, key));
    agent.hello('yard');
    await agent.answer('welcome');
    agent.frame(1, makeJpeg(1));
    await agent.answer('stored');
    await removeCamera(folder, 'yard');
    for (let sequence = 2; sequence < 6; sequence += 1) agent.frame(sequence, makeJpeg(sequence));
    agent.dropped(6);
    expect(await agent.answer('bye')).toMatchObject({ code: 'unpaired' });
    await agent.over;
    expect(agent.messages.filter(({ type }) => type === 'stored')).toHaveLength(1);
    expect(filesBelow(directory).filter((name) => name.endsWith('.jpg'))).toHaveLength(1);
  });

  it('cannot resume an earlier session, neither paired nor unpaired', async () => {
    const { port, key, folder, lines } = await startClosed();
    const first = await connectWithKey(port, key);
    const agent = new AgentPeer(first);
    let session: Buffer | undefined;
    first.on('session', (given: Buffer) => (session = given));
    agent.hello('yard');
    await agent.answer('welcome');
    const resumed = (): TLSSocket => beginTls(port, { session: session ?? first.getSession() });
    expect(await outcomeOf(resumed())).toMatch(refused);
    await removeCamera(folder, 'yard');
    expect(await outcomeOf(resumed())).toMatch(refused);
    await eventually(
      () => lines.filter((line) => line.includes('TLS refused: ')).length === 2,
      'two',
    );
  });
});

describe('a closed receiver', () => {
  it.each([
    ['with a wrong key', (key: Buffer) => ({ key: Buffer.alloc(key.length) })],
    ['with an unknown key id', () => ({ id: 'ffff' })],
    ['with the key of another camera', () => ({ camera: 'frontdoor' })],
  ])('refuses a peer %s', async (_, change) => {
    const { port, key, lines } = await startClosed();
    const wrong = { ...key, ...change(key.key) };
    expect(await outcomeOf(beginTls(port, proving(wrong)))).toMatch(refused);
    await eventually(
      () => lines.some((line) => line.includes('TLS handshake as')),
      'a line of log',
    );
    expect(lines.join('\n')).toContain(`${wrong.camera}.${wrong.id}`);
  });

  it.each([
    ['without a key', {}],
    ['with TLS 1.2', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'PSK' }],
    ['with TLS 1.0', { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'PSK@SECLEVEL=0' }],
    ['with a suite that is not used here', { ciphers: 'TLS_AES_256_GCM_SHA384' }],
  ] as const)('refuses a peer %s', async (title, options) => {
    const { port, key } = await startClosed();
    const psk = title === 'without a key' ? {} : proving(key);
    expect(await outcomeOf(beginTls(port, { ...psk, ...options }))).toMatch(refused);
  });

  it.each([
    ['a raw picture', makeJpeg(1)],
    ['a hello in the clear', Buffer.from('PICC/1\n')],
    ['anything else', Buffer.from('GET / HTTP/1.0\r\n\r\n')],
  ])('answers %s with a sentence', async (_, bytes) => {
    const { port, directory } = await startClosed();
    const { socket, heard } = speakTo(port);
    socket.end(bytes);
    expect((await heard).toString()).toMatch(/^this receiver accepts paired cameras only.*\n$/);
    expect(filesBelow(directory)).toEqual([]);
  });

  it('accepts raw pictures with --open, and paired cameras beside them', async () => {
    const { port, key, directory } = await startClosed(true);
    const { socket, heard } = speakTo(port);
    socket.end(makeJpeg(1));
    expect((await heard).toString()).toBe('');
    expect(filesBelow(directory)).toHaveLength(1);
    const agent = new AgentPeer(await connectWithKey(port, key));
    agent.hello('yard');
    await agent.answer('welcome');
  });

  it('refuses a paired name without its key, also with --open', async () => {
    const { port, directory } = await startClosed(true);
    const impostor = new AgentPeer(port);
    impostor.hello('yard');
    impostor.frame(1, makeJpeg(1));
    expect(await impostor.answer('bye')).toMatchObject({ code: 'not-yours' });
    await impostor.over;
    const other = new AgentPeer(port);
    other.hello('shed');
    await other.answer('welcome');
    expect(filesBelow(directory)).toEqual([]);
  });

  it('takes a name from an anonymous peer the moment that it is paired, and gives it to its camera', async () => {
    const { port, directory, folder } = await startReceiver({}, {}, true);
    const anonymous = new AgentPeer(port);
    anonymous.hello('yard');
    await anonymous.answer('welcome');
    anonymous.frame(1, makeJpeg(1));
    await anonymous.answer('stored');
    const key = await pairBehindTheScenes(folder, 'yard');
    anonymous.frame(2, makeJpeg(2));
    expect(await anonymous.answer('bye')).toMatchObject({ code: 'unpaired' });
    const camera = new AgentPeer(await connectWithKey(port, key));
    camera.hello('yard', 'ab'.repeat(16));
    await camera.answer('welcome');
    camera.frame(1, makeJpeg(3));
    await camera.answer('stored');
    expect(anonymous.messages.filter(({ type }) => type === 'stored')).toHaveLength(1);
    expect(filesBelow(directory).filter((name) => name.endsWith('.jpg'))).toHaveLength(2);
  });

  it('disconnects a silent anonymous peer whose name was paired, and no other', async () => {
    const { port, folder } = await startReceiver({}, {}, true);
    const [anonymous, other] = ['yard', 'shed'].map((name) => {
      const peer = new AgentPeer(port);
      peer.hello(name, name === 'yard' ? 'ab'.repeat(16) : 'cd'.repeat(16));
      return peer;
    });
    await Promise.all([anonymous?.answer('welcome'), other?.answer('welcome')]);
    await pairBehindTheScenes(folder, 'yard');
    expect(await anonymous?.answer('bye')).toMatchObject({ code: 'unpaired' });
    other?.frame(1, makeJpeg(1));
    await other?.answer('stored');
  });

  it('replaces a silent anonymous peer by the camera that has the key at once', async () => {
    const { port, folder } = await startReceiver({}, {}, true);
    const anonymous = new AgentPeer(port);
    anonymous.hello('yard');
    await anonymous.answer('welcome');
    const key = await pairBehindTheScenes(folder, 'yard');
    const camera = new AgentPeer(await connectWithKey(port, key));
    camera.hello('yard', 'ab'.repeat(16));
    await camera.answer('welcome');
    expect((await anonymous.answer('bye')).code).toMatch(/^(replaced|unpaired)$/);
    expect(camera.messages.map(({ type }) => type)).toEqual(['welcome']);
  });

  it('keeps running when its keys become unreadable, and accepts no peer', async () => {
    const { port, key, folder, lines } = await startClosed();
    writeFileSync(join(folder.path, 'yard.json'), '{');
    expect(await outcomeOf(beginTls(port, proving(key)))).toMatch(refused);
    await eventually(() => lines.some((line) => line.includes('cannot use the keys')), 'a line');
    const { socket, heard } = speakTo(port);
    socket.end(makeJpeg(1));
    expect((await heard).toString()).toContain('paired cameras only');
  });

  it('disconnects a plaintext peer when the first camera is paired', async () => {
    const { port, folder } = await startReceiver();
    const agent = new AgentPeer(port);
    agent.hello('yard');
    await agent.answer('welcome');
    await pairBehindTheScenes(folder, 'frontdoor');
    expect(await agent.answer('bye')).toMatchObject({ code: 'unpaired' });
  });
});

describe('a peer with a pairing code', () => {
  async function startWithCode() {
    const receiver = await startReceiver();
    const text = await issueCode(receiver.folder, 'yard', false, Date.now());
    const { id, key } = pairingCode.parse(text);
    return { ...receiver, code: { camera: 'pair', id, key } };
  }

  it('may pair, and gets the name of its camera', async () => {
    const { port, code, directory } = await startWithCode();
    const agent = new AgentPeer(await connectWithKey(port, code));
    agent.say({ type: 'pair', agent: 'test' });
    const { receiverId, camera } = await agent.answer('paired');
    expect(camera).toBe('yard');
    const marker = readFileSync(join(directory, '.picchanged.json'), 'utf8');
    expect(JSON.parse(marker)).toEqual({ id: receiverId });
  });

  it('may not send', async () => {
    const { port, code, directory } = await startWithCode();
    const agent = new AgentPeer(await connectWithKey(port, code));
    agent.hello('yard');
    agent.frame(1, makeJpeg(1));
    expect(await agent.answer('bye')).toMatchObject({ code: 'not-yours' });
    await agent.over;
    expect(filesBelow(directory)).toEqual([]);
  });

  it('may not pair twice on a connection', async () => {
    const { port, code } = await startWithCode();
    const agent = new AgentPeer(await connectWithKey(port, code));
    agent.say({ type: 'pair', agent: 'test' });
    agent.say({ type: 'pair', agent: 'test' });
    expect(await agent.answer('bye')).toMatchObject({ code: 'protocol' });
  });
});

describe('a plaintext peer', () => {
  it('cannot pair', async () => {
    const { port } = await startReceiver();
    const agent = new AgentPeer(port);
    agent.say({ type: 'pair', agent: 'test' });
    expect(await agent.answer('bye')).toMatchObject({ code: 'protocol' });
  });
});
