/** An attacker between a paired camera and its receiver records, alters, replays and impersonates, without success. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SpoolSet } from '../../agent/spool/spool-set.js';
import { Uplink } from '../../agent/uplink/uplink.js';
import { systemClock } from '../../shared/clock.js';
import type { CameraKey } from '../../shared/keys/identity.js';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { keptLog } from '../support/log.js';
import { type MitmSettings, openMitmProxy } from '../support/mitm-proxy.js';
import { pairBehindTheScenes } from '../support/paired.js';
import { makeJpeg } from '../support/pictures.js';
import { missing } from '../support/programs.js';
import { speakTo, startReceiver } from '../support/receiver.js';
import { spoolSettings } from '../support/spool-settings.js';
import { temporaryDirectory } from '../support/temporary.js';
import { noStatus } from '../support/uplink-status.js';

const pictures = [0, 1, 2, 3].map((number) => makeJpeg(number, { widthPx: 320, heightPx: 240 }));
const jpeg = makeJpeg(1, { widthPx: 320, heightPx: 240 });
const noOpenssl = missing('openssl', 'openssl');

/** An agent with one frame for the receiver at a port, until the test ends. */
function deliverTo(port: number, key: CameraKey) {
  const destination = { host: '127.0.0.1', port };
  const spools = SpoolSet.inMemory([destination], spoolSettings);
  const spool = spools.spoolFor(destination);
  const { log, lines } = keptLog();
  const uplink = new Uplink({
    status: noStatus,
    announces: false,
    ...{ destination, camera: key.camera, spools, clock: systemClock, log, random: () => 0 },
    keys: { keysFor: () => Promise.resolve([key]) },
    signing: undefined,
    reports: undefined,
  });
  const controller = new AbortController();
  const running = uplink.run(controller.signal);
  onTestFinished(async () => {
    controller.abort();
    await running;
  });
  const send = (number: number) =>
    spools.add({
      jpeg: pictures[number] ?? jpeg,
      capturedAtMs: Date.UTC(2026, 10, 22) + number,
      utcOffsetMinutes: 0,
      verdict: { reason: 'change', ratio: 0.5, boxes: [] },
    });
  const delivered = (): Promise<boolean> =>
    eventually(() => spool.waitingCount === 0, 'everything delivered');
  const saysWhy = (words: string): Promise<boolean> =>
    eventually(() => lines.some((line) => line.includes(words)), `the agent says '${words}'`);
  return { spool, lines, send, delivered, saysWhy };
}

/** A paired agent, its receiver, and an attacker between them. */
async function stage(pass?: MitmSettings['pass']) {
  const receiver = await startReceiver();
  const key = await pairBehindTheScenes(receiver.folder, 'yard');
  const middle = await openMitmProxy({ targetPort: receiver.port, ...(pass && { pass }) });
  return { receiver, key, middle, agent: deliverTo(middle.port, key) };
}

/** Every stored picture, by name. */
function stored(directory: string): Buffer[] {
  return filesBelow(directory).map((name) => readFileSync(join(directory, name)));
}

/** An attacker that answers in place of the receiver. @returns the data that the agent sends */
async function pretend(answer: string): Promise<{ port: number; heard: () => Buffer }> {
  let heard = Buffer.alloc(0);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (heard = Buffer.concat([heard, chunk])));
    socket.write(answer);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, heard: () => heard };
}

describe('a man in the middle', () => {
  it('that records sees the identity, and neither messages nor pictures', async () => {
    const { agent, middle, key, receiver } = await stage();
    await agent.send(1);
    await agent.delivered();
    expect(stored(receiver.directory)).toEqual([pictures[1]]);
    const [{ up, down } = { up: Buffer.alloc(0), down: Buffer.alloc(0) }] = middle.heard;
    expect(up.length).toBeGreaterThan(jpeg.length);
    expect(up.includes(`yard.${key.id}`)).toBe(true);
    const both = Buffer.concat([up, down]);
    expect(both.indexOf('yard', up.indexOf('yard') + 1)).toBe(-1);
    for (const words of ['PICC', 'hello', 'welcome', 'stored', '2026_11_22', key.key]) {
      expect(both.includes(words)).toBe(false);
    }
    expect(both.includes(jpeg.subarray(100, 116))).toBe(false);
  });

  it('that replays recorded data is refused by both sides', async () => {
    const { agent, middle, receiver } = await stage();
    await agent.send(1);
    await agent.delivered();
    const [{ up } = { up: Buffer.alloc(0) }] = middle.heard;
    const { socket, heard } = speakTo(receiver.port);
    socket.end(up);
    await heard;
    const refusals = (): string[] =>
      receiver.lines.filter((line) => line.includes('connection closed'));
    await eventually(() => refusals().length > 0, 'the receiver closes it');
    expect(receiver.lines.filter((line) => line.includes('agent connected'))).toHaveLength(1);
    expect(stored(receiver.directory)).toHaveLength(1);
  });

  it.each(['up', 'down'] as const)(
    'that alters a byte on the way %s breaks the connection, and no frame is lost or damaged',
    async (where) => {
      let altered = 0;
      const { agent, receiver } = await stage((chunk, way, at) => {
        // After the handshake.
        if (way !== where || altered > 0 || at < 600) return chunk;
        altered += 1;
        const changed = Buffer.from(chunk);
        changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
        return changed;
      });
      for (const number of [1, 2, 3]) {
        await agent.send(number);
        await agent.delivered();
      }
      expect(altered).toBe(1);
      expect(stored(receiver.directory)).toEqual([1, 2, 3].map((number) => pictures[number]));
      expect(agent.lines.some((line) => line.includes('cannot deliver'))).toBe(true);
    },
  );

  it('that puts another camera into the ClientHello is refused, whether that camera is paired or not', async () => {
    const { agent, receiver, key } = await stage((chunk, way, at) => {
      if (way !== 'up' || at > 0) return chunk;
      return Buffer.from(chunk.toString('latin1').replace('yard', 'shed'), 'latin1');
    });
    await receiver.folder.update('shed', () => ({
      paired: { id: key.id, key: randomBytes(32).toString('hex'), pairedAtMs: 0 },
    }));
    await agent.send(1);
    await agent.saysWhy('does not know this key');
    expect(stored(receiver.directory)).toEqual([]);
  });

  it.each([
    ['the preface of an open receiver', 'PICC/1\n'],
    ['a line that it does not use TLS', 'this receiver does not speak TLS\n'],
    ['nonsense', '\x16\x03\x03\x00\x04\x0e\x00\x00\x00'],
  ])('who speaks %s gets no word in the clear', async (_, answer) => {
    const { port, heard } = await pretend(answer);
    const key = { camera: 'yard', id: 'k1', key: randomBytes(32) };
    const agent = deliverTo(port, key);
    await agent.send(1);
    await agent.saysWhy('cannot deliver');
    await eventually(() => agent.lines.length > 0 && heard().length > 0, 'a greeting');
    expect(heard().subarray(0, 2).toString('hex')).toBe('1603');
    expect(heard().includes('PICC')).toBe(false);
    expect(heard().includes(jpeg.subarray(100, 116))).toBe(false);
    expect(agent.spool.waitingCount).toBe(1);
  });

  it('with another key under the same name gets no data', async () => {
    const receiver = await startReceiver();
    const other = await pairBehindTheScenes(receiver.folder, 'yard');
    const agent = deliverTo(receiver.port, { ...other, key: randomBytes(32) });
    await agent.send(1);
    await agent.saysWhy('does not know this key');
    expect(stored(receiver.directory)).toEqual([]);
  });

  it('with a certificate gets no data', async (test) => {
    test.skip(noOpenssl !== undefined, noOpenssl);
    const folder = temporaryDirectory();
    const [keyFile, certFile] = [join(folder, 'key'), join(folder, 'cert')];
    const made = spawnSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-subj', '/CN=127.0.0.1', '-keyout', keyFile, '-out', certFile],
    ]);
    expect(made.stderr.toString()).not.toContain('rror');
    let heard = '';
    const pems = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
    const server = createTlsServer(pems, (socket) => {
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
      socket.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const key = { camera: 'yard', id: 'k1', key: randomBytes(32) };
    const agent = deliverTo((server.address() as AddressInfo).port, key);
    await agent.send(1);
    await agent.saysWhy('cannot deliver');
    expect(heard).toBe('');
    expect(agent.spool.waitingCount).toBe(1);
  });
});
