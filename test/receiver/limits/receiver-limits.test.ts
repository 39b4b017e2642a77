/** The receiver's limits over real sockets. Floods against the programs: test/integration/floods. */
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { maxRepeatedLines } from '../../../receiver/limits/receiver-limits.js';
import {
  helloDeadlineMs,
  maxIdleMessagesPerMinute,
} from '../../../shared/protocol/protocol-limits.js';
import { encodeMessage } from '../../../shared/protocol/wire.js';
import { AgentPeer } from '../../support/agent-peer.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { filesBelow } from '../../support/files.js';
import { makeJpeg } from '../../support/pictures.js';
import { speakTo, startReceiver } from '../../support/receiver.js';

/** A JPEG, padded to `byteCount` bytes. */
const picture = (number: number, byteCount: number): Buffer => {
  const jpeg = makeJpeg(number);
  return Buffer.concat([jpeg, Buffer.alloc(byteCount - jpeg.length)]);
};

async function welcomed(port: number, camera = 'yard') {
  const agent = new AgentPeer(port);
  agent.hello(camera);
  await agent.answer('welcome');
  return agent;
}

describe('limits of a connection', () => {
  it.each([
    ['sends nothing', ''],
    ['sends a preface and no hello', 'PICC/1\n'],
    ['sends half a preface', 'PIC'],
    ['begins TLS and stops', '\x16\x03\x01\x02\x00\x01'],
  ])('one that %s is closed at the deadline', async (_, bytes) => {
    const clock = new FakeClock();
    const { port, lines } = await startReceiver({}, { clock });
    const { socket, heard } = speakTo(port);
    await once(socket, 'connect');
    socket.write(bytes);
    await eventually(() => clock.pauses.length > 0, 'the connection');
    await clock.advance(helloDeadlineMs);
    await heard;
    await eventually(
      () => lines.join().includes('handshake and hello took more than 10 s'),
      'a line',
    );
  });

  it('one that sends other messages than a hello is closed at the deadline too', async () => {
    const clock = new FakeClock();
    const { port, lines } = await startReceiver({}, { clock });
    const agent = new AgentPeer(port);
    for (let at = 0; at < 10; at += 1) {
      agent.say({ type: 'poetry' });
      await eventually(() => agent.socket.writableLength === 0, 'it is sent');
      await clock.advance(helloDeadlineMs / 10);
    }
    await agent.over;
    await eventually(
      () => lines.join().includes('handshake and hello took more than 10 s'),
      'a line',
    );
  });

  it('one with a welcome stays open after the deadline', async () => {
    const clock = new FakeClock();
    const { port } = await startReceiver({}, { clock });
    const agent = await welcomed(port);
    await clock.advance(helloDeadlineMs);
    agent.say({ type: 'ping' });
    await agent.answer('pong');
  });

  it.each([
    ['pings', { type: 'ping' }],
    ['messages of unknown types', { type: 'poetry' }],
  ])('one that sends only %s gets a bye and is closed', async (_, message) => {
    const { port } = await startReceiver();
    const agent = await welcomed(port);
    for (let at = 0; at < maxIdleMessagesPerMinute; at += 1) agent.say(message);
    expect((await agent.answer('bye')).message).toContain('messages without payload');
  });

  it('one that sends as many frames stays open', async () => {
    const { port } = await startReceiver();
    const agent = await welcomed(port);
    const count = maxIdleMessagesPerMinute + 10;
    const jpeg = makeJpeg(1);
    for (let sequence = 1; sequence <= count; sequence += 1) agent.frame(sequence, jpeg);
    await agent.answer('stored', count);
  });

  it('one without a welcome may not send a body', async () => {
    const { port } = await startReceiver();
    const agent = new AgentPeer(port);
    const [head] = encodeMessage({ type: 'poetry' }, Buffer.alloc(1000));
    agent.socket.write(head);
    expect(await agent.answer('bye')).toMatchObject({ message: 'hello must come first' });
  });

  it('one that sends a frame too slowly gets a bye and is closed', async () => {
    const clock = new FakeClock();
    const { port, lines } = await startReceiver({}, { clock });
    const agent = await welcomed(port);
    const [head] = encodeMessage({ type: 'frame' }, Buffer.alloc(1000));
    agent.socket.write(head);
    const drip = async (): Promise<boolean> => {
      agent.socket.write('.');
      await eventually(() => agent.socket.writableLength === 0, 'it is sent');
      await clock.advance(10_000);
      return agent.messages.some(({ type }) => type === 'bye');
    };
    await eventually(drip, 'a bye');
    expect(await agent.answer('bye')).toMatchObject({ code: 'slow' });
    await agent.over;
    expect(lines.join()).toContain('at less than 1024 bytes a second');
  });

  it('one that sends a raw picture too slowly gets the reason and is closed', async () => {
    const clock = new FakeClock();
    const { port, directory } = await startReceiver({}, { clock });
    const { socket, heard } = speakTo(port);
    let isOver = false;
    void heard.then(() => (isOver = true));
    socket.write(Buffer.concat([makeJpeg(1), makeJpeg(1).subarray(0, 300)]));
    await eventually(() => filesBelow(directory).length === 1, 'the first picture');
    const drip = async (): Promise<boolean> => {
      socket.write('.');
      await clock.advance(10_000);
      return isOver;
    };
    await eventually(drip, 'the end');
    expect((await heard).toString()).toContain('at less than 1024 bytes a second');
    expect(filesBelow(directory)).toHaveLength(1);
  });

  it('one without a key beyond the limit of its address is refused with a time to retry', async () => {
    const { port } = await startReceiver({ maxConnectionsPerAddress: 1 });
    await welcomed(port);
    const agent = new AgentPeer(port);
    agent.hello('shed');
    expect(await agent.answer('bye')).toMatchObject({ code: 'busy', retryAfterMs: 10_000 });
    const { socket, heard } = speakTo(port);
    socket.write(makeJpeg(1));
    expect((await heard).toString()).toContain('--max-connections-per-address');
  });

  it('one with many refused frames does not flood the log', async () => {
    const { port, lines } = await startReceiver();
    const agent = await welcomed(port);
    const jpeg = makeJpeg(1);
    for (let sequence = 1; sequence <= 100; sequence += 1) {
      agent.frame(sequence, jpeg, { sha256: '0'.repeat(64) });
    }
    await agent.answer('refused', 100);
    const told = lines.filter((line) => line.includes('frame refused'));
    expect(told).toHaveLength(maxRepeatedLines);
  });
});

describe('a camera beyond its quota', () => {
  it('is refused for the rest of the minute, and accepted after it', async () => {
    const clock = new FakeClock();
    const { port, directory } = await startReceiver({ maxBytesPerMinute: 10_000 }, { clock });
    const agent = await welcomed(port);
    agent.frame(1, picture(1, 10_000));
    await agent.answer('stored');
    await clock.advance(20_000);
    agent.frame(2, picture(2, 10_000));
    agent.dropped(3);
    expect(await agent.answer('refused', 2)).toMatchObject({
      ...{ sequence: 3, code: 'quota', retry: true, retryAfterMs: 40_000 },
      message: 'more than 10kB in a minute, the limit set by --quota',
    });
    await clock.advance(40_000);
    agent.frame(2, picture(2, 10_000));
    await agent.answer('stored', 2);
    expect(filesBelow(directory)).toHaveLength(2);
  });

  it('has no second quota under another name when it has no key', async () => {
    const { port, directory } = await startReceiver({ maxBytesPerMinute: 10_000 });
    const agent = await welcomed(port);
    agent.frame(1, picture(1, 10_000));
    await agent.answer('stored');
    const other = await welcomed(port, 'shed');
    other.frame(1, picture(1, 10_000));
    expect(await other.answer('refused')).toMatchObject({ code: 'quota' });
    const { socket, heard } = speakTo(port);
    socket.write(makeJpeg(1));
    expect((await heard).toString()).toContain('the limit set by --quota');
    expect(filesBelow(directory)).toHaveLength(1);
  });

  it('gets the reason when it sends raw pictures', async () => {
    const { port, directory } = await startReceiver({ maxBytesPerMinute: 1 });
    const { socket, heard } = speakTo(port);
    socket.write(Buffer.concat([makeJpeg(1), makeJpeg(2)]));
    expect((await heard).toString()).toContain('the limit set by --quota');
    expect(filesBelow(directory)).toHaveLength(1);
  });
});

describe('frames beyond the memory limit', () => {
  it.each(['framed', 'raw'])('wait for memory, and are stored then (%s)', async (how) => {
    const order: string[] = [];
    const onStored = ({ camera }: { camera: string }): unknown => order.push(camera);
    const limits = { maxFrameBytes: 2 ** 20, maxMemoryBytes: 2 ** 21 };
    const { port } = await startReceiver(limits, { onStored: (stored) => void onStored(stored) });
    const large = picture(1, 2 ** 20);
    const first = await welcomed(port, 'first');
    const [second, third] = [await welcomed(port, 'second'), await welcomed(port, 'third')];
    first.beginFrame(1, large);
    await eventually(() => first.socket.writableLength === 0, 'most of it is sent');
    if (how === 'framed') second.frame(1, large);
    else speakTo(port).socket.end(makeJpeg(2, { widthPx: 1000, heightPx: 800 }));
    // Small frames are not counted.
    for (let sequence = 1; sequence <= 20; sequence += 1) third.frame(sequence, makeJpeg(sequence));
    await third.answer('stored', 20);
    first.socket.write(large.subarray(-1));
    await first.answer('stored');
    await eventually(() => order.length >= 22, 'all of it');
    expect(order.filter((camera) => camera !== 'third')[0]).toBe('first');
  });
});

describe('a lingering close', () => {
  it('delivers the bye to a peer that keeps sending', async () => {
    const { port } = await startReceiver({ maxFrameBytes: 4096 });
    const agent = await welcomed(port);
    agent.frame(1, Buffer.alloc(2 ** 22));
    expect(await agent.answer('bye')).toMatchObject({ code: 'protocol' });
    agent.socket.end();
    await agent.over;
    // The receiver read the rest: after a reset some of it would be left here.
    expect(agent.socket.writableLength).toBe(0);
    expect(agent.socket.errored).toBeNull();
  });

  it('delivers the usage line to a peer that sends an unknown protocol without end', async () => {
    const { port } = await startReceiver();
    const { socket, heard } = speakTo(port);
    socket.end(Buffer.alloc(2 ** 22, 'GET / '));
    expect((await heard).toString()).toContain('this is a picchanged receiver');
    expect(socket.errored).toBeNull();
  });
});
