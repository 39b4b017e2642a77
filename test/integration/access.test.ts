/** Peers with a public address, in a network namespace where this machine has one. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { filesBelow } from '../support/files.js';
import { household } from '../support/pairing.js';
import { makeJpeg } from '../support/pictures.js';
import { missing, root, start } from '../support/programs.js';

const publicAddress = '203.0.113.7'; // reserved for documentation, RFC 5737
const noNetwork =
  missing('unshare', 'util-linux') ??
  missing('ip', 'iproute2') ??
  missing('socat', 'socat') ??
  (spawnSync('unshare', ['--net', 'true']).status === 0
    ? undefined
    : 'only root can make a network of its own');

/** A receiver in a network namespace, and a way to start other programs in it. */
async function startInside(captures: string, keys: string) {
  const setUp = `ip link set lo up && ip addr add ${publicAddress}/32 dev lo && exec "$@"`;
  const receiver = start('unshare', [
    ...['--net', 'sh', '-c', setUp, 'sh', process.execPath, `${root}dist/receiver.js`],
    ...['--dir', captures, '--keys', keys, '--listen', '4444'],
  ]);
  await receiver.says('keeping frames');
  const inside = (command: string, args: readonly string[], stdin: 'pipe' | 'ignore' = 'ignore') =>
    start('nsenter', [`--net=/proc/${receiver.child.pid ?? 0}/ns/net`, command, ...args], {
      stdin,
    });
  /** Sends a raw picture from an address. @returns the answer */
  const raw = async (from: string): Promise<string> => {
    const socat = inside('socat', ['-', `TCP:${publicAddress}:4444,bind=${from}`], 'pipe');
    // socat may have ended before the picture is written.
    socat.child.stdin?.on('error', () => undefined);
    socat.child.stdin?.end(makeJpeg(1));
    await socat.ended;
    return socat.stdout();
  };
  const agent = async (...args: string[]): Promise<number | string> =>
    await inside(process.execPath, [`${root}dist/agent.js`, ...args]).ended;
  return { receiver, raw, agent };
}

describe('a public address', () => {
  it('is accepted with a key, and refused without one', async (test) => {
    test.skip(noNetwork !== undefined, noNetwork);
    const { captures, keys, line, scene, state } = household();
    const { raw, agent } = await startInside(captures, keys);
    expect(await raw('127.0.0.1')).toBe('');
    expect(await raw(publicAddress)).toBe(
      `this receiver accepts peers on its own machine and private networks only, not ${publicAddress}\n`,
    );
    expect(filesBelow(captures)).toHaveLength(1);
    const address = `${publicAddress}:4444`;
    const words = await line('yard', address);
    expect(await agent(...words.slice(1), '--state', state)).toBe(0);
    expect(await agent(...scene(address), '--once')).toBe(0);
    expect(filesBelow(captures).map((name) => name.split('/')[0])).toEqual([
      'raw-127-0-0-1',
      'yard',
    ]);
    expect(await raw(publicAddress)).toContain('paired cameras only');
    expect(await raw('127.0.0.1')).toContain('paired cameras only');
  });
});
