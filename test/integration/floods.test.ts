/**
 * Floods against the built receiver, while a paired camera delivers: its frames all arrive, and the memory
 * stays bounded. The test prints the receiver's peak memory.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { KeyFolder } from '../../receiver/access/keys/key-folder.js';
import { AgentPeer } from '../support/agent-peer.js';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import {
  beginTls,
  connectWithKey,
  outcomeOf,
  pairBehindTheScenes,
  proving,
} from '../support/paired.js';
import { household } from '../support/pairing.js';
import { makeJpeg } from '../support/pictures.js';
import { type Running, startAgent, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const mebi = 2 ** 20;

/** Peak memory of a process, from proc(5); printed by the test. */
function peakBytes({ child }: Running, of: string): number {
  const status = readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8');
  const bytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  console.log(`${of}: the receiver had at most ${Math.round(bytes / mebi)} MiB`);
  return bytes;
}

/** A connection that is closed with the test. */
function open(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** A receiver, and a paired agent that sends the files of a folder. */
async function atHome(...args: string[]) {
  const { captures, keys, state, receive, line, type } = household();
  const receiver = await receive(...args);
  expect(await type(await line('frontdoor', receiver.address))).toMatchObject({ code: 0 });
  const folder = temporaryDirectory();
  const from = ['--source', `folder:${folder}`, '--all', '--state', state];
  const agent = startAgent(['--host', receiver.address, ...from, '--verbose']);
  await agent.says('watching');
  let made = 0;
  return {
    ...{ receiver, agent, keys: new KeyFolder(keys) },
    /** Makes frames. Resolves when exactly these are stored. */
    deliver: async (count: number): Promise<void> => {
      for (const end = made + count; made < end; made += 1) {
        writeFileSync(join(folder, `${made}.jpg`), makeJpeg(made));
      }
      const arrived = (): string[] =>
        filesBelow(captures).filter((name) => name.startsWith('frontdoor/'));
      await eventually(() => arrived().length >= made, `${made} frames`);
      const sent = Array.from({ length: made }, (_, number) => makeJpeg(number).toString('hex'));
      const stored = arrived().map((name) => readFileSync(join(captures, name), 'hex'));
      expect(stored.sort()).toEqual(sent.sort());
    },
    /** Cuts the agent's connection, so that it reconnects. */
    reconnect: async (): Promise<void> => {
      await agent.stop();
      const again = startAgent(['--host', receiver.address, ...from, '--verbose']);
      await again.says('connected');
    },
  };
}

/** The first bytes of a ClientHello, without the announced rest. */
const startOfTls = Buffer.from('16030102000100', 'hex');

describe('a paired camera is served', () => {
  it.each([
    ['connections without data', Buffer.alloc(0)],
    ['unfinished handshakes', startOfTls],
    ['prefaces without an end', Buffer.from('PICC/')],
  ])('beside 1,000 %s', async (title, bytes) => {
    const { receiver, deliver, reconnect } = await atHome();
    await deliver(5);
    const flood = Array.from({ length: 1000 }, () => open(receiver.port));
    for (const socket of flood) if (bytes.length > 0) socket.write(bytes);
    for (const socket of flood) if (socket.connecting) await once(socket, 'connect');
    await deliver(10);
    await reconnect();
    await deliver(10);
    expect(peakBytes(receiver, title)).toBeLessThan(300 * mebi);
    const told = receiver.stderr().match(/evicted by newer connections/g) ?? [];
    expect(told.length).toBeGreaterThan(0);
    expect(receiver.stderr().split('\n').length).toBeLessThan(100);
  });

  it('beside 200 handshakes a second with wrong keys', async () => {
    const { receiver, deliver, reconnect } = await atHome();
    const outcomes = new Map<string, number>();
    const flooding = new AbortController();
    const flood = (async () => {
      const running = new Set<Promise<void>>();
      while (!flooding.signal.aborted) {
        for (let at = 0; at < 10; at += 1) {
          const id = randomBytes(4).toString('hex');
          const key = { camera: at % 2 ? 'pair' : 'frontdoor', id, key: randomBytes(32) };
          const socket = beginTls(receiver.port, proving(key));
          const trying = outcomeOf(socket).then((outcome) => {
            outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
            socket.destroy();
            running.delete(trying);
          });
          running.add(trying);
        }
        await delay(50);
      }
      await Promise.all(running);
    })();
    const count = (): number => [...outcomes.values()].reduce((sum, each) => sum + each, 0);
    await eventually(() => count() > 400, '400 handshakes');
    await deliver(10);
    await reconnect();
    await deliver(10);
    await eventually(() => count() > 1000, '1,000 handshakes');
    await deliver(10);
    flooding.abort();
    await flood;
    expect(outcomes.get('secure')).toBeUndefined();
    expect(peakBytes(receiver, `${count()} wrong keys`)).toBeLessThan(300 * mebi);
    expect(receiver.stderr().split('\n').length).toBeLessThan(100);
  });

  it('beside another one that floods the receiver with pings and invalid frames', async () => {
    const { receiver, deliver, keys } = await atHome();
    const key = await pairBehindTheScenes(keys, 'shed');
    for (let round = 0; round < 5; round += 1) {
      const shed = new AgentPeer(await connectWithKey(receiver.port, key));
      shed.hello('shed');
      await shed.answer('welcome');
      for (let sequence = 1; sequence <= 500; sequence += 1) {
        shed.frame(sequence, Buffer.alloc(1000));
      }
      for (let at = 0; at < 10_000; at += 1) shed.say({ type: 'ping' });
      await deliver(5);
      await shed.over;
      expect(shed.messages.filter(({ type }) => type === 'pong').length).toBeLessThan(1000);
    }
    expect(peakBytes(receiver, 'pings')).toBeLessThan(300 * mebi);
    expect(receiver.stderr().split('\n').length).toBeLessThan(100);
  });
});

describe('a paired camera is served beside 16 peers with refused work', () => {
  const jpeg = makeJpeg(0);
  const ways: Readonly<Record<string, (agent: AgentPeer, at: number) => void>> = {
    'wrong hashes': (agent, at) => agent.frame(at, jpeg, { sha256: '0'.repeat(64) }),
    'no JPEGs': (agent, at) => agent.frame(at, Buffer.alloc(500)),
    'pictures that take long to look at': (agent, at) =>
      agent.frame(at, Buffer.concat([jpeg.subarray(0, 600), Buffer.alloc(2 ** 20, 'ff00', 'hex')])),
    'frames beyond the quota': (agent, at) => agent.frame(at, jpeg),
    'the same frame': (agent) => agent.frame(1, jpeg),
    'notes of dropped frames': (agent, at) => agent.dropped(at),
  };

  /** Sends as much as the receiver reads, until the signal aborts. */
  async function flood(
    agent: AgentPeer,
    way: (agent: AgentPeer, at: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const isWaiting = (): boolean =>
      agent.socket.writableNeedDrain && !agent.socket.destroyed && !signal.aborted;
    for (let at = 1; !signal.aborted; at += 1) {
      way(agent, at);
      while (isWaiting()) await delay(5);
      if (at % 100 === 0) await delay(1);
    }
    agent.socket.destroy();
  }

  it.each(Object.entries(ways))('%s, without a key and with one', async (title, way) => {
    const { receiver, deliver, reconnect, keys } = await atHome('--open', '--quota', '1MiB');
    const stop = new AbortController();
    const shed = new AgentPeer(
      await connectWithKey(receiver.port, await pairBehindTheScenes(keys, 'shed')),
    );
    shed.hello('shed');
    const strangers = Array.from({ length: 15 }, () => new AgentPeer(receiver.port));
    for (const [number, stranger] of strangers.entries()) stranger.hello(`stranger-${number}`);
    const agents = [shed, ...strangers];
    const floods = agents.map((agent) => flood(agent, way, stop.signal));
    await deliver(10);
    await reconnect();
    await deliver(10);
    stop.abort();
    await Promise.all(floods);
    expect(peakBytes(receiver, title)).toBeLessThan(300 * mebi);
    expect(receiver.stderr().split('\n').length).toBeLessThan(200);
  });

  it('hellos, each under a new name', async () => {
    const { receiver, deliver, reconnect } = await atHome('--open');
    const stop = new AbortController();
    const greeters = Array.from({ length: 16 }, async (_, greeter) => {
      for (let at = 0; !stop.signal.aborted; at += 1) {
        const agent = new AgentPeer(receiver.port);
        agent.hello(`new-${greeter}-${at}`);
        const isWaiting = (): boolean =>
          agent.messages.length === 0 && !agent.socket.destroyed && !stop.signal.aborted;
        while (isWaiting()) await delay(5);
        agent.socket.destroy();
        await delay(5);
      }
    });
    await deliver(10);
    await reconnect();
    await deliver(10);
    stop.abort();
    await Promise.all(greeters);
    expect(receiver.stderr().split('\n').length).toBeLessThan(200);
  });
});

describe('large frames that arrive at once', () => {
  it('stay within --max-memory, and are all stored', async () => {
    const directory = temporaryDirectory();
    const limits = ['--max-memory', '64MiB', '--max-connections-per-address', '64'];
    const receiver = await startReceiverProgram(directory, limits);
    const frame = Buffer.concat([makeJpeg(1), Buffer.alloc(15 * mebi)]);
    const agents = Array.from({ length: 24 }, () => new AgentPeer(receiver.port));
    for (const [number, agent] of agents.entries()) {
      agent.hello(`camera-${number}`);
      await agent.answer('welcome');
      agent.beginFrame(1, frame);
    }
    const unsent = (): number => agents.reduce((sum, { socket }) => sum + socket.writableLength, 0);
    // Waits until the receiver reads no further.
    let before = Infinity;
    while (unsent() < before) {
      before = unsent();
      await delay(1000);
    }
    const beforeTheEnd = peakBytes(receiver, '24 frames of 15 MiB without their ends');
    for (const { socket } of agents) socket.write(frame.subarray(-1));
    for (const agent of agents) await agent.answer('stored');
    expect(filesBelow(directory)).toHaveLength(agents.length);
    // Without a limit all 360 MiB of them are in memory.
    expect(beforeTheEnd).toBeLessThan(250 * mebi);
    expect(peakBytes(receiver, '24 frames of 15 MiB')).toBeLessThan(300 * mebi);
  });
});
