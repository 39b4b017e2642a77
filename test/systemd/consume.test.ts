/** `--consume` in the sandbox of the installed service, in a real systemd. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { makeJpeg } from '../support/pictures.js';
import { Lab, packageAt, whyNoLab } from './lab.js';

const why = whyNoLab();
const program = '/opt/picchanged';
const folder = '/srv/ftp/50% yard';

describe.skipIf(why !== undefined)(`--consume${why === undefined ? '' : ` (${why})`}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    const copies = packageAt(program);
    lab = await Lab.boot({ copies });
  });
  afterAll(() => lab.close());

  const agent = (...args: string[]) => lab.run('node', `${program}/dist/agent.js`, ...args);
  const put = async (name: string) => {
    const words = ['bash', '--norc', '-c', 'cat > "$0"', `${folder}/${name}`];
    const { code } = await lab.runWithInput(makeJpeg(name.length), ...words);
    expect(code).toBe(0);
  };
  const files = async () =>
    (await lab.must('find', folder, '-type', 'f')).split('\n').filter((name) => name !== '');
  const settings = () => lab.must('cat', '/etc/picchanged/agent.env');
  const finding = async () => {
    const { stdout } = await agent('doctor', '--json');
    const { findings } = JSON.parse(stdout) as {
      findings: readonly { check: string; level: string }[];
    };
    return findings.find(({ check }) => check === 'frame')?.level;
  };

  it('removes what the receiver has, from that folder only, when its user may', async () => {
    await lab.must('mkdir', '--parents', `${folder}/2026-11-27`);
    await put('first.jpg');
    const receiver = ['receiver.js', 'install', '--dir', '/srv/captures'];
    await lab.must('node', `${program}/dist/${receiver[0]}`, ...receiver.slice(1));
    const source = ['--source', `folder:${folder}`, '--recursive', '--consume', '--yes'];
    const installed = await agent('install', '--host', 'localhost', '--all', ...source);
    expect(installed).toMatchObject({ code: 0 });
    expect(installed.stdout).toContain(`user picchanged needs write access to ${folder}`);
    expect(await finding()).toBe('fault');
    await lab.must('chown', '--recursive', 'picchanged:', folder);
    expect(await finding()).toBe('ok');
    await put('2026-11-27/second.jpg');
    await lab.must('systemctl', 'restart', 'picchanged-watch.service');
    await eventually(async () => (await files()).length === 0, 'both files are removed');
    // Also the file that could not be removed at first is stored once.
    const pictures = 'find /srv/captures -name "*.jpg"';
    const { stdout } = await lab.sh(pictures);
    expect(stdout.trim().split('\n')).toHaveLength(2);
  });

  it('forgets --yes, and the opened folder, with another source', async () => {
    expect(await settings()).toContain('AGENT_YES=yes');
    await lab.must('mkdir', '/srv/other');
    expect(await agent('install', '--source', 'folder:/srv/other')).toMatchObject({ code: 0 });
    expect(await settings()).not.toContain('AGENT_YES=yes');
    const dropIn = '/etc/systemd/system/picchanged-watch.service.d/consume.conf';
    expect(await lab.must('cat', dropIn)).toContain('ReadWritePaths=-/srv/other');
    await lab.must(
      'sed',
      '--in-place',
      's/^AGENT_CONSUME=.*/AGENT_CONSUME=no/',
      '/etc/picchanged/agent.env',
    );
    await agent('install');
    expect(await lab.run('test', '-e', dropIn)).toMatchObject({ code: 1 });
  });
});
