/** The built receiver on a disk that is full, read-only or unmounted: it acknowledges nothing, and recovers. */
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AgentPeer } from '../support/agent-peer.js';
import { eventually } from '../support/eventually.js';
import { filesBelow, unfinishedBelow } from '../support/files.js';
import { mount, smallDisk, unmount, whyNoMount } from '../support/mounts.js';
import { makeJpeg } from '../support/pictures.js';
import { startReceiverProgram } from '../support/programs.js';
import { diskDirectory } from '../support/temporary.js';

const why = whyNoMount();
/** Frames of some 20 kB, all different. */
function picture(number: number): Buffer {
  const known = pictures.get(number) ?? makeJpeg(number, { widthPx: 180, heightPx: 180 });
  pictures.set(number, known);
  return known;
}
const pictures = new Map<number, Buffer>();

async function connected(directory: string) {
  const receiver = await startReceiverProgram(directory);
  const agent = new AgentPeer(receiver.port);
  agent.hello();
  await agent.answer('welcome');
  return { receiver, agent };
}

/** The last answer to each sequence so far. */
function answers(agent: AgentPeer) {
  const last = new Map<number, 'stored' | 'refused'>();
  for (const message of agent.messages) {
    if (message.type === 'stored' || message.type === 'refused') {
      last.set(message.sequence, message.type);
    }
  }
  return last;
}

describe('a receiver whose disk', () => {
  it('is full refuses a frame that does not fit, leaves no part of it, and stores it when there is room', async (test) => {
    test.skip(why !== undefined, why);
    const disk = smallDisk('400k');
    const { agent } = await connected(disk);
    const count = 32;
    for (let sequence = 1; sequence <= count; sequence += 1)
      agent.frame(sequence, picture(sequence));
    await eventually(() => answers(agent).size === count, 'an answer to each');
    const refused = [...answers(agent)].filter(([, type]) => type === 'refused').map(([n]) => n);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(count);
    expect(await agent.answer('refused')).toMatchObject({
      ...{ code: 'store', retry: true, retryAfterMs: 5000 },
      message: expect.stringContaining('the disk is full') as string,
    });
    expect(unfinishedBelow(disk)).toEqual([]);

    mount('-o', 'remount,size=16m', disk);
    for (const sequence of refused) agent.frame(sequence, picture(sequence));
    await eventually(() => ![...answers(agent).values()].includes('refused'), 'all are stored');
    const kept = filesBelow(disk).map((name) => readFileSync(join(disk, name)));
    const sent = Array.from({ length: count }, (_, index) => picture(index + 1));
    const inOrder = (buffers: Buffer[]): Buffer[] => [...buffers].sort((a, b) => a.compare(b));
    expect(inOrder(kept)).toEqual(inOrder(sent));
    expect(unfinishedBelow(disk)).toEqual([]);
  });

  it('is read-only for a while refuses frames, and stores them afterwards', async (test) => {
    test.skip(why !== undefined, why);
    const disk = smallDisk('4m');
    const { agent } = await connected(disk);
    agent.frame(1, picture(1));
    await agent.answer('stored');
    mount('--bind', disk, disk);
    mount('-o', 'remount,bind,ro', disk);
    // Open folders still lead to the old mount, until they are closed in a pause between frames.
    const answer = (sequence: number) =>
      eventually(() => answers(agent).get(sequence), `an answer to ${sequence}`);
    let sequence = 1;
    do {
      sequence += 1;
      await delay(500);
      agent.frame(sequence, picture(sequence));
    } while ((await answer(sequence)) === 'stored');
    expect((await agent.answer('refused')).message).toContain('read-only');
    agent.dropped(sequence + 1);
    expect(await answer(sequence + 1)).toBe('refused');
    unmount(disk);
    // As an agent: again after a pause, in which the receiver closes the folders that are read-only.
    const repeat = async (number: number, send: () => void): Promise<void> => {
      while (answers(agent).get(number) === 'refused') {
        await delay(500);
        const answered = agent.messages.length;
        send();
        await eventually(() => agent.messages.length > answered, `an answer to ${number} again`);
      }
    };
    await repeat(sequence, () => agent.frame(sequence, picture(sequence)));
    await repeat(sequence + 1, () => agent.dropped(sequence + 1));
    expect(filesBelow(disk)).toHaveLength(sequence);
  });

  it('is unmounted stores nothing in the empty folder, and continues when it is mounted again', async (test) => {
    test.skip(why !== undefined, why);
    const disk = diskDirectory();
    const place = join(diskDirectory(), 'captures');
    mkdirSync(place);
    mount('--bind', disk, place);
    onTestFinished(() => unmount(place));
    const { agent, receiver } = await connected(place);
    agent.frame(1, picture(1));
    await agent.answer('stored');
    unmount(place);
    agent.frame(2, picture(2));
    expect((await agent.answer('refused')).message).toContain('unmounted or replaced');
    const late = new AgentPeer(receiver.port);
    late.hello('garage');
    late.frame(1, picture(1));
    const refused = { code: 'store', retry: true, retryAfterMs: 5000 };
    expect(await late.answer('refused')).toMatchObject(refused);
    expect(readdirSync(place)).toEqual([]);
    mount('--bind', disk, place);
    agent.frame(2, picture(2));
    await agent.answer('stored', 2);
    expect(filesBelow(disk)).toHaveLength(2);
  });
});

describe('a receiver at SIGTERM', () => {
  it('ends cleanly inside a transfer, and the next one stores the unacknowledged frames', async () => {
    const directory = diskDirectory();
    const first = await connected(directory);
    for (let sequence = 1; sequence <= 8; sequence += 1) {
      first.agent.frame(sequence, picture(sequence));
    }
    const [lengths, body] = [Buffer.alloc(8), picture(9)];
    lengths.writeUInt32BE(2, 0);
    lengths.writeUInt32BE(body.length, 4);
    first.agent.socket.write(Buffer.concat([lengths, Buffer.from('{}'), body.subarray(0, 5000)]));
    await first.agent.answer('stored');
    expect(await first.receiver.stop()).toBe(0);
    expect(unfinishedBelow(directory)).toEqual([]);
    const acknowledged = answers(first.agent);
    expect(filesBelow(directory).length).toBeGreaterThanOrEqual(acknowledged.size);

    const next = await connected(directory);
    for (let sequence = 1; sequence <= 9; sequence += 1)
      next.agent.frame(sequence, picture(sequence));
    await next.agent.answer('stored', 9);
    expect(filesBelow(directory)).toHaveLength(9);
    const repeats = next.agent.messages.filter((each) => each.type === 'stored' && each.duplicate);
    expect(repeats.length).toBeGreaterThanOrEqual(acknowledged.size);
  });

  it('ends although its peer neither sends nor closes', async () => {
    const { receiver, agent } = await connected(diskDirectory());
    agent.socket.removeAllListeners('end');
    agent.socket.pause();
    expect(await receiver.stop()).toBe(0);
  });
});
