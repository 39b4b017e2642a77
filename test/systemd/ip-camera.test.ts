/** An installed agent with an IP camera over RTSP, in a real systemd: its sandbox, its password, its outages. */
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { fixtureProgram } from '../support/processes.js';
import { python, rtspSettings, whyNoRtsp } from '../support/rtsp-server.js';
import { Lab, packageAt, whyNoLab } from './lab.js';

const why = whyNoLab() ?? whyNoRtsp();
const program = '/opt/picchanged';
const server = `${program}/rtsp-server.py`;
const service = 'picchanged-watch.service';
const file = '/var/lib/picchanged/agent/camera-credentials';
const password = 'nobody%knows/this';
const place = '127.0.0.1:8554/yard';

describe.skipIf(why !== undefined)(`an RTSP camera${why === undefined ? '' : ` (${why})`}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    const copies = packageAt(program);
    lab = await Lab.boot({
      copies: [...copies, { from: fixtureProgram('rtsp-server.py'), to: server }],
    });
  });
  afterAll(() => lab.close());

  const agent = (...args: string[]) => lab.run('node', `${program}/dist/agent.js`, ...args);
  const startCamera = async (): Promise<ChildProcess> => {
    const camera = lab.start(python, server);
    let output = '';
    camera.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    camera.stdin?.end(rtspSettings({ port: 8554, user: 'admin', password, method: 'digest' }));
    await eventually(() => output.includes('listening'), 'a camera that listens');
    return camera;
  };
  const pictures = async () => (await lab.sh('find /srv/captures -name "*.jpg" | wc -l')).stdout;
  /** How often a text is in what a command line prints. */
  const count = async (line: string, text: string): Promise<number> =>
    (await lab.sh(line)).stdout.split(text).length - 1;
  const findings = async () => {
    const { stdout } = await agent('doctor', '--json');
    const { findings: all } = JSON.parse(stdout) as {
      findings: readonly { check: string; level: string; says: string }[];
    };
    return new Map(all.map((each) => [each.check, each]));
  };

  it('gives frames, with the password in a file of the service alone', async () => {
    const receiver = ['install', '--dir', '/srv/captures'];
    await lab.must('node', `${program}/dist/receiver.js`, ...receiver);
    await startCamera();
    const address = `rtsp://admin:${encodeURIComponent(password)}@${place}`;
    const installed = await agent('install', '--host', 'localhost', '--all', '--source', address);
    expect(installed).toMatchObject({ code: 0 });
    expect(installed.stdout).toContain(file);
    await eventually(async () => Number(await pictures()) > 3, 'pictures at the receiver');

    expect(await lab.must('stat', '--format=%U %a', file)).toBe('picchanged 600');
    expect(await lab.must('cat', file)).toBe(`admin:${password}`);
    const found = await findings();
    for (const check of ['ffmpeg', 'camera', 'frame'])
      expect(found.get(check)).toMatchObject({ level: 'ok' });
    expect(found.get('camera')?.says).toContain(`rtsp://${place} answers: H264 video`);
    expect(found.get('frame')?.says).toContain('320×240');

    await lab.must('pkill', '--full', server);
    await lab.says(service, 'capture failed');
    await lab.says(service, `camera rtsp://${place} cannot be reached`);
    expect((await findings()).get('camera')).toMatchObject({ level: 'fault' });
    await startCamera();
    await lab.says(service, 'delivers again');

    await lab.must('journalctl', '--sync');
    const everywhere =
      'journalctl --no-pager -o export; cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ; ' +
      'grep -r . /etc/picchanged /etc/systemd /run/systemd/system; systemctl show picchanged-watch';
    expect(await count(everywhere, 'rtsp://')).toBeGreaterThan(0);
    for (const secret of [password, encodeURIComponent(password)])
      expect(await count(everywhere, secret)).toBe(0);
  });

  it('leaves no ffmpeg and no password behind', async () => {
    const ffmpeg = await lab.must('pgrep', 'ffmpeg');
    await lab.must('systemctl', 'kill', '--kill-who=main', '--signal=KILL', service);
    const isGone = async () => (await lab.run('test', '-e', `/proc/${ffmpeg}`)).code === 1;
    await eventually(isGone, 'the end of ffmpeg after that of the agent');
    await eventually(async () => (await lab.run('pgrep', 'ffmpeg')).code === 0, 'a new ffmpeg');
    const { code, stdout } = await agent('install', '--source', 'scene');
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stdout).toContain(`remove   ${file}`);
    expect(await lab.run('test', '-e', file)).toMatchObject({ code: 1 });
    expect(await lab.run('pgrep', 'ffmpeg')).toMatchObject({ code: 1 });
    expect((await findings()).get('frame')?.says).toContain('scene');
  });
});
