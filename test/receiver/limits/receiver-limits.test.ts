/** Peers that spend more than they may, over real sockets. Floods against the programs: test/integration/floods. */
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

/** A JPEG with so many bytes behind it that it has `byteCount`. */
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

describe('a connection', () => {
  it.each([
    ['says nothing', ''],
    ['says a preface and no hello', 'PICC/1\n'],
    ['sends half a preface', 'PIC'],
    ['begins with TLS and goes no further', '\x16\x03\x01\x02\x00\x01'],
  ])('that %s is cut at the deadline', async (_, bytes) => {
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

  it('that looks busy without a hello is cut at the deadline all the same', async () => {
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

  it('that is welcome is not', async () => {
    const clock = new FakeClock();
    const { port } = await startReceiver({}, { clock });
    const agent = await welcomed(port);
    await clock.advance(helloDeadlineMs);
    agent.say({ type: 'ping' });
    await agent.answer('pong');
  });

  it.each([
    ['pings', { type: 'ping' }],
    ['messages that nobody knows', { type: 'poetry' }],
  ])('that sends nothing but %s is told so and closed', async (_, message) => {
    const { port } = await startReceiver();
    const agent = await welcomed(port);
    for (let at = 0; at < maxIdleMessagesPerMinute; at += 1) agent.say(message);
    expect((await agent.answer('bye')).message).toContain('messages without payload');
  });

  it('that sends as many frames is not', async () => {
    const { port } = await startReceiver();
    const agent = await welcomed(port);
    const count = maxIdleMessagesPerMinute + 10;
    const jpeg = makeJpeg(1);
    for (let sequence = 1; sequence <= count; sequence += 1) agent.frame(sequence, jpeg);
    await agent.answer('stored', count);
  });

  it('may not have a body in memory before it is welcome', async () => {
    const { port } = await startReceiver();
    const agent = new AgentPeer(port);
    const [head] = encodeMessage({ type: 'poetry' }, Buffer.alloc(1000));
    agent.socket.write(head);
    expect(await agent.answer('bye')).toMatchObject({ message: 'hello must come first' });
  });

  it('that drips a frame is told so and closed', async () => {
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

  it('that drips a raw picture is told so and closed', async () => {
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

  it('without a key is refused when its address has enough of them, with a time to come back', async () => {
    const { port } = await startReceiver({ maxConnectionsPerAddress: 1 });
    await welcomed(port);
    const agent = new AgentPeer(port);
    agent.hello('shed');
    expect(await agent.answer('bye')).toMatchObject({ code: 'busy', retryAfterMs: 10_000 });
    const { socket, heard } = speakTo(port);
    socket.write(makeJpeg(1));
    expect((await heard).toString()).toContain('--max-connections-per-address');
  });

  it('cannot fill the log', async () => {
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
  it('is refused for the rest of the minute, and taken after it', async () => {
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

  it('has no more under another name, when it has no key', async () => {
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

  it('is told so where it speaks raw', async () => {
    const { port, directory } = await startReceiver({ maxBytesPerMinute: 1 });
    const { socket, heard } = speakTo(port);
    socket.write(Buffer.concat([makeJpeg(1), makeJpeg(2)]));
    expect((await heard).toString()).toContain('the limit set by --quota');
    expect(filesBelow(directory)).toHaveLength(1);
  });
});

describe('frames for which there is no memory', () => {
  it.each(['framed', 'raw'])(
    'wait for those that have it, and are taken then (%s)',
    async (how) => {
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
      // What is small needs none.
      for (let sequence = 1; sequence <= 20; sequence += 1)
        third.frame(sequence, makeJpeg(sequence));
      await third.answer('stored', 20);
      first.socket.write(large.subarray(-1));
      await first.answer('stored');
      await eventually(() => order.length >= 22, 'all of it');
      expect(order.filter((camera) => camera !== 'third')[0]).toBe('first');
    },
  );
});

describe('a peer that is told why it is cut', () => {
  it('hears it, though it goes on sending', async () => {
    const { port } = await startReceiver({ maxFrameBytes: 4096 });
    const agent = await welcomed(port);
    agent.frame(1, Buffer.alloc(2 ** 22));
    expect(await agent.answer('bye')).toMatchObject({ code: 'protocol' });
    agent.socket.end();
    await agent.over;
    // What it had on the way was read away: a reset would have left some of it here.
    expect(agent.socket.writableLength).toBe(0);
    expect(agent.socket.errored).toBeNull();
  });

  it('hears it, though it speaks another language without end', async () => {
    const { port } = await startReceiver();
    const { socket, heard } = speakTo(port);
    socket.end(Buffer.alloc(2 ** 22, 'GET / '));
    expect((await heard).toString()).toContain('this is a picchanged receiver');
    expect(socket.errored).toBeNull();
  });
});
