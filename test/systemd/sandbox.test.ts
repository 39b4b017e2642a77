/** What the shipped units really forbid: a probe runs in place of the programs, under the same settings. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { type Lab, whyNoLab } from './lab.js';
import { bootShipped, configure, edit, writeInLab } from './shipped.js';

const why = whyNoLab();

/** Tries each thing and writes what came of it to its state folder: `ok`, or the system's word for why not. */
const probe = `
import * as fs from 'node:fs';
import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { spawnSync } from 'node:child_process';
import { getSystemErrorName } from 'node:util';
const found = {};
const attempt = async (name, act) => {
  try { await act(); found[name] = 'ok'; } catch (error) { found[name] = error.code ?? String(error); }
};
await attempt('read home', () => fs.readFileSync('/home/somebody/secret'));
await attempt('read root home', () => fs.readFileSync('/root/secret'));
for (const path of ['/etc', '/usr', '/srv', '/var/lib', '/run', '/opt', '/boot', '/var/log', '/dev/shm']) {
  await attempt('write ' + path, () => fs.writeFileSync(path + '/probe', ''));
}
await attempt('write state', () => fs.writeFileSync(process.env.STATE_DIRECTORY + '/probe', ''));
await attempt('see /tmp', () => fs.readFileSync('/tmp/of-others'));
await attempt('listen', () => once(createServer().listen(0, '127.0.0.1'), 'listening'));
await attempt('connect', () => once(connect(4499, '127.0.0.1'), 'connect'));
await attempt('device', () => fs.closeSync(fs.openSync('/dev/secret', 'r')));
await attempt('null', () => fs.readFileSync('/dev/null'));
await attempt('other processes', () => fs.readFileSync('/proc/1/cmdline'));
await attempt('kernel', () => fs.readFileSync('/proc/cpuinfo'));
await attempt('tunables', () => fs.writeFileSync('/proc/sys/kernel/hostname', 'x'));
const run = (...words) => { if (spawnSync(words[0], words.slice(1)).status !== 0) throw new Error('refused'); };
await attempt('namespace', () => run('unshare', '--user', 'true'));
await attempt('mount', () => run('mount', '-t', 'tmpfs', 'none', '/mnt'));
await attempt('other user', () => run('setpriv', '--reuid', '65534', 'true'));
const calls = spawnSync('perl', ['/usr/local/lib/calls.pl'], { encoding: 'utf8' });
for (const [, name, errno] of calls.stdout.matchAll(/^(.*) (\\d+)$/gm)) {
  found[name] = errno === '0' ? 'ok' : getSystemErrorName(-errno);
}
if (calls.status !== 0) found['system calls'] = calls.stderr;
const [unfinished, whole] = ['probe', 'found.json'].map((name) => process.env.STATE_DIRECTORY + '/' + name);
fs.writeFileSync(unfinished, JSON.stringify(found));
fs.renameSync(unfinished, whole);
process.exit(0);
`;

/**
 * System calls by themselves, as Node makes none: what came of each, an errno or 0. Those of
 * io_uring get no descriptor, so that nothing comes of them where they may be made.
 */
const calls = `
use strict; use Socket;
sub report { my ($name, $ok) = @_; my $errno = $ok ? 0 : $!+0; print "$name $errno\\n"; return $ok; }
# The numbers are the same on every architecture.
my $parameters = "\\0" x 120;
report('io_uring_setup', syscall(425, 1, $parameters) >= 0);
report('io_uring_enter', syscall(426, -1, 0, 0, 0, 0, 0) >= 0);
report('io_uring_register', syscall(427, -1, 0, 0, 0) >= 0);
my ($tcp, $bare, $udp, $asks);
report('socket', socket($tcp, AF_INET, SOCK_STREAM, 0)) or exit 0;
socket($bare, AF_INET, SOCK_STREAM, 0) or die $!;
socket($udp, AF_INET, SOCK_DGRAM, 0) or die $!;
socket($asks, AF_INET, SOCK_DGRAM, 0) or die $!;
report('bind TCP', bind($tcp, sockaddr_in(0, INADDR_LOOPBACK)));
report('bind UDP', bind($udp, sockaddr_in(0, INADDR_LOOPBACK)));
report('listen without bind', listen($bare, 1));
report('accept', accept(PEER, $udp));
report('send UDP', connect($asks, sockaddr_in(4499, INADDR_LOOPBACK)) && send($asks, 'x', 0));
`;

const noUring = {
  io_uring_setup: 'EPERM',
  io_uring_enter: 'EPERM',
  io_uring_register: 'EPERM',
};

/** The same for every service. */
const forbidden = {
  'read home': 'EACCES',
  'read root home': 'EACCES',
  'write /etc': 'EROFS',
  'write /usr': 'EROFS',
  'write /srv': 'EROFS',
  'write /var/lib': 'EROFS',
  'write /run': 'EACCES',
  'write /opt': 'EROFS',
  'write /boot': 'EROFS',
  'write /var/log': 'EROFS',
  'write state': 'ok',
  'see /tmp': 'ENOENT',
  null: 'ok',
  'other processes': 'ENOENT',
  kernel: 'ENOENT',
  namespace: 'Error: refused',
  mount: 'Error: refused',
  'other user': 'Error: refused',
  ...noUring,
};

/** Calls that fail everywhere, for want of a descriptor: which word they fail with is the kernel's affair. */
const failing = ['accept', 'io_uring_enter', 'io_uring_register'];

describe.skipIf(why !== undefined)(`the sandbox ${why ?? ''}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await bootShipped();
    writeInLab(lab, '/usr/local/lib/probe.mjs', probe);
    writeInLab(lab, '/usr/local/lib/calls.pl', calls);
    for (const home of ['/home/somebody', '/root']) writeInLab(lab, `${home}/secret`, 'x');
    writeInLab(lab, '/tmp/of-others', 'x');
    // Open to everybody, as far as its mode goes.
    await lab.must('mknod', '-m', '666', '/dev/secret', 'c', '10', '200');
    configure(lab, 'agent');
    configure(lab, 'front');
    lab.start('socat', 'TCP-LISTEN:4499,fork,reuseaddr', 'SYSTEM:true');
    await lab.must(
      'bash',
      '-c',
      'until (: </dev/tcp/127.0.0.1/4499) 2>/dev/null; do sleep 0.1; done',
    );
  });
  afterAll(() => lab.close());

  /** Runs the probe in place of a unit's program. @returns what it found */
  async function probed(unit: string, start: () => Promise<unknown>, state: string) {
    const command = 'ExecStart=node /usr/local/lib/probe.mjs';
    await edit(lab, unit, ['[Service]', 'Type=oneshot', 'Restart=no', 'ExecStart=', command]);
    const { code, stderr } = await start().then(
      () => ({ code: 0, stderr: '' }),
      (error: unknown) => ({ code: 1, stderr: String(error) }),
    );
    if (code !== 0) throw new Error(`${stderr}\n${await lab.journal(unit)}`);
    const isThere = async (): Promise<boolean> =>
      (await lab.run('test', '-e', `${state}/found.json`)).code === 0;
    await eventually(isThere, `what the probe in ${unit} found`);
    const text = readFileSync(lab.path(`${state}/found.json`), 'utf8');
    await lab.must('rm', `${state}/found.json`);
    return JSON.parse(text) as Record<string, string>;
  }

  it('shows that the probe would find all of it open without one', async () => {
    await lab.must('mkdir', '-p', '/var/lib/open');
    await lab.must('env', 'STATE_DIRECTORY=/var/lib/open', 'node', '/usr/local/lib/probe.mjs');
    const found = JSON.parse(readFileSync(lab.path('/var/lib/open/found.json'), 'utf8')) as Record<
      string,
      string
    >;
    const { device, ...others } = found;
    expect(['ENODEV', 'ENOENT', 'ENXIO', 'ok']).toContain(device); // the kernel's word: nobody forbade it
    // The lab's own /proc/sys is read-only.
    const open = Object.entries(others).filter(
      ([name, how]) =>
        name !== 'tunables' && (failing.includes(name) ? how === 'EPERM' : how !== 'ok'),
    );
    expect(open).toEqual([]);
    await lab.must(
      'bash',
      '--norc',
      '-c',
      'rm -f /{etc,usr,srv,var/lib,run,opt,boot,var/log,dev/shm}/probe',
    );
  });

  it.each([
    ['picchanged.service', '/var/lib/picchanged/agent'],
    ['picchanged-watch.service', '/var/lib/picchanged/agent'],
    ['picchanged-path.service', '/var/lib/picchanged/agent'],
    ['picchanged@front.service', '/var/lib/picchanged/front'],
    ['picchanged-watch@front.service', '/var/lib/picchanged/front'],
  ])('of %s lets the agent reach out, and no more', async (unit, state) => {
    const found = await probed(unit, () => lab.must('systemctl', 'start', unit), state);
    expect(found).toMatchObject({
      ...forbidden,
      listen: 'EPERM',
      'listen without bind': 'EPERM',
      'bind TCP': 'EPERM',
      'bind UDP': 'EPERM',
      accept: 'EPERM',
      connect: 'ok',
      'send UDP': 'ok',
      device: 'EPERM',
    });
  });

  it('of surveillance-many.service lets the receiver write its captures, and no more', async () => {
    const unit = 'surveillance-many.service';
    const found = await probed(
      unit,
      () => lab.must('systemctl', 'start', unit),
      '/var/lib/surveillance',
    );
    expect(found).toMatchObject({ ...forbidden, connect: 'EAFNOSUPPORT', device: 'ENOENT' });
  });

  it.each([
    ['surveillance', '4444', '/var/lib/surveillance'],
    ['filetrans', '4446', '/var/lib/private/filetrans'],
  ])('of %s@.service lets one connection in, and no more', async (name, port, state) => {
    const connect = async (): Promise<void> => {
      await lab.must('systemctl', 'start', `${name}.socket`);
      await lab.run('socat', '-u', 'OPEN:/dev/null', `TCP:localhost:${port}`);
    };
    const found = await probed(`${name}@.service`, connect, state);
    expect(found).toMatchObject({ ...forbidden, connect: 'EAFNOSUPPORT', device: 'ENOENT' });
  });
});
