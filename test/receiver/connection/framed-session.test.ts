/** The receiver's answers to an agent, over real sockets and a real store. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import { AgentPeer } from '../../support/agent-peer.js';
import { filesBelow, unfinishedBelow } from '../../support/files.js';
import { makeJpeg } from '../../support/pictures.js';
import { startReceiver } from '../../support/receiver.js';
import { temporaryDirectory } from '../../support/temporary.js';

describe('an agent', () => {
  it('gets a welcome with the limits', async () => {
    const { port, directory } = await startReceiver({ maxFrameBytes: 12_345 });
    const agent = new AgentPeer(port);
    agent.hello();
    const welcome = await agent.answer('welcome');
    expect(welcome).toMatchObject({ maxFrameBytes: 12_345, maxInFlight: 8 });
    const marker = readFileSync(join(directory, '.picchanged.json'), 'utf8');
    expect(JSON.parse(marker)).toEqual({ id: welcome.receiverId });
  });

  it('gets an acknowledgement only when the file is there, byte for byte', async () => {
    const { port, directory } = await startReceiver();
    const agent = new AgentPeer(port);
    agent.hello();
    agent.frame(1, makeJpeg(1));
    const { name, duplicate } = await agent.answer('stored');
    expect(readFileSync(join(directory, name))).toEqual(makeJpeg(1));
    expect({ name, duplicate }).toEqual({
      name: 'yard/2026_11_22/2026_11_22_00_00_00_001+0000.jpg',
      duplicate: false,
    });
  });

  it('that sends a frame again on another connection gets a duplicate', async () => {
    const { port, directory } = await startReceiver();
    const first = new AgentPeer(port);
    first.hello();
    first.frame(1, makeJpeg(1));
    await first.answer('stored');
    const second = new AgentPeer(port);
    second.hello();
    second.frame(1, makeJpeg(1));
    expect(await second.answer('stored')).toMatchObject({ sequence: 1, duplicate: true });
    expect(filesBelow(directory)).toHaveLength(1);
  });

  it('that sends a frame twice at once gets two answers, for one file', async () => {
    const { port, directory } = await startReceiver();
    const agent = new AgentPeer(port);
    agent.hello();
    agent.frame(1, makeJpeg(1));
    agent.frame(1, makeJpeg(1));
    const both = [await agent.answer('stored', 1), await agent.answer('stored', 2)];
    expect(both.map(({ duplicate }) => duplicate).sort()).toEqual([false, true]);
    expect(filesBelow(directory)).toHaveLength(1);
  });

  it('that reports dropped frames is acknowledged when the gap is recorded', async () => {
    const { port, directory, lines } = await startReceiver();
    const agent = new AgentPeer(port);
    agent.hello();
    agent.dropped(5);
    const { name, duplicate } = await agent.answer('stored');
    expect({ name, duplicate }).toEqual({ name: 'yard/2026_11_22/record.jsonl', duplicate: false });
    expect(readFileSync(join(directory, name), 'utf8')).toContain('"sequence":5,"count":12,');
    agent.dropped(5);
    expect(await agent.answer('stored', 2)).toMatchObject({ sequence: 5, duplicate: true });
    const logged = lines.filter((line) => line.includes('agent dropped frames'));
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain('camera=yard count=12 why=size from=2026-11-22T00:00:00.005Z');
  });

  it('that sends many frames without waiting gets an answer to each', async () => {
    const { port, directory } = await startReceiver();
    const agent = new AgentPeer(port);
    agent.hello();
    for (let sequence = 1; sequence <= 100; sequence += 1)
      agent.frame(sequence, makeJpeg(sequence));
    agent.say({ type: 'bye' });
    await agent.over;
    const stored = agent.messages.filter(({ type }) => type === 'stored');
    expect(new Set(stored.map((each) => each.type === 'stored' && each.sequence)).size).toBe(100);
    expect(filesBelow(directory)).toHaveLength(100);
    expect(agent.messages.at(-1)).toEqual({ type: 'bye' });
  });

  it('gets a retryable refusal for a frame whose SHA-256 is wrong', async () => {
    const { port, directory } = await startReceiver();
    const agent = new AgentPeer(port);
    agent.hello();
    agent.frame(1, makeJpeg(1), { sha256: '0'.repeat(64) });
    expect(await agent.answer('refused')).toMatchObject({ sequence: 1, code: 'hash', retry: true });
    expect(filesBelow(directory)).toEqual([]);
  });

  it.each([
    ['text', Buffer.from('hello')],
    ['half a JPEG', makeJpeg(1).subarray(0, 200)],
    ['nothing', Buffer.alloc(0)],
  ])('is refused %s for good', async (_, bytes) => {
    const { port, directory } = await startReceiver();
    const agent = new AgentPeer(port);
    agent.hello();
    agent.frame(1, bytes);
    expect(await agent.answer('refused')).toMatchObject({ code: 'not-a-jpeg', retry: false });
    expect(filesBelow(directory)).toEqual([]);
  });

  it('gets a retry delay for a frame that the store cannot take', async () => {
    const store = await openFrameStore(temporaryDirectory(), Date.now());
    store.put = () =>
      Promise.reject(new OperationalError('STORE', 'cannot store', { hint: 'make room' }));
    const { port, lines } = await startReceiver({}, { store });
    const agent = new AgentPeer(port);
    agent.hello();
    for (let sequence = 1; sequence <= 5; sequence += 1) agent.frame(sequence, makeJpeg(1));
    expect(await agent.answer('refused', 5)).toMatchObject({
      code: 'store',
      retry: true,
      retryAfterMs: 5000,
      message: 'cannot store; make room',
    });
    // One warning, not one per frame: a full disk must not fill the log.
    expect(lines.filter((line) => line.startsWith('<4>'))).toEqual([
      '<4>test: cannot store frames of yard; its agent keeps them error="cannot store; make room" code=STORE',
    ]);
  });

  it('gets an answer to a ping', async () => {
    const { port } = await startReceiver();
    const agent = new AgentPeer(port);
    agent.hello();
    agent.say({ type: 'ping' });
    expect(await agent.answer('pong')).toEqual({ type: 'pong' });
  });

  it('of a newer minor version is served, its unknown messages and fields skipped', async () => {
    const { port } = await startReceiver();
    const agent = new AgentPeer(port);
    agent.say({
      type: 'hello',
      camera: 'yard',
      epoch: '0'.repeat(32),
      agent: '9',
      extra: { a: 1 },
    });
    agent.say({ type: 'poetry', lines: 3 }, Buffer.from('roses'));
    agent.frame(1, makeJpeg(1), { mood: 'good' });
    expect(await agent.answer('stored')).toMatchObject({ sequence: 1 });
  });

  it.each([
    ['frames before hello', { type: 'frame', sequence: 1 }, 'frame message with an invalid'],
    ['a ping before hello', { type: 'ping' }, 'hello must come first'],
    [
      'a camera name that is a path',
      { type: 'hello', camera: '../x', epoch: '0'.repeat(32), agent: '1' },
      'camera',
    ],
    [
      'a raw camera name',
      { type: 'hello', camera: 'raw-1', epoch: '0'.repeat(32), agent: '1' },
      'camera',
    ],
    ['a message without a type', { sequence: 1 }, 'without a type'],
  ])('that sends %s gets a bye with the reason, and is closed', async (_, header, words) => {
    const { port } = await startReceiver();
    const agent = new AgentPeer(port);
    agent.say(header);
    expect((await agent.answer('bye')).message).toContain(words);
    await agent.over;
  });

  it('that announces a body above the limit gets a bye before it is read', async () => {
    const { port } = await startReceiver({ maxFrameBytes: 4096 });
    const agent = new AgentPeer(port);
    agent.hello();
    agent.frame(1, Buffer.alloc(4097, 0xff));
    expect((await agent.answer('bye')).message).toContain('4096');
  });

  it('that is killed in the middle of a frame leaves no file', async () => {
    const { port, directory, lines } = await startReceiver();
    const agent = new AgentPeer(port);
    agent.hello();
    await agent.answer('welcome');
    agent.frame(1, makeJpeg(1));
    await agent.answer('stored');
    agent.socket.write(Buffer.from('000000100000100000000000', 'hex'));
    agent.socket.resetAndDestroy();
    await agent.over;
    expect(filesBelow(directory)).toHaveLength(1);
    expect(unfinishedBelow(directory)).toEqual([]);
    expect(lines.join('\n')).toContain('agent connected');
  });

  it('with the name of a connected camera is refused, until the other has closed', async () => {
    const { port } = await startReceiver();
    const first = new AgentPeer(port);
    first.hello('yard', '1'.repeat(32));
    await first.answer('welcome');
    const second = new AgentPeer(port);
    second.hello('yard', '2'.repeat(32));
    expect(await second.answer('bye')).toMatchObject({ code: 'camera-busy', retryAfterMs: 10_000 });
    await second.over;
    first.say({ type: 'bye' });
    await first.over;
    const third = new AgentPeer(port);
    third.hello('yard', '2'.repeat(32));
    await third.answer('welcome');
  });

  it('that connects again replaces its older connection', async () => {
    const { port } = await startReceiver();
    const first = new AgentPeer(port);
    first.hello();
    await first.answer('welcome');
    const second = new AgentPeer(port);
    second.hello();
    await second.answer('welcome');
    expect(await first.answer('bye')).toMatchObject({ code: 'replaced' });
  });

  it('gets what it sent acknowledged before the receiver stops', async () => {
    const { port, receiver, directory } = await startReceiver();
    const agent = new AgentPeer(port);
    agent.hello();
    await agent.answer('welcome');
    for (let sequence = 1; sequence <= 5; sequence += 1) agent.frame(sequence, makeJpeg(sequence));
    await agent.answer('stored');
    await receiver.close();
    await agent.over;
    const stored = agent.messages.filter(({ type }) => type === 'stored');
    expect(filesBelow(directory)).toHaveLength(stored.length);
    expect(agent.messages.at(-1)).toMatchObject({ type: 'bye', code: 'stopping' });
  });
});
