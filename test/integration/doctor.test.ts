/** doctor, status, install and uninstall as commands, on the test machine. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { middayZone } from '../support/midday.js';
import { household, receiverCommand } from '../support/pairing.js';
import { freePort } from '../support/ports.js';
import { missing, root, run, startAgent, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

interface Finding {
  readonly check: string;
  readonly level: string;
  readonly says: string;
  readonly todo?: string;
}

const typed = (name: string, args: readonly string[], env = {}) =>
  run(process.execPath, [`${root}dist/${name}.js`, ...args], { env });

/** Findings by their check; of several, the last. */
async function findings(name: string, args: readonly string[], env = {}) {
  const { code, stdout } = await typed(name, ['doctor', '--json', ...args], env);
  const { ok, findings: all } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
  expect(code).toBe(ok ? 0 : 1);
  return new Map(all.map((each) => [each.check, each]));
}

const noFswebcam = missing('fswebcam', 'fswebcam');

describe('agent doctor', () => {
  it('finds no problem, and a receiver that answers', async () => {
    const { address } = await startReceiverProgram(temporaryDirectory());
    const state = temporaryDirectory();
    const args = ['--host', address, '--source', 'scene', '--state', state];
    const { code, stdout, stderr } = await typed('agent', ['doctor', ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^ok {7}frame {5}taken from scene 1: 640×480, \d+ kB$/m);
    expect(stdout).toContain(`${address} answers`);
  });

  it.skipIf(noFswebcam !== undefined)(`takes a real shot${noFswebcam ?? ''}`, async () => {
    const found = await findings('agent', ['--device', 'TEST:', '--state', temporaryDirectory()]);
    expect(found.get('fswebcam')).toMatchObject({ level: 'ok' });
    expect(found.get('frame')?.says).toContain('taken from fswebcam TEST:');
    expect(found.get('receiver')).toMatchObject({
      level: 'fault',
      says: 'no receiver is configured',
    });
  });

  it('reports problems, and the commands that fix them', async () => {
    const port = await freePort();
    const state = temporaryDirectory();
    const host = `127.0.0.1:${port}`;
    const found = await findings('agent', [
      '--host',
      host,
      '--device',
      '/dev/video99',
      '--state',
      state,
    ]);
    expect(found.get('device')).toMatchObject({
      level: 'fault',
      says: '/dev/video99 does not exist',
    });
    expect(found.has('frame')).toBe(false);
    expect(found.get('receiver')).toMatchObject({
      level: 'fault',
      todo: "on the receiver's machine: receiver doctor",
    });
    expect(found.get('receiver')?.says).toContain('ECONNREFUSED');

    const nowhere = await findings('agent', [
      '--host',
      'nowhere.invalid',
      '--source',
      'scene',
      '--state',
      state,
    ]);
    expect(nowhere.get('name')).toMatchObject({ level: 'fault' });

    const noPath = temporaryDirectory();
    const bare = await findings('agent', ['--host', host, '--state', state], { PATH: noPath });
    expect(bare.get('fswebcam')).toMatchObject({
      level: 'fault',
      todo: 'sudo apt-get install fswebcam',
    });
    expect(bare.get('clock')).toMatchObject({ level: 'warning' });

    const plain = await findings('agent', [
      '--device',
      '/dev/shm',
      '--host',
      host,
      '--state',
      state,
    ]);
    expect(plain.get('device')?.says).toContain('/dev/shm is not a device');
    const broken = join(temporaryDirectory(), 'x.jpg');
    writeFileSync(broken, 'hello');
    const args = ['--source', `file:${broken}`, '--shot-timeout', '300ms', '--host', host];
    expect((await findings('agent', [...args, '--state', state])).get('frame')).toMatchObject({
      level: 'fault',
    });
  });

  it('reports a running agent and its waiting frames, as status does', async () => {
    const state = temporaryDirectory();
    const host = `127.0.0.1:${await freePort()}`;
    const args = ['--host', host, '--source', 'scene', '--state', state];
    const agent = startAgent([...args, '--camera', 'yard', '--interval', '200ms']);
    await agent.says('watching');
    await eventually(async () => {
      const { stdout } = await typed('agent', ['status', '--state', state]);
      return /1 waiting|waiting, the oldest from/.test(stdout) && stdout.includes('an agent runs');
    }, 'frames that wait');
    const found = await findings('agent', args);
    expect(found.get('lock')).toMatchObject({ level: 'warning' });
    expect(found.get('frames')?.says).toMatch(/^for 127\.0\.0\.1:\d+: \d+ frames? .* waiting/);
    expect(found.get('frames')?.says).toMatch(/; not delivering, for \d+ s: .*ECONNREFUSED/);
    const text = (await typed('agent', ['status', '--state', state])).stdout;
    expect(text).toMatch(
      /^127\.0\.0\.1:\d+: .* waiting.*\n {2}not delivering, for .*ECONNREFUSED/m,
    );
    await agent.stop();
    const { stdout } = await typed('agent', ['status', '--json', '--state', state]);
    expect(JSON.parse(stdout)).toMatchObject({
      isAtWork: false,
      spools: [{ receiver: host.replace(':', '_'), host, uplink: { receiver: host } }],
    });
  });

  it('says where frames wait that are for no --host any more', async () => {
    const state = temporaryDirectory();
    const port = await freePort();
    const once = ['--once', '--source', 'scene', '--state', state, '--send-timeout', '1s'];
    await typed('agent', [...once, '--host', `127.0.0.1:${port}`]);
    await typed('agent', [...once, '--host', `127.0.0.2:${port}`]);
    const { stdout } = await typed('agent', ['status', '--state', state]);
    expect(stdout).toMatch(/^127\.0\.0\.1:.*\n {2}no --host any more: add it again/m);
  });
});

describe('receiver doctor', () => {
  it('finds the receiver at its port, and status lists the cameras', async () => {
    const directory = temporaryDirectory();
    const { address, port } = await startReceiverProgram(directory);
    const camera = ['--camera', 'yard', '--state', temporaryDirectory()];
    const env = { TZ: middayZone() };
    await typed('agent', ['--once', '--source', 'scene', '--host', address, ...camera], env);
    const found = await findings('receiver', ['--dir', directory, '--listen', address]);
    expect(found.get('port')).toMatchObject({ level: 'ok' });
    const others = ['--listen', `127.0.0.1:${await freePort()}`, '--listen', address];
    const last = (await findings('receiver', ['--dir', directory, ...others])).get('port');
    expect(last).toMatchObject({ level: 'ok', says: `a receiver answers on ${address}` });
    expect(found.get('cameras')?.says).toMatch(/^yard: last frame \d+ s ago/);
    expect(found.get('address')?.says).toBe(`at the camera: agent --host 127.0.0.1:${port}`);
    const { stdout } = await typed('receiver', ['status', '--dir', directory], env);
    expect(stdout).toMatch(/^yard: last frame \d+ s ago, 1 frame today \(\d+ kB\)$/m);
  });

  it('reports problems', async () => {
    const listen = ['--listen', `127.0.0.1:${await freePort()}`];
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');
    const found = await findings('receiver', ['--dir', file, ...listen]);
    expect(found.get('captures')).toMatchObject({
      level: 'fault',
      says: `${file} is not a directory`,
    });
    expect(found.get('port')).toMatchObject({ level: 'fault' });
    expect(found.get('port')?.todo).toContain(`receiver --dir ${file}`);
    const none = await findings('receiver', ['--dir', join(file, 'x'), ...listen]);
    expect(none.get('captures')).toMatchObject({ level: 'fault', todo: 'choose another --dir' });
  });
});

describe('doctor and status of a pair', () => {
  it('report no pairing, a pending code, and the finished pairing', async () => {
    const { captures, keys, line, receive, state, type } = household();
    const { address } = await receive();
    const atReceiver = ['--dir', captures, '--keys', keys];
    const receiverFinds = () => findings('receiver', [...atReceiver, '--listen', address]);
    const camera = ['--host', address, '--source', 'scene', '--state', state];
    expect((await receiverFinds()).get('pairing')).toMatchObject({
      level: 'warning',
      todo: 'sudo receiver pair NAME',
    });
    expect((await findings('agent', camera)).get('pairing')).toMatchObject({ level: 'warning' });
    const words = await line('yard', address);
    expect((await receiverFinds()).get('pairing')?.says).toContain('; a code is valid for yard');

    await type(words);
    expect((await receiverFinds()).get('pairing')).toEqual({
      check: 'pairing',
      level: 'ok',
      says: 'only paired cameras are accepted: yard',
    });
    expect((await receiverFinds()).get('port')?.says).toContain('accepts paired cameras only');
    const found = await findings('agent', camera);
    expect(found.get('pairing')?.says).toBe(`paired with ${address} as yard`);
    expect(found.get('receiver')?.says).toBe(`${address} answers, over TLS`);
    const { stdout } = await typed('receiver', ['status', ...atReceiver]);
    expect(stdout).toMatch(/^yard: paired \d+ s ago, last connected \d+ s ago from 127\.0\.0\.1$/m);
    expect((await typed('agent', ['status', '--state', state])).stdout).toContain(
      `paired with ${address} as yard\n`,
    );

    await receiverCommand('unpair', 'yard', '--keys', keys);
    expect((await receiverFinds()).get('pairing')).toMatchObject({ level: 'warning' });
    expect((await findings('agent', camera)).get('receiver')).toMatchObject({
      level: 'fault',
      says: `${address}: the receiver does not know this key`,
    });
    rmSync(keys, { recursive: true });
    expect((await receiverFinds()).get('pairing')).toMatchObject({ level: 'fault' });
  });
});

describe('install', () => {
  it('with --dry-run prints its steps, and does nothing', async () => {
    const home = temporaryDirectory();
    const captures = join(home, 'captures');
    const args = ['install', '--dry-run', '--user', '--dir', captures, '--max-frame', '8MiB'];
    const { code, stdout } = await typed('receiver', args, { HOME: home });
    expect(code).toBe(0);
    expect(stdout).toContain(`write    ${home}/.config/systemd/user/surveillance-many.socket`);
    expect(stdout).toContain('  | RECEIVER_MAX_FRAME=8MiB');
    expect(stdout).toContain('run      systemctl --user restart surveillance-many.socket');
    expect((await typed('agent', ['install', '--dry-run', '--host', 'x'])).stdout).toContain(
      'run      systemctl restart picchanged-watch.service',
    );
    expect(await run('ls', ['-A', home])).toMatchObject({ stdout: '' });
  });

  it.each([
    ['agent', ['install'], '--host is required'],
    ['agent', ['install', '--host', 'x', '--watch', '--timer'], 'give only one of'],
    ['agent', ['install', '--host', 'x', '--once'], 'use --timer'],
    [
      'agent',
      ['install', '--host', 'x', '--mask', '/home/fred/mask.png'],
      'services cannot access /home',
    ],
    [
      'agent',
      ['install', '--host', 'x', '--source', 'folder:/tmp/x'],
      'services cannot access /home',
    ],
    ['agent', ['install', '--host', 'x', '--plug', '--device', '/dev/video0'], 'plugged in'],
    ['agent', ['install', '--host', 'x', 'y'], "'y'"],
    ['receiver', ['install', '--dir', '/tmp/captures'], 'its own private /tmp'],
    ['receiver', ['install', '--dir', '/home'], 'not a folder for captures only'],
    ['receiver', ['install', '--dir', '/home/no/such'], 'no such home folder'],
    ['receiver', ['install', '--dir', '/srv/a\nb'], 'control character'],
    ['receiver', ['install', '--dir', '/etc'], 'is not empty'],
    ['receiver', ['install', '--keys', '/home/fred/keys'], 'services cannot access /home'],
    ['receiver', ['install', '--user'], '--dir is required'],
  ])('refuses: %s %j', async (name, args, words) => {
    const { code, stdout, stderr } = await typed(name, [...args, '--dry-run']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(words);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('fails when there is nothing to uninstall', async () => {
    const home = temporaryDirectory();
    mkdirSync(join(home, '.config'));
    expect(
      await typed('agent', ['uninstall', '--user', '--dry-run'], { HOME: home }),
    ).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is not installed') as string,
    });
  });
});
