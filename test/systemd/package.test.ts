/** The Debian package in a real systemd: apt installs it, install sets it up, apt removes and purges it. */
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { missing } from '../support/programs.js';
import { type Lab, whyNoLab } from './lab.js';
import {
  type Packages,
  apt,
  bootForPackages,
  buildPackages,
  camera,
  captures,
  findings,
  framesIn,
  moreFrames,
  namesIn,
  unitFolder,
  mustApt,
  nodePackage,
} from './packaged.js';

const why =
  whyNoLab() ??
  missing('dpkg-deb', 'dpkg') ??
  missing('apt-get', 'apt') ??
  missing('socat', 'socat');

let packages: Packages;
beforeAll(() => {
  if (why !== undefined) return undefined;
  packages = buildPackages();
  return packages.remove;
});

describe.skipIf(why !== undefined)(`the package${why === undefined ? '' : ` (${why})`}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await bootForPackages(packages, {}, false);
  });
  afterAll(() => lab.close());

  it('is refused without Node, and installed with it; it starts and enables nothing', async () => {
    const refused = await apt(lab, 'install', packages.deb);
    expect(refused).toMatchObject({ code: 100 });
    expect(refused.stdout + refused.stderr).toMatch(/picchanged : Depends: nodejs \(>= 20\.19\)/);
    expect((await lab.run('test', '-e', '/usr/bin/picchanged-agent')).code).toBe(1);

    await mustApt(lab, 'install', nodePackage, packages.deb);
    for (const name of ['agent', 'receiver', 'picchanged-agent', 'picchanged-receiver']) {
      expect(await lab.must(name, '--version')).toBe(packages.version);
    }
    for (const user of ['picchanged', 'surveillance', 'picchanged-web']) {
      await lab.must('getent', 'passwd', user);
    }
    expect(await namesIn(lab, unitFolder, '-mindepth', '1')).toEqual([]);
    const active = ['list-units', '--plain', '--no-legend', 'picchanged*', 'surveillance*'];
    expect(await lab.must('systemctl', ...active)).toBe('');
    expect((await lab.run('agent', 'doctor')).stdout).toContain('no service is enabled or running');
    const page = await lab.must('man', '-P', 'cat', 'receiver');
    expect(page).toContain('picchanged-receiver');
    const tab = `
      source /usr/share/bash-completion/completions/receiver
      COMP_WORDS=(receiver pr) COMP_CWORD=1
      _picchanged_receiver
      echo "\${COMPREPLY[@]}"`;
    expect((await lab.sh(tab)).stdout.trim()).toBe('prune');
  });

  it('has units that systemd accepts', async () => {
    const verify = 'systemd-analyze verify --man=no --recursive-errors=yes';
    const units = '/usr/lib/systemd/system';
    expect(await lab.sh(`${verify} ${units}/picchanged* ${units}/surveillance*`)).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  it('has examples that run from it', async () => {
    await lab.sh(`cp /usr/lib/picchanged/systemd/examples/* ${unitFolder}`);
    await lab.must('systemctl', 'daemon-reload');
    await lab.must('systemctl', 'start', 'echo.socket');
    const { stdout } = await lab.runWithInput('hello\r\n', 'socat', '-', 'TCP:localhost:4445');
    expect(stdout).toBe('HELLO\r\n');
    const fleet = await lab.show('surveillance-fleet.service', 'ExecStart');
    expect(fleet).toContain('/usr/lib/picchanged/dist/receiver.js');
    await lab.must('systemctl', 'stop', 'echo.socket');
    await lab.sh(`cd ${unitFolder} && rm -- $(ls /usr/lib/picchanged/systemd/examples)`);
    await lab.must('systemctl', 'daemon-reload');
  }, 60_000);

  it('is set up by install, which writes settings and drop-ins, and neither units nor programs', async () => {
    await lab.must('receiver', 'install', '--dir', captures);
    await lab.must('agent', 'install', '--host', 'localhost', ...camera);
    await moreFrames(lab);
    expect((await namesIn(lab, unitFolder, '-type', 'f')).sort()).toEqual([
      `${unitFolder}/picchanged-prune.service.d/install.conf`,
      `${unitFolder}/surveillance-many.service.d/install.conf`,
    ]);
    expect(await namesIn(lab, '/usr/local/lib/picchanged', '-type', 'f')).toHaveLength(2);
    expect(await findings(lab, 'agent')).toMatchObject({ ok: true });
    expect(await findings(lab, 'receiver')).toMatchObject({ ok: true });
    expect((await lab.run('receiver', 'doctor')).stdout).not.toContain('viewer');
    expect(await lab.must('agent', 'install')).toContain('nothing has changed');
    expect(await lab.must('receiver', 'install')).toContain('nothing has changed');
    // What install read from its own units before, it reads from the package's with the drop-ins.
    await lab.must('receiver', 'install', '--accept', '--listen', '4447', '--web', '8080');
    await lab.must('receiver', 'install');
    expect(await lab.show('surveillance.socket', 'Listen')).toBe('[::]:4447 (Stream)');
    expect(await lab.show('picchanged-web.socket', 'Listen')).toBe('127.0.0.1:8080 (Stream)');
    const doctor = await lab.run('receiver', 'doctor');
    expect(doctor.stdout).toMatch(/^ok +viewer +http:\/\/localhost:8080\/ shows the page$/m);
    expect(await findings(lab, 'receiver')).toMatchObject({ ok: true });
    await lab.must('receiver', 'install', '--accept=no', '--listen', '4444', '--web', 'none');
    await lab.must('agent', 'install', '--timer', '--interval', '3s');
    expect(await lab.show('picchanged.timer', 'TimersMonotonic')).toMatch(
      /OnUnitInactiveUSec=3s[^]*OnActiveUSec=1min|OnActiveUSec=1min[^]*OnUnitInactiveUSec=3s/,
    );
    await lab.must('mkdir', '-p', '/srv/monitor');
    const path = '/srv/monitor/100% of it.jpg';
    await lab.must('agent', 'install', '--path', path);
    expect(await lab.must('agent', 'install')).toContain('nothing has changed');
    expect(await lab.show('picchanged.path', 'Paths')).toBe(`${path} (PathChanged)`);
    expect(await lab.show('picchanged-path.service', 'ExecStart')).toContain(`file:${path}`);
    expect(await lab.must('agent', 'config')).toMatch(
      /^AGENT_SOURCE=file:\/srv\/monitor\/100% of it\.jpg +picchanged-path\.service$/m,
    );
    await lab.must('agent', 'install', '--watch', ...camera);
    await moreFrames(lab);
    expect((await namesIn(lab, unitFolder, '-type', 'f')).sort()).toEqual([
      `${unitFolder}/picchanged-prune.service.d/install.conf`,
      `${unitFolder}/surveillance-many.service.d/install.conf`,
    ]);
  });

  it('says at its removal which frames wait, and sends them when it is back', async () => {
    await lab.must('systemctl', 'stop', 'surveillance-many.socket', 'surveillance-many.service');
    await eventually(
      async () => /waiting/.test(await lab.must('agent', 'status')),
      'a frame that waits',
    );
    const said = await mustApt(lab, 'remove', 'picchanged');
    expect(said).toMatch(
      /picchanged: frames in \/var\/lib\/picchanged\/agent were not delivered, for localhost:4444: \d+ frames? .*waiting/,
    );
    const active = ['list-units', '--plain', '--no-legend', 'picchanged*', 'surveillance*'];
    expect(await lab.must('systemctl', ...active)).toBe('');
    expect(await namesIn(lab, '/usr/bin/agent', '/usr/bin/picchanged-agent')).toEqual([]);
    expect(await lab.must('cat', '/etc/picchanged/agent.env')).toContain('AGENT_HOST=localhost');
    await mustApt(lab, 'install', packages.deb);
    await eventually(
      async () => /no frame waits/.test(await lab.must('agent', 'status')),
      'no frame that waits',
    );
    expect(await lab.must('receiver', 'verify')).toContain('yard: all as recorded');
    expect(await lab.show('picchanged-watch.service', 'ActiveState')).toBe('active');
  });

  it('purged, leaves the captures, the users and other people’s drop-ins', async () => {
    const mine = `${unitFolder}/picchanged-watch.service.d/mine.conf`;
    await lab.must('mkdir', '-p', `${unitFolder}/picchanged-watch.service.d`);
    await lab.sh(`echo '[Service]' > ${mine}`);
    const before = await framesIn(lab);
    const said = await mustApt(lab, 'purge', 'picchanged');
    expect(said).toContain(`${dirname(mine)} stays: you have put drop-ins into it`);
    expect((await framesIn(lab)).length).toBeGreaterThanOrEqual(before.length);
    expect(await namesIn(lab, unitFolder, '-type', 'f', '-o', '-type', 'l')).toEqual([mine]);
    const gone = ['/etc/picchanged', '/var/lib/picchanged', '/usr/local/lib/picchanged'];
    expect(await namesIn(lab, ...gone, '/usr/lib/picchanged', '/var/lib/surveillance')).toEqual([]);
    await lab.must('getent', 'passwd', 'surveillance');
    await lab.must('rm', '-r', dirname(mine));

    // Captures in the folder of the service stay too, without the keys beside them.
    await mustApt(lab, 'install', packages.deb);
    await lab.must('receiver', 'install');
    await lab.must('agent', 'install', '--plug', '--host', 'localhost');
    const rule = '/etc/udev/rules.d/99-picchanged-webcam.rules';
    await lab.must('test', '-e', rule);
    await lab.must('mkdir', '-p', '/var/lib/surveillance/yard');
    expect(await mustApt(lab, 'purge', 'picchanged')).toContain(
      'the captures stay in /var/lib/surveillance',
    );
    const stays = await lab.must('find', '/var/lib/surveillance');
    expect(stays).toContain('/var/lib/surveillance/yard');
    expect(stays).not.toContain('.keys');
    expect(await namesIn(lab, rule, unitFolder, '-type', 'f')).toEqual([]);
    await lab.must('rm', '-r', '/var/lib/surveillance');
  });

  it('stays when uninstall removes what install wrote', async () => {
    await mustApt(lab, 'install', packages.deb);
    await lab.must('receiver', 'install', '--dir', captures, '--listen', '4447');
    await lab.must('agent', 'install', '--timer', '--interval', '3s', '--host', 'localhost');
    for (const program of ['agent', 'receiver']) {
      expect(await lab.must(program, 'uninstall')).toContain(
        'note     the programs themselves stay in /usr/lib/picchanged: apt remove picchanged removes it',
      );
    }
    expect(await namesIn(lab, unitFolder, '-type', 'f', '-o', '-type', 'l')).toEqual([]);
    expect(await namesIn(lab, '/etc/picchanged', '/usr/local/lib/picchanged')).toEqual([]);
    expect((await lab.run('agent', 'doctor')).stdout).toContain('no service is enabled or running');
    for (const user of ['picchanged', 'surveillance']) await lab.must('getent', 'passwd', user);
    await mustApt(lab, 'purge', 'picchanged');
  });

  it('goes on where another program has the short name, and says so', async () => {
    await lab.sh('printf "#!/bin/sh\\necho mine\\n" > /usr/bin/agent; chmod +x /usr/bin/agent');
    const said = await mustApt(lab, 'install', packages.deb);
    expect(said).toContain(
      'picchanged: /usr/bin/agent is of another program: the command of this one is picchanged-agent',
    );
    expect(await lab.must('agent')).toBe('mine');
    expect(await lab.must('receiver', '--version')).toBe(packages.version);
    await mustApt(lab, 'purge', 'picchanged');
    expect(await lab.must('agent')).toBe('mine');
    await lab.must('rm', '/usr/bin/agent');
  });
});
