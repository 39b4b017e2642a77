/** Errors for wrong flags, values and environments: one line, no stack, the right exit code. */
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { version } from '../../shared/cli/version.js';
import { makeJpeg } from '../support/pictures.js';
import { root, run, startAgent, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const program = (name: string, args: readonly string[], changedEnv = {}) => {
  const env = { XDG_RUNTIME_DIR: temporaryDirectory(), ...changedEnv };
  return run(process.execPath, [`${root}dist/${name}.js`, ...args], { env });
};
const agent = (...args: string[]) => program('agent', args);
const receiver = (...args: string[]) => program('receiver', args);

/** Matches one line `agent: …` that contains each of the words. */
function expectOneLine(stderr: string, words: readonly string[]): void {
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  for (const word of words) expect(stderr).toContain(word);
  expect(stderr).not.toMatch(/\n\s+at /);
}

describe('the agent ends with 2 and a line when', () => {
  const host = ['--host', '127.0.0.1:1'];
  it.each([
    ['there is no host', [], ['--host HOST']],
    ['a flag is unknown', ['--frobnicate'], ['--frobnicate', 'see --help']],
    ['a flag is mistyped', ['--intervall', '1s'], ['did you mean --interval?']],
    ['a command is mistyped', ['statsu'], ['did you mean agent status?', 'agent --help']],
    ['a command is unknown', ['fly'], ["unknown command 'fly'; agent --help lists the commands"]],
    ['a value is missing', ['--host'], ['--host needs a value']],
    ['a host is none', ['--host', 'a b'], ["'a b'", 'HOST:PORT']],
    ['a port is none', ['--host', 'laptop:99999'], ['99999']],
    ['a duration has no unit', [...host, '--interval', '5'], ["--interval '5'", 'unit']],
    ['a share is none', [...host, '--min-area', '120%'], ["'120%'"]],
    ['a source is none', [...host, '--source', 'webcam'], ["'webcam'", 'folder:DIR']],
    ['a camera name is none', [...host, '--camera', 'Front Door'], ["'Front Door'"]],
    ['a device could reach a shell', [...host, '--device', '/dev/video0;reboot'], ['--device']],
    ['a word stands alone', [...host, 'hello'], ["'hello'", '--help']],
    ['a command comes without its source', [...host, '--', 'ls'], ['--source command']],
    ['a source comes without its command', [...host, '--source', 'command'], ['after --']],
    [
      '--explain leads nowhere',
      [...host, '--source', 'scene', '--explain', '/proc/x'],
      ['/proc/x'],
    ],
    ['a folder is missing', [...host, '--source', 'folder:/no/such'], ['/no/such']],
    [
      'a mask is missing',
      [...host, '--mask', '/no/such.png'],
      ['--mask /no/such.png', 'no such file'],
    ],
  ])('%s', async (_, args, words) => {
    const { code, stdout, stderr } = await agent(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expectOneLine(stderr, words);
  });

  it('the mask is no PNG', async () => {
    const path = join(temporaryDirectory(), 'mask.png');
    writeFileSync(path, 'hello');
    const { code, stderr } = await agent(...host, '--mask', path);
    expect(code).toBe(2);
    expectOneLine(stderr, [path, 'not a PNG']);
  });

  it('a variable in the environment is wrong', async () => {
    const env = { AGENT_HOST: 'laptop', AGENT_INTERVAL: 'soon' };
    const { code, stderr } = await program('agent', [], env);
    expect(code).toBe(2);
    expectOneLine(stderr, ["AGENT_INTERVAL 'soon'"]);
  });
});

describe('the agent, run once, ends with 1 and says so when', () => {
  const once = (): string[] => ['--once', '--camera', 'yard', '--state', temporaryDirectory()];

  it('the receiver cannot be reached', async () => {
    const args = ['--host', '127.0.0.1:1', '--source', 'scene', '--send-timeout', '3s'];
    const { code, stderr } = await agent(...args, '--spool', 'memory', ...once());
    expect(code).toBe(1);
    expect(stderr).toContain('ECONNREFUSED');
    expect(stderr).toContain('check that the receiver runs');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('another agent uses its state directory', async () => {
    const state = ['--state', temporaryDirectory(), '--camera', 'yard'];
    const args = ['--host', '127.0.0.1:1', '--source', 'scene', ...state];
    await startAgent(args).says('watching');
    const { code, stderr } = await agent(...args);
    expect(code).toBe(1);
    expectOneLine(stderr, ['another agent', '--state DIR']);
  });

  it('there is no fswebcam', async () => {
    const args = ['--host', '127.0.0.1:1', ...once()];
    const path = temporaryDirectory();
    symlinkSync('/usr/bin/flock', join(path, 'flock'));
    const { code, stderr } = await program('agent', args, { PATH: path });
    expect(code).toBe(1);
    expect(stderr).toContain('apt-get install fswebcam');
  });

  it('there is no camera', async () => {
    const args = ['--host', '127.0.0.1:1', '--device', '/dev/video99', ...once()];
    const { code, stderr } = await agent(...args);
    expect(code).toBe(1);
    expect(stderr).toContain('/dev/video99');
  });

  it('the file is no JPEG', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    writeFileSync(path, makeJpeg(1).subarray(0, 300));
    const args = ['--host', '127.0.0.1:1', '--source', `file:${path}`, '--shot-timeout', '300ms'];
    const { code, stderr } = await agent(...args, ...once());
    expect(code).toBe(1);
    expect(stderr).toContain(path);
  });
});

describe('the receiver ends with a line when', () => {
  it.each([
    [2, 'there is no directory', [], ['--dir DIR']],
    [2, 'a port is none', ['--dir', '/tmp/x', '--listen', 'here'], ["'here'", 'ADDRESS:PORT']],
    [2, 'a size is none', ['--dir', '/tmp/x', '--max-frame', 'big'], ["'big'", '16MiB']],
    [2, 'a proxy is none', ['--dir', '/tmp/x', '--proxy', 'haproxy'], ["'haproxy'", '127.0.0.1']],
    [
      2,
      'an idle receiver would look dead',
      ['--dir', '/tmp/x', '--health', '0', '--idle-exit', '1m'],
      ['--health and --idle-exit exclude each other'],
    ],
    [
      2,
      'a drain that nothing shows',
      ['--dir', '/tmp/x', '--drain', '2s'],
      ['--drain needs --health'],
    ],
    [1, 'a viewer has no captures', ['web', '--dir', '/no/such'], ['cannot read /no/such']],
    [1, 'the directory cannot be made', ['--dir', '/dev/null/x'], ['/dev/null/x', '--dir']],
  ])('%i: %s', async (expected, _, args, words) => {
    const { code, stderr } = await receiver(...args);
    expect(code).toBe(expected);
    expectOneLine(stderr, words);
  });

  it('1: the port is taken', async () => {
    const { address } = await startReceiverProgram(temporaryDirectory());
    const { code, stderr } = await receiver('--dir', temporaryDirectory(), '--listen', address);
    expect(code).toBe(1);
    expectOneLine(stderr, [address, '--listen']);
  });
});

describe.each(['agent', 'receiver'])('%s', (name) => {
  it('prints its flags with defaults', async () => {
    const { code, stdout, stderr } = await program(name, ['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Default 16MiB.');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it.each(['--version', '-V'])('prints its version for %s', async (flag) => {
    const { stdout } = await program(name, [flag]);
    expect(stdout).toBe(`${version}\n`);
  });

  it('names its commands in sections, and explains each', async () => {
    const { stdout } = await program(name, ['help']);
    expect((await program(name, ['--help'])).stdout).toBe(stdout);
    expect((await program(name, ['-h'])).stdout).toBe(stdout);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) {2,}[A-Z]/gm)].map(([, each = '']) => each);
    expect(commands).toEqual(expect.arrayContaining(['install', 'pair', 'status', 'doctor']));
    for (const command of commands) {
      const { code, stdout: help } = await program(name, ['help', command]);
      expect([command, code]).toEqual([command, 0]);
      expect(help).toMatch(new RegExp(`^${name} ${command}`));
      for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    }
  });

  it('on an older Node says which one it needs, and nothing else', async () => {
    const preload = join(temporaryDirectory(), 'old.cjs');
    const versions = "{ value: { ...process.versions, node: '18.20.4' } }";
    writeFileSync(preload, `Object.defineProperty(process, 'versions', ${versions});`);
    const args = ['--require', preload, `${root}dist/${name}.js`, '--help'];
    const { code, stdout, stderr } = await run(process.execPath, args, {});
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expectOneLine(stderr, [`${name}: this is Node 18.20.4; 20.19 or newer is needed`]);
  });
});
