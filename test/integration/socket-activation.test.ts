/** A receiver started by a socket, both ways, by the real systemd-socket-activate. */
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { makeJpeg } from '../support/pictures.js';
import { freePort } from '../support/ports.js';
import { missing, root, run, sendWithSocat, start, startAgent } from '../support/programs.js';
import { ipv4, proxyHeader } from '../support/proxy-header.js';
import { temporaryDirectory } from '../support/temporary.js';

const why = missing('systemd-socket-activate', 'systemd') ?? missing('socat', 'socat');
const receiver = [process.execPath, `${root}dist/receiver.js`];

async function activate(flags: readonly string[], args: readonly string[] = []) {
  const directory = temporaryDirectory();
  const address = `127.0.0.1:${await freePort()}`;
  const command = [...receiver, '--dir', directory, ...args];
  const activator = start('systemd-socket-activate', ['-l', address, ...flags, ...command]);
  await activator.says('Listening on');
  return { directory, address, activator };
}

const sceneOnce = (address: string, camera: string): string[] => [
  ...['--host', address, '--camera', camera, '--source', 'scene', '--once'],
  ...['--state', temporaryDirectory()],
];

describe.each([
  ['each connection its own process (Accept=yes)', ['--inetd', '-a']],
  ['the listening socket (Accept=no)', []],
])('a receiver that systemd gives %s', (_, flags) => {
  it("stores socat's frames", async (test) => {
    test.skip(why !== undefined, why);
    const { directory, address } = await activate(flags);
    expect(await sendWithSocat(makeJpeg(1), address)).toBe('');
    await eventually(() => filesBelow(directory).length === 1, 'a file');
    await Promise.all([2, 3, 4].map((number) => sendWithSocat(makeJpeg(number), address)));
    await eventually(() => filesBelow(directory).length === 4, 'four files');
  });

  it('takes the address of a camera from a load balancer', async (test) => {
    test.skip(why !== undefined, why);
    const { directory, address } = await activate(flags, ['--proxy', '127.0.0.1']);
    const header = proxyHeader({ addresses: ipv4('10.1.2.3', 40_000) });
    expect(await sendWithSocat(Buffer.concat([header, makeJpeg(1)]), address)).toBe('');
    await eventually(() => filesBelow(directory).length === 1, 'a file');
    expect(filesBelow(directory)).toEqual([expect.stringMatching(/^raw-10-1-2-3\//)]);
  });

  it("stores the agent's frames", async (test) => {
    test.skip(why !== undefined, why);
    const { directory, address } = await activate(flags);
    for (const camera of ['front', 'back']) {
      const agent = startAgent(sceneOnce(address, camera));
      expect({ code: await agent.ended, stderr: agent.stderr() }).toMatchObject({ code: 0 });
    }
    const cameras = filesBelow(directory).map((name) => name.split('/')[0]);
    expect(cameras).toEqual(['back', 'front']);
  });
});

describe('a receiver with a listening socket from systemd', () => {
  it('ends by itself after some time without connections', async (test) => {
    test.skip(why !== undefined, why);
    const { directory, address, activator } = await activate([], ['--idle-exit', '200ms']);
    await sendWithSocat(makeJpeg(1), address);
    expect(await activator.ended).toBe(0);
    expect(filesBelow(directory)).toHaveLength(1);
  });
});

describe('a receiver whose standard input is a pipe', () => {
  it('listens on a port, since a pipe is not a connection', async () => {
    const args = [...receiver.slice(1), '--dir', temporaryDirectory()];
    const piped = start(process.execPath, args, { stdin: 'pipe' });
    // Another program may have the port: the attempt is enough.
    await piped.says(':4444');
  });
});

describe('a receiver whose standard input is the connection', () => {
  it('does not write JSON into it', async (test) => {
    test.skip(why !== undefined, why);
    const { address, activator } = await activate(['--inetd', '-a'], ['--json']);
    const { stdout } = await run('socat', ['-', `TCP:${address}`]);
    expect(stdout).toBe('');
    await activator.says('--json writes to standard output');
  });

  it('announces nothing: it ends with its connection', async (test) => {
    test.skip(why !== undefined, why);
    const { address, activator } = await activate(['--inetd', '-a'], ['--on-event', '["true"]']);
    await run('socat', ['-', `TCP:${address}`]);
    await activator.says('a receiver of one connection announces nothing');
  });
});
