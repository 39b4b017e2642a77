/** A receiver process for each connection (Accept=yes): the rules of one process hold among them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AgentPeer } from '../support/agent-peer.js';
import { eventually } from '../support/eventually.js';
import { filesBelow, unfinishedBelow } from '../support/files.js';
import { makeJpeg } from '../support/pictures.js';
import { freePort } from '../support/ports.js';
import { missing, root, start } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const why = missing('systemd-socket-activate', 'systemd') ?? missing('flock', 'util-linux');

async function activate() {
  const directory = temporaryDirectory();
  const port = await freePort();
  const receiver = [process.execPath, `${root}dist/receiver.js`, '--dir', directory];
  const args = ['-l', `127.0.0.1:${port}`, '--inetd', '-a', ...receiver];
  const activator = start('systemd-socket-activate', args);
  await activator.says('Listening on');
  return { directory, port };
}

describe('receiver processes', () => {
  it('store one file of a frame that two of them receive at once', async (test) => {
    test.skip(why !== undefined, why);
    const count = 20;
    const frames = Array.from({ length: count }, (_, index) => makeJpeg(index + 1));
    const { directory, port } = await activate();
    const agents = [new AgentPeer(port), new AgentPeer(port)];
    for (const agent of agents) agent.hello();
    const welcomes = await Promise.all(agents.map((agent) => agent.answer('welcome')));
    expect(welcomes[0]?.receiverId).toBe(welcomes[1]?.receiverId);
    for (const [index, frame] of frames.entries()) {
      for (const agent of agents) agent.frame(index + 1, frame);
    }
    await Promise.all(agents.map((agent) => agent.answer('stored', count)));
    const stored = agents.flatMap(({ messages }) =>
      messages.filter(({ type }) => type === 'stored'),
    );
    expect(stored.filter((each) => each.type === 'stored' && !each.duplicate)).toHaveLength(count);
    const kept = filesBelow(directory).map((name) => readFileSync(join(directory, name)));
    expect(kept).toEqual(frames);
    expect(unfinishedBelow(directory)).toEqual([]);
  });

  it('admit one epoch of a camera at a time, and a reconnect in place of its connection', async (test) => {
    test.skip(why !== undefined, why);
    const { port } = await activate();
    const frame = makeJpeg(1);
    const send = (epoch: string, sequence: number): AgentPeer => {
      const agent = new AgentPeer(port);
      agent.hello('yard', epoch.repeat(32));
      agent.frame(sequence, frame);
      return agent;
    };
    const first = send('1', 1);
    await first.answer('stored');
    const refused = await send('2', 1).answer('refused');
    expect(refused).toMatchObject({ code: 'store', retry: true });
    expect(refused.message).toContain('another agent is connected as camera yard');
    const again = send('1', 2);
    await again.answer('stored');
    expect(await first.answer('bye')).toMatchObject({ code: 'replaced' });
    await first.over;
    again.socket.destroy();
    const next = new AgentPeer(port);
    next.hello('yard', '2'.repeat(32));
    await eventually(async () => {
      const before = next.messages.length;
      next.frame(1, frame);
      await eventually(() => next.messages.length > before, 'an answer');
      return next.messages.some(({ type }) => type === 'stored');
    }, 'the name is free');
  });
});
