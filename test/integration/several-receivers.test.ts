/** One agent, several receivers: each gets every frame, none waits for another. */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { makeJpeg } from '../support/pictures.js';
import { root, start, startAgent, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

describe('an agent with several receivers', () => {
  it('delivers to one at once and to the other, which was down, later', async () => {
    const [one, other] = [temporaryDirectory(), temporaryDirectory()];
    const folder = temporaryDirectory();
    const first = await startReceiverProgram(one);
    const second = await startReceiverProgram(other);
    await second.stop();
    const agent = startAgent([
      ...['--host', first.address, '--host', second.address, '--camera', 'yard'],
      ...['--source', `folder:${folder}`, '--all', '--state', temporaryDirectory()],
    ]);
    await agent.says('watching');
    for (let number = 1; number <= 10; number += 1) {
      writeFileSync(join(folder, `${number}.jpg`), makeJpeg(number));
    }
    await eventually(() => filesBelow(one).length === 10, 'ten frames at the first');
    expect(filesBelow(other)).toEqual([]);
    const late = ['--dir', other, '--listen', second.address];
    start(process.execPath, [`${root}dist/receiver.js`, ...late]);
    await eventually(() => filesBelow(other).length === 10, 'ten frames at the second');
    expect(await agent.stop()).toBe(0);
  });
});

describe('an agent whose receiver has another spelling than before', () => {
  it('delivers the frames that waited under the old spelling', async () => {
    const directory = temporaryDirectory();
    const state = ['--state', temporaryDirectory(), '--camera', 'yard'];
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const shot = ['--once', '--source', `file:${path}`, '--all', '--send-timeout', '3s'];
    const shoot = async (host: string, number: number): Promise<string> => {
      writeFileSync(path, makeJpeg(number));
      const agent = startAgent(['--host', host, ...shot, ...state]);
      expect(await agent.ended).toBe(0);
      return agent.stderr();
    };
    const first = await startReceiverProgram(directory);
    await shoot(first.address, 1);
    await first.stop();
    expect(await shoot(first.address, 2)).toContain('frames wait');
    const again = ['--dir', directory, '--listen', first.address];
    await start(process.execPath, [`${root}dist/receiver.js`, ...again]).says('keeping frames');
    expect(await shoot(`localhost:${first.port}`, 3)).toContain(
      'frames wait for a receiver that is no --host any more',
    );
    expect(filesBelow(directory).filter((name) => name.endsWith('.jpg'))).toHaveLength(3);
  });
});

describe('an agent whose receiver accepts and never reads', () => {
  it('continues capturing, and the frames wait on the disk', async () => {
    const deaf = createServer((socket) => socket.pause()).listen(0, '127.0.0.1');
    onTestFinished(() => void deaf.close());
    await once(deaf, 'listening');
    const state = temporaryDirectory();
    const agent = startAgent([
      ...['--host', `127.0.0.1:${(deaf.address() as AddressInfo).port}`, '--camera', 'yard'],
      ...['--source', 'scene', '--all', '--interval', '100ms', '--state', state, '--json'],
    ]);
    const judged = (): number => agent.stdout().split('"judged"').length - 1;
    await eventually(() => judged() >= 30, 'thirty frames');
    const waiting = filesBelow(state).filter((name) => name.endsWith('.jpg'));
    expect(waiting.length).toBeGreaterThanOrEqual(30);
    agent.child.kill('SIGKILL');
    await agent.ended;
    expect(filesBelow(state).filter((name) => name.endsWith('.jpg')).length).toBeGreaterThanOrEqual(
      waiting.length,
    );
  });
});
