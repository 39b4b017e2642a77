/** Settings files in a real systemd: they are read as systemd reads them, and changes of the source take effect. */
import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnvironmentFile } from '../../shared/setup/install/environment-file.js';
import { eventually } from '../support/eventually.js';
import { root } from '../support/programs.js';
import { Lab, packageAt, whyNoLab } from './lab.js';

const why = whyNoLab();
const folder = '/opt/picchanged';

describe.skipIf(why !== undefined)(`settings${why === undefined ? '' : ` (${why})`}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.boot({
      copies: packageAt(folder),
    });
  });
  afterAll(() => lab.close());

  const agent = (...args: string[]) => lab.run('node', `${folder}/dist/agent.js`, ...args);

  it('are read as systemd reads them', async () => {
    const pieces = ['A', '_B', '=', '\n', '\n', 'A=', 'B=', '"', "'", '\\', '#', ';', ' ', '\t'];
    const more = ['\r', '$', '`', 'x', 'é', '\u00a0', '\v'];
    const text = fc.string({ unit: fc.constantFrom(...pieces, ...more), maxLength: 24 });
    const [seed, numRuns] = [20261127, 150];
    // Version 254 has changed what a backslash in a comment means.
    const isSame = (each: string) => !/[#;][^\n\r]*\\/.test(each);
    const texts = fc.sample(text.filter(isSame), { seed, numRuns });
    for (const [at, each] of texts.entries()) writeFileSync(lab.path(`/run/${at}.env`), each);
    const unit = (at: number) => [
      '--pipe',
      '--wait',
      '--quiet',
      `-pEnvironmentFile=/run/${at}.env`,
    ];
    const differing: unknown[] = [];
    for (const [at, each] of texts.entries()) {
      const { code, stdout } = await lab.run('systemd-run', ...unit(at), 'env', '-0');
      const isOwn = (line: string) => /^[AB_]+=/.test(line);
      const systemds = stdout.split('\0').filter(isOwn).sort();
      const ours = [...readEnvironmentFile(each)]
        // systemd leaves out what is not a name.
        .filter(([key]) => /^[AB_]+$/.test(key))
        .map(([key, value]) => `${key}=${value}`)
        .sort();
      if (code !== 0 || JSON.stringify(ours) !== JSON.stringify(systemds)) {
        differing.push({ each, code, ours, systemds });
      }
    }
    expect(differing).toEqual([]);
  });

  it('of another source do not keep the service from starting', async () => {
    const install = async (...args: string[]) => {
      const { code, stdout, stderr } = await agent('install', '--host', '127.0.0.1:9', ...args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(await lab.show('picchanged-watch.service', 'ActiveState')).toBe('active');
      return stdout;
    };
    await install('--source', 'command', '--', 'sleep', '1000');
    expect(await install('--source', 'scene', '--seed', '7')).toContain(
      'AGENT_COMMAND=["sleep","1000"] is removed from the settings: it belongs to --source command',
    );
    await install('--source', 'fswebcam', '--device', 'TEST:');
    const settings = await lab.must('cat', '/etc/picchanged/agent.env');
    expect(settings).toContain('AGENT_DEVICE=TEST:');
    expect(settings).not.toMatch(/AGENT_(COMMAND|SEED)/);
    await install('--quality', '50');
    await install('--quality', 'none', '--device=');
    expect(await lab.must('cat', '/etc/picchanged/agent.env')).not.toMatch(
      /AGENT_(DEVICE|QUALITY)/,
    );
    expect((await agent('config')).stdout).toMatch(
      /^AGENT_SOURCE=fswebcam +\/etc.*agent.env:\d+$/m,
    );
  });

  it('with a fault are found with file and line, before anything is changed', async () => {
    const file = '/etc/picchanged/agent.env';
    await lab.must('sed', '-i', '1iAGENT_MIN_AERA=3%', file);
    const message = `${file}:1: AGENT_MIN_AERA is unknown: did you mean AGENT_MIN_AREA?`;
    const before = await lab.must('cat', file);
    expect(await agent('config', '--check')).toMatchObject({ code: 2, stdout: `${message}\n` });
    const { code, stderr } = await agent('install', '--interval', '3s');
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message) as string,
    });
    expect(await lab.must('cat', file)).toBe(before);
    expect((await agent('doctor')).stdout).toContain(`fault    settings  ${message}`);
  });

  it('of 0.1.0 are kept by an update in place, and install restarts what runs the old program', async () => {
    const home = '/opt/updated';
    const unit = 'picchanged-watch.service';
    const receiverUnit = 'surveillance-many.service';
    await agent('uninstall');
    await lab.must('rm', '-rf', '/var/lib/picchanged');
    await lab.must('mkdir', home);
    const tarball = `${root}test/fixtures/picchanged-0.1.0.tgz`;
    writeFileSync(lab.path('/root/old.tgz'), readFileSync(tarball));
    await lab.must(
      ...['tar', '--extract', '--file', '/root/old.tgz', '--directory', home],
      '--strip-components=1',
    );
    const typed = (name: string, ...args: string[]) =>
      lab.run('node', `${home}/dist/${name}.js`, ...args);
    const mustType = (name: string, ...args: string[]) =>
      lab.must('node', `${home}/dist/${name}.js`, ...args);
    const frames = async (): Promise<number> =>
      (await lab.must('find', '/srv/captures', '-ignore_readdir_race', '-name', '*.jpg')).split(
        '\n',
      ).length;
    const moreFrames = async (than: number): Promise<number> =>
      eventually(async () => {
        const count = await frames();
        return count > than && count;
      }, `more than ${than} frames`);
    await mustType('receiver', 'install', '--dir', '/srv/captures');
    const source = ['--source', 'scene', '--all', '--interval', '200ms'];
    await mustType('agent', 'install', '--host', '127.0.0.1', '--camera', 'yard', ...source);
    await moreFrames(3);
    const oldPid = await lab.show(unit, 'MainPID');

    // As npm does it: other files in the same place.
    await lab.must('rm', '-r', home);
    await lab.must('cp', '-r', folder, home);
    const running = 'runs a version before 0.2; 0.2';
    expect(await mustType('agent', 'status')).toContain(`version: ${unit} ${running}`);
    const { stdout: findings } = await typed('agent', 'doctor');
    expect(findings).toMatch(
      /^warning {2}version +picchanged-watch.service runs a version before/m,
    );
    expect(await mustType('receiver', 'status')).toContain(`which version ${receiverUnit} runs`);
    expect(await lab.show(unit, 'MainPID')).toBe(oldPid);
    const before = await frames();

    expect(await mustType('agent', 'install')).toContain(`restart  ${unit} ${running}`);
    expect(await mustType('receiver', 'install')).toContain(`restart  which version`);
    expect(await lab.show(unit, 'MainPID')).not.toBe(oldPid);
    const settings = await lab.must('cat', '/etc/picchanged/agent.env');
    expect(settings).toContain('AGENT_INTERVAL=200ms');
    await moreFrames(before + 5);
    for (const name of ['agent', 'receiver']) {
      expect(await mustType(name, 'status')).toMatch(/^version 0\.2\S* is installed, and runs$/m);
      const { stdout } = await typed(name, 'doctor');
      expect(stdout).toMatch(/^ok +version +0\.2\S* is installed, and runs$/m);
      expect(await mustType(name, 'install')).toContain('nothing has changed');
    }

    // A later update that changes no unit.
    const newer = `s/"version": ".*"/"version": "0.9.0"/`;
    await lab.must('sed', '-i', newer, `${home}/package.json`);
    expect(await mustType('agent', 'status')).toMatch(
      /picchanged-watch.service runs 0\.2\S*; 0\.9\.0/,
    );
    await lab.must('sed', '-i', '$aAGENT_QUALITY=80', '/etc/picchanged/agent.env');
    expect(await mustType('agent', 'install')).toContain('was edited since the last install');
    for (const name of ['agent', 'receiver']) await mustType(name, 'uninstall');
  });
});
