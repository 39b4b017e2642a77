/** The camera machine's units, shipped as they are, with the receiving machine's beside them. */
import { readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { missing } from '../support/programs.js';
import { makeJpeg } from '../support/pictures.js';
import { type Lab, whyNoLab } from './lab.js';
import {
  arrived,
  bootShipped,
  captures,
  configure,
  edit,
  jpegs,
  show,
  writeInLab,
} from './shipped.js';

const why = whyNoLab();
const noFfmpeg = missing('ffmpeg', 'ffmpeg');

/** Answers every question for an IPv4 address with the lab's own. */
const nameServer = `
import { createSocket } from 'node:dgram';
const server = createSocket('udp4');
server.on('message', (query, { port, address }) => {
  const end = query.indexOf(0, 12) + 5;
  const isIpv4 = query.readUInt16BE(end - 4) === 1;
  const head = Buffer.concat([query.subarray(0, 2), Buffer.from([0x81, 0x80, 0, 1, 0, isIpv4 ? 1 : 0, 0, 0, 0, 0])]);
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
  server.send(Buffer.concat([head, query.subarray(12, end), ...(isIpv4 ? [answer] : [])]), port, address);
});
server.bind(53, '127.0.0.1');
`;

const quickTimer = [
  '[Timer]',
  'OnActiveSec=',
  'OnActiveSec=100ms',
  'OnUnitInactiveSec=100ms',
  'AccuracySec=1ms',
];

describe.skipIf(why !== undefined)(`the camera machine ${why ?? ''}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await bootShipped();
    await lab.must('systemctl', 'start', 'surveillance.socket');
  });
  afterAll(() => lab.close());

  it('takes a shot when the timer says so, and the other machine keeps it if it changed', async () => {
    configure(lab, 'agent', { AGENT_CAMERA: 'shot' });
    show(lab, 'agent', 'yard');
    await edit(lab, 'picchanged.timer', quickTimer);
    await lab.must('systemctl', 'start', 'picchanged.timer');
    await arrived(lab, 'shot', 1);
    show(lab, 'agent', 'visitor');
    const [name = ''] = await arrived(lab, 'shot', 2);
    await lab.must('systemctl', 'stop', 'picchanged.timer');
    expect(name).toMatch(/^\d{4}_\d\d_\d\d\/\d{4}(_\d\d){5}_\d{3}[+-]\d{4}\.jpg$/);
    const path = `${captures}/shot/${name}`;
    const owner = await lab.must('stat', '--format', '%U:%G %a', path);
    expect(owner).toBe('surveillance:surveillance 640');
    // The last shot may still be going on.
    await lab.until('picchanged.service', 'ActiveState', 'inactive');
    // A run that goes well leaves no line, neither ours nor systemd's.
    expect(await lab.journal('picchanged.service')).toBe('');
  });

  it('watches several cameras at once, each by its own settings', async () => {
    for (const camera of ['front', 'back']) {
      configure(lab, camera);
      show(lab, camera, 'yard');
      // An eighth of it is how often the status is said.
      await edit(lab, `picchanged-watch@${camera}.service`, [
        '[Service]',
        'WatchdogSec=4s',
        'RestartSec=100ms',
      ]);
    }
    await lab.must('systemctl', 'start', 'picchanged-watch@front', 'picchanged-watch@back');
    for (const camera of ['front', 'back']) {
      await arrived(lab, camera, 1);
      await lab.until(`picchanged-watch@${camera}`, 'StatusText', /^\d+ frames? seen, 1 to send$/);
    }
    show(lab, 'back', 'visitor');
    await arrived(lab, 'back', 2);
    expect(jpegs(lab, `${captures}/front`)).toHaveLength(1);
  });

  it('goes on after kill -9', async () => {
    const unit = 'picchanged-watch@front';
    const before = await lab.show(unit, 'MainPID');
    await lab.must('kill', '-KILL', before);
    await lab.until(unit, 'NRestarts', '1');
    await lab.until(unit, 'ActiveState', 'active');
    const frames = jpegs(lab, `${captures}/front`).length;
    show(lab, 'front', 'visitor');
    await arrived(lab, 'front', frames + 1);
    await lab.must('systemctl', 'stop', 'picchanged-watch@front', 'picchanged-watch@back');
    expect(await lab.show(unit, 'Result')).toBe('success');
  });

  it('restarts an agent that is wedged, and says why', async () => {
    const unit = 'picchanged-watch@wedged';
    configure(lab, 'wedged', { AGENT_SHOT_TIMEOUT: '200ms' });
    show(lab, 'wedged', 'yard');
    const quick = ['[Service]', 'WatchdogSec=3s', 'RestartSec=100ms'];
    await edit(lab, `${unit}.service`, quick);
    await lab.must('systemctl', 'start', unit);
    await lab.must('kill', '-STOP', await lab.show(unit, 'MainPID'));
    await lab.until(unit, 'NRestarts', '1');
    await lab.until(unit, 'StatusText', /^[1-9]\d* frames? seen/);
    expect(await lab.show(unit, 'ActiveState')).toBe('active');
    expect(await lab.journal(unit)).toContain('Watchdog timeout');
    await lab.must('systemctl', 'stop', unit);
  });

  it('waits for a camera that is not there, and restarts nothing', async () => {
    const unit = 'picchanged-watch@gone';
    configure(lab, 'gone', { AGENT_DEVICE: '/dev/video7', AGENT_SHOT_TIMEOUT: '200ms' });
    await edit(lab, `${unit}.service`, ['[Service]', 'WatchdogSec=3s']);
    await lab.must('systemctl', 'start', unit);
    await lab.until(unit, 'StatusText', /^no frame: .*\/dev\/video7/);
    // Well past the time in which a watchdog that is not fed would have bitten.
    const fedAt = async (): Promise<number> =>
      Number(await lab.show(unit, 'WatchdogTimestampMonotonic'));
    const start = await fedAt();
    await eventually(async () => (await fedAt()) - start > 4_000_000, 'a watchdog that is fed');
    expect(await lab.show(unit, 'NRestarts')).toBe('0');
    await lab.must('systemctl', 'stop', unit);
  });

  it('ends an fswebcam that hangs, says so, and goes on when it works again', async () => {
    const unit = 'picchanged-watch@hangs';
    const program = '/usr/local/bin/fswebcam';
    writeInLab(lab, program, '#!/bin/sh\ntrap "" TERM\nwhile :; do sleep 4321; done\n');
    await lab.must('chmod', '755', program);
    configure(lab, 'hangs', { AGENT_SHOT_TIMEOUT: '300ms' });
    show(lab, 'hangs', 'yard');
    await lab.must('systemctl', 'start', unit);
    await lab.says(unit, 'fswebcam did not finish a shot');
    await lab.must('rm', program);
    await arrived(lab, 'hangs', 1);
    await lab.says(unit, 'delivers again');
    expect((await lab.run('pgrep', '-f', 'sleep 4321')).stdout).toBe('');
    expect(await lab.show(unit, 'NRestarts')).toBe('0');
    await lab.must('systemctl', 'stop', unit);
  });

  it('stays down when its settings are wrong, and says which', async () => {
    const unit = 'picchanged-watch@wrong';
    configure(lab, 'wrong', { AGENT_INTERVAL: 'soon' });
    expect(await lab.run('systemctl', 'start', unit)).toMatchObject({ code: 1 });
    await lab.until(unit, 'ActiveState', 'failed');
    expect(await lab.show(unit, 'NRestarts')).toBe('0');
    const query = ['--unit', unit, '--priority', 'err', '--output', 'cat'];
    await eventually(
      async () => (await lab.must('journalctl', ...query)).includes("AGENT_INTERVAL 'soon'"),
      'the setting in the journal',
    );
  });

  it('sends every version of a picture that another program overwrites', async () => {
    configure(lab, 'agent', { AGENT_CAMERA: 'monitor' });
    await edit(lab, 'picchanged-path.service', [
      '[Service]',
      'ExecStart=',
      'ExecStart=/usr/local/bin/agent --source file:/run/monitor/monitor.jpg --all --idle-exit 1s',
    ]);
    await lab.must('mkdir', '-p', '/run/monitor');
    await lab.must('systemctl', 'start', 'picchanged.path');
    const folder = `${captures}/monitor`;
    const isSent = async (version: number): Promise<void> => {
      const wanted = makeJpeg(version);
      await eventually(
        () =>
          jpegs(lab, folder).some((name) =>
            readFileSync(lab.path(`${folder}/${name}`)).equals(wanted),
          ),
        `version ${version} at the receiver`,
      );
    };
    for (let version = 0; version <= 8; version += 1) {
      writeInLab(lab, '/run/monitor/monitor.jpg', makeJpeg(version));
      // A version that is overwritten before it is read cannot be sent.
      await isSent(version);
    }
    // It ends when nothing comes, and is there for what comes then.
    await lab.until('picchanged-path.service', 'ActiveState', 'inactive');
    writeInLab(lab, '/run/monitor/monitor.jpg', makeJpeg(9));
    await isSent(9);
    await lab.must('systemctl', 'stop', 'picchanged.path');
    expect(statSync(lab.path('/var/lib/picchanged/agent')).mode & 0o777).toBe(0o700);
  });

  // What it may not do (bind, io_uring) is not needed for any of this.
  it.skipIf(noFfmpeg !== undefined)(
    `looks up a name over the network, and takes frames from a command of its user's ${noFfmpeg ?? ''}`,
    async () => {
      const unit = 'picchanged-watch@film';
      writeInLab(lab, '/usr/local/lib/names.mjs', nameServer);
      const server = lab.start('node', '/usr/local/lib/names.mjs');
      await lab.sh('rm -f /etc/resolv.conf; echo nameserver 127.0.0.1 >/etc/resolv.conf');
      await eventually(
        async () => (await lab.run('getent', 'hosts', 'laptop.example')).code === 0,
        'a name server',
      );
      const pattern = ['-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=2'];
      const words = ['ffmpeg', '-loglevel', 'error', '-re', ...pattern, '-f', 'mjpeg', '-'];
      configure(lab, 'film', {
        AGENT_HOST: 'laptop.example',
        AGENT_SOURCE: 'command',
        AGENT_COMMAND: `'${JSON.stringify(words)}'`,
      });
      await edit(lab, `${unit}.service`, ['[Service]', 'WatchdogSec=4s']);
      await lab.must('systemctl', 'start', unit);
      await arrived(lab, 'film', 2);
      await lab.until(unit, 'StatusText', /^\d+ frames? seen, \d+ to send$/);
      expect(await lab.journal(unit)).not.toContain('cannot');
      await lab.must('systemctl', 'stop', unit);
      expect(await lab.show(unit, 'Result')).toBe('success');
      server.kill();
    },
  );
});
