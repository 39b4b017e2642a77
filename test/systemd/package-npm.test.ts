/** The Debian package after an installation of npm, its update, and npm again. */
import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unpackVersion01 } from '../support/old-version.js';
import { missing } from '../support/programs.js';
import { type Lab, whyNoLab } from './lab.js';
import {
  type Packages,
  bootForPackages,
  buildPackages,
  camera,
  captures,
  findings,
  installByNpm,
  moreFrames,
  mustApt,
  namesIn,
  runningVersion,
  unitFolder,
} from './packaged.js';

const why = whyNoLab() ?? missing('dpkg-deb', 'dpkg') ?? missing('apt-get', 'apt');
const oldPackage = dirname(dirname(unpackVersion01().agent));

let packages: Packages;
beforeAll(() => {
  if (why !== undefined) return undefined;
  packages = buildPackages();
  return packages.remove;
});

describe.skipIf(why !== undefined)('npm, the package, its update, and npm again', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await bootForPackages(packages, {
      copies: [
        { from: oldPackage, to: '/srv/picchanged-0.1.0' },
        // Where npm is a part of the nodejs package, the lab has none.
        {
          from: `${execFileSync('npm', ['root', '-g'], { encoding: 'utf8' }).trim()}/npm`,
          to: '/srv/npm',
        },
      ],
    });
  });
  afterAll(() => lab.close());

  it('take over settings, frames and drop-ins, and leave no unit that hides another', async () => {
    await installByNpm(lab, '/srv/picchanged-0.1.0');
    await lab.must('receiver', 'install', '--dir', captures);
    await lab.must('agent', 'install', '--host', 'localhost', ...camera);
    await lab.must('mkdir', '-p', `${unitFolder}/picchanged-watch.service.d`);
    const mine = `${unitFolder}/picchanged-watch.service.d/mine.conf`;
    await lab.sh(`printf '[Service]\\nEnvironment=MINE=1\\n' > ${mine}`);
    await lab.sh(`echo '# edited' >> ${unitFolder}/surveillance-many.service`);
    await moreFrames(lab);

    const first = await mustApt(lab, 'install', packages.deb);
    expect(first).toContain("removed /usr/local/bin/agent, a command of npm's picchanged");
    const version = await lab.must('picchanged-agent', '--version');
    expect(first).toContain(
      `restart  picchanged-watch.service runs a version before 0.2; ${version} is installed`,
    );
    expect(first).toContain("npm's picchanged stays in /usr/local/lib/node_modules/picchanged");
    expect(await namesIn(lab, '/usr/local/bin', '-name', '*agent')).toEqual([]);
    expect(await lab.must('bash', '--norc', '-c', 'command -v agent')).toBe('/usr/bin/agent');
    const saved = `${unitFolder}/surveillance-many.service.saved`;
    const ownUnits = `${unitFolder}/surveillance-many.service.d/install.conf`;
    expect((await namesIn(lab, unitFolder, '-type', 'f')).sort()).toEqual(
      [mine, ownUnits, saved].sort(),
    );
    const links = await namesIn(lab, unitFolder, '-type', 'l', '-printf', '%l\n');
    expect(links.length).toBeGreaterThan(1);
    for (const target of links) expect(target).toMatch(/^(?:\/usr)?\/lib\/systemd\/system\//);
    expect(await runningVersion(lab, 'picchanged-watch')).toBe(version);
    expect(await lab.show('picchanged-watch.service', 'Environment')).toContain('MINE=1');
    await moreFrames(lab);
    expect(await runningVersion(lab, 'surveillance-many')).toBe(version);
    expect(await findings(lab, 'agent')).toMatchObject({ ok: true });
    expect(await findings(lab, 'receiver')).toMatchObject({ ok: true });

    const second = await mustApt(lab, 'install', packages.nextDeb);
    expect(second).toContain(
      `picchanged-watch.service runs ${version}; ${packages.nextVersion} is installed`,
    );
    expect(await runningVersion(lab, 'picchanged-watch')).toBe(packages.nextVersion);
    await moreFrames(lab);
    expect(await runningVersion(lab, 'surveillance-many')).toBe(packages.nextVersion);

    // npm's program beside the package does not write units over those of the package.
    const folder = '/usr/local/lib/node_modules/picchanged';
    await lab.must('rm', '-r', folder);
    await lab.must(
      'node',
      '/srv/npm/bin/npm-cli.js',
      'install',
      '--global',
      '--offline',
      '--prefix',
      '/usr/local',
      packages.tarball,
    );
    for (const program of ['agent', 'receiver']) {
      const beside = await lab.run(`/usr/local/bin/${program}`, 'install');
      expect(beside).toMatchObject({ code: 1, stdout: '' });
      expect(beside.stderr).toContain(
        `the services of this machine are of the package picchanged in /usr/lib/picchanged, and this program is in ${folder}; run: sudo /usr/bin/picchanged-${program} install; or`,
      );
    }
    // What install has set stays, also what only the package's units and their drop-ins say.
    const set = ['--listen', '4447', '--web', '8080'];
    await lab.must('/usr/bin/picchanged-receiver', 'install', ...set);
    await lab.must('/usr/bin/picchanged-agent', 'install', '--host', 'localhost:4447');
    await moreFrames(lab);
    await mustApt(lab, 'remove', 'picchanged');
    for (const program of ['agent', 'receiver']) await lab.must(program, 'install');
    await moreFrames(lab);
    expect(
      (await namesIn(lab, unitFolder, '-type', 'f')).map((path) => path.slice(20)).sort(),
    ).toEqual([
      ...['picchanged-keep.path', 'picchanged-keep.service'],
      ...['picchanged-watch.service', 'picchanged-watch.service.d/mine.conf'],
      ...['picchanged-web.service', 'picchanged-web.socket'],
      'surveillance-many.service',
      'surveillance-many.service.saved',
      'surveillance-many.socket',
    ]);
    expect(await lab.show('surveillance-many.socket', 'Listen')).toBe('[::]:4447 (Stream)');
    expect(await lab.show('picchanged-web.socket', 'ActiveState')).toBe('active');
    // The settings and the state are npm's now.
    expect(await mustApt(lab, 'purge', 'picchanged')).toContain(
      'settings, keys and state stay: picchanged is installed without this package',
    );
    await moreFrames(lab);
    expect(await findings(lab, 'agent')).toMatchObject({ ok: true });
    expect(await findings(lab, 'receiver')).toMatchObject({ ok: true });
    expect(await lab.must('receiver', 'verify')).toContain('yard: all as recorded');
  });
});

describe.skipIf(why !== undefined)('an update of the package', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await bootForPackages(packages);
    await mustApt(lab, 'install', packages.deb);
  });
  afterAll(() => lab.close());

  it('restarts instances, leaves a service whose settings have a fault, and names units that hide its own', async () => {
    await lab.must('receiver', 'install', '--dir', captures);
    await lab.must('agent', 'install', '--host', 'localhost', ...camera);
    const front = 'AGENT_HOST=localhost\nAGENT_SOURCE=scene\nAGENT_ALL=yes\n';
    await lab.sh(`printf '${front}' > /etc/picchanged/front.env`);
    await lab.must('systemctl', 'enable', '--now', 'picchanged-watch@front');
    await lab.sh("echo 'AGENT_SKIP=many' >> /etc/picchanged/agent.env");
    await lab.must('cp', '/usr/lib/systemd/system/picchanged-keep.path', unitFolder);

    const said = await mustApt(lab, 'install', packages.nextDeb);
    expect(said).toMatch(/^agent: \/etc\/picchanged\/agent\.env:\d+: AGENT_SKIP 'many': /m);
    expect(said).toContain(
      'picchanged: the installed agent is still as it was; correct what the lines above say, then run: sudo picchanged-agent install',
    );
    expect(said).toContain(`picchanged: ${unitFolder}/picchanged-keep.path hides the unit`);
    expect(await runningVersion(lab, 'picchanged-watch')).toBe(packages.version);
    expect(await runningVersion(lab, 'picchanged-watch@front')).toBe(packages.nextVersion);
    await moreFrames(lab);
    expect(await runningVersion(lab, 'surveillance-many')).toBe(packages.nextVersion);
    expect((await lab.run('agent', 'doctor')).stdout).toContain(
      `picchanged-watch.service runs ${packages.version}; ${packages.nextVersion} is installed`,
    );
    await lab.must('sed', '-i', '/AGENT_SKIP/d', '/etc/picchanged/agent.env');
    await lab.must('picchanged-agent', 'install');
    expect(await runningVersion(lab, 'picchanged-watch')).toBe(packages.nextVersion);
  });
});
