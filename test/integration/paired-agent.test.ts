/** A paired agent without its keys, and one that reads its code from standard input, as real programs. */
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { onTestFinished, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { unpackVersion01 } from '../support/old-version.js';
import { household } from '../support/pairing.js';
import { freePort } from '../support/ports.js';
import { type Surroundings, root, run, start, startAgent } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const old = unpackVersion01();

/** A server at the receiver's address that keeps the data sent in the clear. */
async function impostor(port = 0) {
  const heard: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on('data', (chunk: Buffer) => heard.push(chunk)).on('error', () => undefined);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port: taken } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${taken}`, heard: () => Buffer.concat(heard) };
}

/** A paired camera whose receiver is down. */
async function paired() {
  const home = household();
  const env = { XDG_CONFIG_HOME: temporaryDirectory() };
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const receiver = start(process.execPath, [
    `${root}dist/receiver.js`,
    ...['--dir', home.captures, '--keys', home.keys, '--listen', address],
  ]);
  await receiver.says('keeping frames');
  const words = await home.line('yard', address);
  const surroundings: Surroundings = { env };
  const typed = [`${root}dist/agent.js`, ...words.slice(1), '--state', home.state];
  expect(await run(process.execPath, typed, surroundings)).toMatchObject({ code: 0 });
  return { ...home, address, port, receiver, surroundings };
}

describe('a paired agent', () => {
  it('without its state directory reports that, and sends no data', async () => {
    const { state, scene, port, address, receiver, surroundings } = await paired();
    await receiver.stop();
    const { heard } = await impostor(port);
    renameSync(state, `${state}-away`);
    for (const more of [['--once', '--send-timeout', '1s'], []]) {
      const agent = startAgent([...scene(address), ...more], surroundings);
      expect(await agent.ended).toBe(1);
      expect(agent.stderr()).toContain('this agent is paired');
      expect(agent.stderr()).toContain('check that the disk of this folder is mounted');
    }
    expect(heard()).toHaveLength(0);
  });

  it('without its keys keeps its frames, and sends them when the keys are back', async () => {
    const { captures, state, scene, address, surroundings } = await paired();
    const first = startAgent([...scene(address), '--once'], surroundings);
    expect(await first.ended).toBe(0);
    const keys = join(state, 'keys');
    renameSync(keys, `${state}-keys`);
    const agent = startAgent(scene(address), surroundings);
    await agent.says('this agent is paired');
    renameSync(`${state}-keys`, keys);
    await agent.says('isEncrypted=true');
    await agent.says('delivered');
    const all = () => filesBelow(captures).filter((name) => name.startsWith('yard/'));
    await eventually(() => all().length > 1, 'frames');
    expect(await agent.stop()).toBe(0);
  });

  it('whose keys are removed while it runs continues, and sends no data', async () => {
    const { state, scene, address, port, receiver, surroundings } = await paired();
    const agent = startAgent(scene(address), surroundings);
    await agent.says('delivered');
    await rm(join(state, 'keys'), { recursive: true });
    await receiver.stop();
    const { heard } = await impostor(port);
    await agent.says('no key in');
    expect(heard()).toHaveLength(0);
    expect(await agent.stop()).toBe(0);
  });

  it('of 0.1.0 is marked as paired after its first run', async () => {
    const { state, scene, address, surroundings } = await paired();
    const config = { env: { XDG_CONFIG_HOME: temporaryDirectory() } };
    expect(await startAgent([...scene(address), '--once'], config).ended).toBe(0);
    renameSync(state, `${state}-away`);
    expect(await startAgent([...scene(address), '--once'], config).ended).toBe(1);
    expect(await startAgent([...scene(address), '--once'], surroundings).ended).toBe(1);
  });
});

describe('a code', () => {
  it.each([[[]], [['-']]])('is read from standard input with %j as its argument', async (words) => {
    const { line, receive, state } = household();
    const { address } = await receive();
    const [, , , code = ''] = await line('yard', address);
    const args = ['pair', address, ...words, '--state', state];
    const agent = start(process.execPath, [`${root}dist/agent.js`, ...args], { stdin: 'pipe' });
    agent.child.stdin?.write(`${code}\n`); // and not closed
    expect({ code: await agent.ended, stderr: agent.stderr() }).toEqual({ code: 0, stderr: '' });
    expect(agent.stdout()).toContain('as yard');
  });

  it('that is wrong is not printed', async () => {
    const args = [`${root}dist/agent.js`, 'pair', 'laptop', '-', '--state', temporaryDirectory()];
    const agent = start(process.execPath, args, { stdin: 'pipe' });
    agent.child.stdin?.end('0123-4567\n');
    expect(await agent.ended).toBe(2);
    expect(agent.stderr()).toContain('standard input: a code has seven groups');
    expect(agent.stderr()).not.toContain('4567');
  });
});

describe('0.1.0 on one side', () => {
  it.each([
    ['agent', old.agent, `${root}dist/receiver.js`],
    ['receiver', `${root}dist/agent.js`, old.receiver],
  ])(
    '(the %s) is paired, sends, and gets a bye when its key is revoked',
    async (_, agentScript, receiverScript) => {
      const { captures, keys, state, scene } = household();
      const address = `127.0.0.1:${await freePort()}`;
      const receiver = start(process.execPath, [
        ...[receiverScript, '--dir', captures, '--keys', keys, '--listen', address, '--verbose'],
      ]);
      await receiver.says('keeping frames');
      const typed = ['pair', 'yard', '--keys', keys, '--host', address];
      const { stdout } = await run(process.execPath, [receiverScript, ...typed]);
      const [, ...words] = stdout.trimEnd().split(' ');
      const pairing = await run(process.execPath, [agentScript, ...words, '--state', state]);
      expect(pairing).toMatchObject({ code: 0, stderr: '' });
      const agent = start(process.execPath, [agentScript, ...scene(address)]);
      await agent.says('delivered');
      // By this version's command on the old one's keys, and the reverse.
      const other = receiverScript === old.receiver ? `${root}dist/receiver.js` : old.receiver;
      const unpair = await run(process.execPath, [other, 'unpair', 'yard', '--keys', keys]);
      expect(unpair).toMatchObject({ code: 0 });
      await agent.says('the receiver does not know this key');
      const again = await run(process.execPath, [agentScript, ...words, '--state', state]);
      expect(again.stderr).toMatch(/receiver (does not take this|refused the pairing) code/);
    },
  );
});
