/** Pairing with the real programs, as a user does it. */
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { agentCommand, household, receiverCommand } from '../support/pairing.js';
import { makeJpeg } from '../support/pictures.js';
import { freePort } from '../support/ports.js';
import { missing, root, run, sendWithSocat, start, startAgent } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const noSocat = missing('socat', 'socat');
const noActivate = missing('systemd-socket-activate', 'systemd');
const noScript = missing('script', 'bsdutils');
const noOpenssl = missing('openssl', 'openssl');

/** Every secret in a folder's files: keys and codes in hex. */
function secretsIn(...folders: string[]): string[] {
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return files.flatMap((path) => readFileSync(path, 'utf8').match(/\b[0-9a-f]{64}\b/g) ?? []);
}

/** How many files of a camera have the picture now. */
const countOf = (captures: string, camera: string): number =>
  filesBelow(captures).filter((name) => name.startsWith(`${camera}/`)).length;

const comesMore = async (captures: string, camera: string): Promise<unknown> => {
  const before = countOf(captures, camera);
  return await eventually(() => countOf(captures, camera) > before + 1, `more of ${camera}`);
};

describe('pairing', () => {
  it('closes an open receiver to all peers but the camera', async (test) => {
    test.skip(noSocat !== undefined, noSocat);
    const { captures, keys, receive, line, type, scene } = household();
    const receiver = await receive();
    await receiver.says('no camera is paired: any peer on this machine');
    expect(await sendWithSocat(makeJpeg(1), receiver.address)).toBe('');
    const words = await line('frontdoor', receiver.address);
    expect(words).toEqual([
      'agent',
      'pair',
      receiver.address,
      expect.stringMatching(/^[\w-]{34}$/),
    ]);
    // A code alone does not close the receiver.
    expect(await sendWithSocat(makeJpeg(2), receiver.address)).toBe('');
    expect(await type(words)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('as frontdoor') as string,
      stderr: '',
    });
    const agent = startAgent([...scene(receiver.address), '--once']);
    expect({ code: await agent.ended, stderr: agent.stderr() }).toMatchObject({ code: 0 });
    expect(countOf(captures, 'frontdoor')).toBe(1);
    const said = await sendWithSocat(makeJpeg(3), receiver.address);
    expect(said).toMatch(/^this receiver accepts paired cameras only: .*\n$/);
    expect(countOf(captures, 'raw-127-0-0-1')).toBe(2);
    const { stdout } = await receiverCommand('cameras', '--keys', keys, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ camera: 'frontdoor', seen: { from: '127.0.0.1' } });
  });

  it('takes effect at once in a running agent and receiver, as do a key change and an unpairing', async () => {
    const { captures, keys, receive, line, type, scene } = household();
    const receiver = await receive('--verbose');
    const agent = startAgent([...scene(receiver.address), '--camera', 'yard']);
    await comesMore(captures, 'yard');
    expect(await type(await line('yard', receiver.address))).toMatchObject({ code: 0 });
    await agent.says('isEncrypted=true');
    await comesMore(captures, 'yard');
    const first = secretsIn(keys);

    expect(await type(await line('yard', receiver.address, '--rotate'))).toMatchObject({ code: 0 });
    await agent.says('removed or replaced');
    await comesMore(captures, 'yard');
    expect(secretsIn(keys)).not.toContain(first[0]);

    const unpaired = await receiverCommand('unpair', 'yard', '--keys', keys);
    expect(unpaired).toMatchObject({ code: 0, stdout: 'yard is no longer accepted\n' });
    await agent.says('the receiver does not know this key');
    const count = countOf(captures, 'yard');
    await receiver.says('no camera has this key');
    expect(countOf(captures, 'yard')).toBe(count);
    expect(await agent.stop()).toBe(0);
    // The unpaired camera is not accepted in the clear either.
    expect(receiver.stderr().split('camera paired').at(-1)).not.toContain('paired cameras only');
  });

  it('puts no key and no code into a log or the process list', async () => {
    const { keys, state, receive, line, type, scene } = household();
    const receiver = await receive('--verbose');
    const words = await line('yard', receiver.address);
    const [codeKey] = secretsIn(keys);
    const wrong = await agentCommand(
      'pair',
      receiver.address,
      `${words[3] ?? ''}X`,
      '--state',
      state,
    );
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    const paired = await type(words);
    const again = await type(words);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    const agent = startAgent(scene(receiver.address));
    await agent.says('delivered');
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const commands = processes.map((pid) => readIfThere(`/proc/${pid}/cmdline`));
    const environments = [agent, receiver].map(({ child }) =>
      readIfThere(`/proc/${child.pid ?? 0}/environ`),
    );
    const said = [paired, again, wrong].flatMap(({ stdout, stderr }) => [stdout, stderr]);
    said.push(agent.stderr(), agent.stdout(), receiver.stderr(), receiver.stdout());
    const everything = [...said, ...commands, ...environments].join('\n');
    const secrets = [codeKey, ...secretsIn(keys, join(state, 'keys'))];
    expect(secrets.length).toBeGreaterThanOrEqual(3);
    for (const secret of secrets) {
      const bytes = Buffer.from(secret ?? '', 'hex');
      for (const shape of [secret, bytes.toString('base64'), bytes.toString('latin1')]) {
        expect(everything).not.toContain(shape);
      }
    }
    expect(said.join('\n')).not.toContain(words[3]?.slice(0, 14));
  });

  it('reports that no receiver runs, and keeps the code', async () => {
    const { receive, line, type } = household();
    const words = await line('yard', `127.0.0.1:${await freePort()}`);
    const { code, stderr } = await type(words);
    expect(code).toBe(1);
    expect(stderr).toContain('check that the receiver runs and that --host has its port');
    const receiver = await receive();
    expect(await type(['agent', 'pair', receiver.address, words[3] ?? ''])).toMatchObject({
      code: 0,
    });
  });

  it('prints a QR code on a terminal', async (test) => {
    test.skip(noScript !== undefined, noScript);
    const { keys } = household();
    const typed = `${process.execPath} ${root}dist/receiver.js pair yard --keys ${keys} --host laptop`;
    const { stdout } = await run('script', [
      '--quiet',
      '--return',
      '--command',
      typed,
      '/dev/null',
    ]);
    const [line = '', ...rest] = stdout.split('\r\n');
    expect(line).toMatch(/^agent pair laptop:4444 [\w-]{34}$/);
    expect(rest.filter((each) => /^[█▀▄ ]{20,}$/.test(each)).length).toBeGreaterThan(10);
  });

  it('has usage errors that name the missing part', async () => {
    const { keys, line, receive, type } = household();
    const { address } = await receive();
    await type(await line('yard', address));
    const table = [
      [['pair', '--keys', keys], 'exactly one camera name'],
      [['pair', 'Front Door', '--keys', keys], "'Front Door'"],
      [['pair', 'yard', '--keys', keys], 'yard is paired already'],
      [['pair', 'shed', '--rotate', '--keys', keys], 'shed is not paired'],
      [['unpair', 'shed', '--keys', keys], 'paired cameras: yard'],
    ] as const;
    for (const [args, words] of table) {
      const { code, stdout, stderr } = await receiverCommand(...args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(words);
    }
    expect(await agentCommand('pair', 'laptop')).toMatchObject({ code: 2 });
    const typo = await agentCommand('pair', 'laptop', '0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV');
    expect(typo).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('typing error') as string,
    });
  });
});

describe.each([
  ['each connection its own process (Accept=yes)', ['--inetd', '-a']],
  ['the listening socket (Accept=no)', []],
])('a receiver that systemd gives %s', (_, flags) => {
  it('pairs, accepts its camera and no other peer', async (test) => {
    test.skip((noActivate ?? noSocat) !== undefined, noActivate ?? noSocat);
    const address = `127.0.0.1:${await freePort()}`;
    const { captures, keys, line, type, scene } = household();
    const receiver = [
      process.execPath,
      `${root}dist/receiver.js`,
      '--dir',
      captures,
      '--keys',
      keys,
    ];
    const activator = start('systemd-socket-activate', ['-l', address, ...flags, ...receiver]);
    await activator.says('Listening on');
    expect(await type(await line('yard', address))).toMatchObject({ code: 0, stderr: '' });
    const agent = startAgent(scene(address));
    await agent.says('isEncrypted=true');
    await comesMore(captures, 'yard');
    expect(await sendWithSocat(makeJpeg(1), address)).toContain('paired cameras only');
    await receiverCommand('unpair', 'yard', '--keys', keys);
    await agent.says('the receiver does not know this key');
  });
});

describe('a receiver that was paired', () => {
  it('does not start as an open one when its keys are missing or unusable', async () => {
    const { captures, keys, line, receive, type } = household();
    const receiver = await receive();
    await type(await line('yard', receiver.address));
    await receiver.stop();
    writeFileSync(join(keys, 'yard.json'), '{"paired":');
    const args = ['--dir', captures, '--listen', '127.0.0.1:0', '--keys', keys];
    const damaged = await receiverCommand(...args);
    expect(damaged).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not a valid key file') as string,
    });
    rmSync(keys, { recursive: true });
    expect(await receiverCommand(...args)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`there are no keys in ${keys}`) as string,
    });
  });

  it('accepts raw senders with --open, and logs that', async (test) => {
    test.skip(noSocat !== undefined, noSocat);
    const { captures, line, receive, type } = household();
    const closed = await receive();
    await type(await line('yard', closed.address));
    await closed.stop();
    const opened = await receive('--open');
    await opened.says('--open: unpaired peers on private networks are accepted too');
    expect(await sendWithSocat(makeJpeg(1), opened.address)).toBe('');
    expect(countOf(captures, 'raw-127-0-0-1')).toBe(1);
  });
});

describe('an agent that is paired', () => {
  it('uses the name that it was paired under, whatever --camera is', async () => {
    const { captures, line, receive, scene, type } = household();
    const { address } = await receive();
    await type(await line('yard', address));
    const { code, stderr } = await agentCommand(...scene(address), '--camera', 'shed', '--once');
    expect(code).toBe(0);
    expect(stderr).toContain('--camera ignored: paired under another name camera=yard');
    expect(countOf(captures, 'yard')).toBe(1);
    expect(countOf(captures, 'shed')).toBe(0);
  });

  it('sends nothing in the clear to an open receiver under another address', async () => {
    const { captures, line, receive, scene, type } = household();
    const first = await receive();
    await type(await line('yard', first.address));
    const other = household();
    const open = await other.receive();
    const again = [...scene(open.address), '--once', '--send-timeout', '1s'];
    const { code, stderr } = await agentCommand(...again);
    expect(code).toBe(0);
    expect(stderr).toContain('frames wait for the next run');
    expect(filesBelow(other.captures)).toEqual([]);
    // The same receiver, under another spelling of its address.
    const spelled = first.address.replace('127.0.0.1', 'localhost');
    expect(await agentCommand(...scene(spelled), '--once')).toMatchObject({ code: 0 });
    expect(countOf(captures, 'yard')).toBe(1);
  });
});

describe('fleet keys', () => {
  it('are read from a systemd credential by both sides', async () => {
    const credentials = temporaryDirectory();
    writeFileSync(join(credentials, 'picchanged-keys'), `yard.k1 ${'5e'.repeat(32)}\n`);
    const env = { CREDENTIALS_DIRECTORY: credentials };
    const { captures, keys, scene } = household();
    const address = `127.0.0.1:${await freePort()}`;
    const script = [`${root}dist/receiver.js`, '--dir', captures, '--keys', keys];
    const receiver = start(process.execPath, [...script, '--listen', address], { env });
    await receiver.says('only paired cameras are accepted cameras=yard');
    const agent = startAgent([...scene(address), '--camera', 'yard', '--once'], { env });
    expect({ code: await agent.ended, stderr: agent.stderr() }).toMatchObject({ code: 0 });
    expect(countOf(captures, 'yard')).toBe(1);
  });
});

describe('openssl', () => {
  it('is accepted with the right key, and refused with a wrong one', async (test) => {
    test.skip(noOpenssl !== undefined, noOpenssl);
    const { keys, line, receive, type } = household();
    const { address } = await receive();
    await type(await line('yard', address));
    const file = JSON.parse(readFileSync(join(keys, 'yard.json'), 'utf8')) as {
      paired: { id: string; key: string };
    };
    const { id, key } = file.paired;
    /** The command of SECURITY.md, with PICC/1 as input. */
    const greet = async (secret: string) => {
      const identity = ['-psk_identity', `yard.${id}`, '-psk', secret];
      const args = ['s_client', '-quiet', '-tls1_3', ...identity, '-connect', address];
      const openssl = start('openssl', args, { stdin: 'pipe' });
      openssl.child.stdin?.on('error', () => undefined);
      openssl.child.stdin?.write('PICC/1\n');
      await eventually(
        () => openssl.stdout() !== '' || openssl.child.exitCode !== null,
        'an answer to openssl',
      );
      return openssl.stdout();
    };
    expect(await greet(key)).toContain('PICC/1\n');
    expect(await greet('00'.repeat(32))).toBe('');
  });
});

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // a process that has ended
  }
}
