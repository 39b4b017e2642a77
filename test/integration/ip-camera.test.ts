/** An agent with an IP camera or a stream: its password, its outages, what a kill leaves, what doctor says, its pace. */
import { readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { isRunning } from '../support/processes.js';
import { freePort } from '../support/ports.js';
import { type Running, missing, root, run, start, startAgent } from '../support/programs.js';
import { ReportReceiver } from '../support/report-receiver.js';
import { startRtspServer, whyNoRtsp } from '../support/rtsp-server.js';
import { temporaryDirectory } from '../support/temporary.js';

const why = whyNoRtsp();
const password = 'nobody/knows%this';
const camera = { user: 'admin', password, method: 'digest' } as const;

/** An agent that takes every frame; its reports are at the receiver. */
async function watchCamera(place: string, env = {}) {
  const receiver = await ReportReceiver.start();
  const file = join(temporaryDirectory(), 'camera');
  writeFileSync(file, `admin:${password}\n`, { mode: 0o600 });
  const agent = startAgent(
    [
      ...['--host', `127.0.0.1:${receiver.port}`, '--camera', 'yard', '--all', '--verbose'],
      ...['--state', temporaryDirectory(), '--report-every', '10s'],
      ...['--source', `rtsp://${place}`, '--source-credentials', file],
    ],
    { env },
  );
  const frames = () => receiver.entries.filter(({ type }) => type === 'frame').length;
  return { agent, receiver, frames };
}

/** What every user of the machine can read of all processes, by the name of the file. */
function publicTexts(): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const name of ['cmdline', 'environ']) {
      try {
        texts.set(`${pid}/${name}`, readFileSync(`/proc/${pid}/${name}`, 'latin1'));
      } catch {
        // It has ended, or belongs to another user.
      }
    }
  }
  return texts;
}

/** The ffmpeg that an agent has started. */
const ffmpegOf = (agent: Running): Promise<number> =>
  eventually(() => {
    const parent = new RegExp(`^\\d+ \\(ffmpeg\\) \\w ${agent.child.pid} `);
    const stat = (pid: string): string => {
      try {
        return readFileSync(`/proc/${pid}/stat`, 'latin1');
      } catch {
        return '';
      }
    };
    const found = readdirSync('/proc').find((pid) => /^\d/.test(pid) && parent.test(stat(pid)));
    return found !== undefined && Number(found);
  }, 'an ffmpeg of the agent');

interface Finding {
  readonly check: string;
  readonly level: string;
  readonly says: string;
  readonly todo?: string;
}

/** The findings of `agent doctor`, by their check. */
async function doctor(args: readonly string[], env = {}): Promise<ReadonlyMap<string, Finding>> {
  const all = ['doctor', '--json', '--state', temporaryDirectory(), ...args];
  const { stdout } = await run(process.execPath, [`${root}dist/agent.js`, ...all], { env });
  const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] };
  return new Map(findings.map((each) => [each.check, each]));
}

const secrets = [password, encodeURIComponent(password), btoa(`admin:${password}`)];

describe.skipIf(why !== undefined)(`an agent with an RTSP camera${why ?? ''}`, () => {
  it('shows the password to no other user, in no line and no report', async () => {
    const server = await startRtspServer(camera);
    const { agent, receiver, frames } = await watchCamera(server.place);
    await eventually(() => frames() > 3, 'frames at the receiver');
    const ffmpeg = await ffmpegOf(agent);
    const texts = publicTexts();
    expect(texts.get(`${ffmpeg}/cmdline`)).toContain('mjpeg');
    for (const [name, text] of texts)
      for (const secret of secrets) expect([name, text.includes(secret)]).toEqual([name, false]);
    await server.stop('SIGKILL');
    await agent.says('capture failed');
    const failing = () => receiver.reports.find(({ state }) => state === 'failing');
    const report = await eventually(failing, 'a report of the camera that is gone');
    expect(report.why).toContain(`camera rtsp://${server.place} cannot be reached`);
    expect(await agent.stop()).toBe(0);
    for (const secret of secrets) {
      expect(agent.stderr()).not.toContain(secret);
      expect(JSON.stringify(receiver.entries)).not.toContain(secret);
    }
  });

  it('logs an outage in one line, and goes on after it', async () => {
    const server = await startRtspServer(camera);
    const { agent, frames } = await watchCamera(server.place);
    await eventually(() => frames() > 0, 'a frame');
    await server.stop('SIGKILL');
    await eventually(() => agent.stderr().includes('capture failed'), 'the outage');
    const second = await startRtspServer({ ...camera, port: server.port });
    await agent.says('delivers again');
    const count = frames();
    await eventually(() => frames() > count, 'a frame of the new server');
    second.child.kill('SIGKILL');
    const lines = agent
      .stderr()
      .split('\n')
      .filter((line) => line.includes('capture failed'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`camera rtsp://${server.place} cannot be reached`);
  });

  it.each([
    ['gives frames', undefined],
    ['is silent', 'SIGSTOP'],
  ] as const)('leaves no ffmpeg behind when it is killed, and its camera %s', async (_, signal) => {
    const server = await startRtspServer(camera);
    const { agent, frames } = await watchCamera(server.place);
    await eventually(() => frames() > 0, 'a frame');
    const ffmpeg = await ffmpegOf(agent);
    if (signal !== undefined) server.child.kill(signal);
    agent.child.kill('SIGKILL');
    await eventually(() => !isRunning(ffmpeg), 'the end of ffmpeg');
  });

  it('says how ffmpeg is installed where it is missing', async () => {
    const { place } = await startRtspServer(camera);
    const programs = temporaryDirectory();
    for (const name of ['flock', 'setpriv']) symlinkSync(`/usr/bin/${name}`, join(programs, name));
    const { agent } = await watchCamera(place, { PATH: programs });
    await agent.says('program ffmpeg not found');
    expect(agent.stderr()).toContain('sudo apt-get install ffmpeg');
  });

  it.each([
    [
      'a wrong password',
      'admin:hunter2',
      'camera',
      'refuses the user or the password (status 401)',
    ],
    ['no password', undefined, 'camera', 'demands a user and a password (status 401)'],
    ['two lines', 'a:b\nc', 'camera', 'does not hold one line user:password'],
  ])('has findings of the doctor for %s', async (_, login, check, says) => {
    const { place } = await startRtspServer(camera);
    const file = join(temporaryDirectory(), 'camera');
    writeFileSync(file, login ?? '', { mode: 0o600 });
    const given = login === undefined ? [] : ['--source-credentials', file];
    const found = await doctor(['--source', `rtsp://${place}`, ...given]);
    expect(found.get('ffmpeg')).toMatchObject({ level: 'ok' });
    expect(found.get(check)).toMatchObject({ level: 'fault' });
    expect(found.get(check)?.says).toContain(says);
    expect(found.has('frame')).toBe(false);
  });

  it('has findings of the doctor for a camera that works, also without ffmpeg', async () => {
    const { place } = await startRtspServer();
    const args = ['--source', `rtsp://${place}`];
    const found = await doctor(args);
    expect(found.get('camera')?.says).toBe(
      `rtsp://${place} answers: H264 video, ffmpeg makes JPEGs of it`,
    );
    expect(found.get('frame')?.says).toMatch(/^taken from camera rtsp:\S+: 320×240, [\d.]+ kB$/);
    const without = await doctor(args, { PATH: '/nowhere' });
    expect(without.get('ffmpeg')).toMatchObject({
      ...{ level: 'fault', says: 'is not installed', todo: 'sudo apt-get install ffmpeg' },
    });
    expect(without.get('camera')).toMatchObject({ level: 'ok' });
  });
});

const noUstreamer = missing('ustreamer', 'ustreamer');

describe.skipIf(noUstreamer !== undefined)(`an HTTP camera${noUstreamer ?? ''}`, () => {
  it('has a finding of the doctor: its first frame, or why there is none', async () => {
    const port = await freePort();
    const address = ['--host', '127.0.0.1', '--port', String(port)];
    const login = ['--user', 'admin', '--passwd', 'secret', '--device', '/dev/no-camera'];
    await start('ustreamer', [...address, ...login]).says('Starting HTTP eventloop');
    const frame = async (source: string) => (await doctor(['--source', source])).get('frame');
    expect(await frame(`http://admin:secret@127.0.0.1:${port}/stream`)).toMatchObject({
      level: 'ok',
      says: expect.stringMatching(/^taken from camera http:\S+: 640×480, [\d.]+ kB$/) as unknown,
    });
    expect(await frame(`http://admin:wrong@127.0.0.1:${port}/stream`)).toMatchObject({
      ...{ level: 'fault', todo: expect.stringContaining('--source-credentials') as unknown },
      says: `camera http://127.0.0.1:${port}/stream refuses the user or the password (status 401)`,
    });
    expect(await frame('http://127.0.0.1:1/')).toMatchObject({
      level: 'fault',
      says: expect.stringContaining('cannot be reached: connect ECONNREFUSED') as unknown,
    });
  });
});

const noFfmpeg = missing('ffmpeg', 'ffmpeg');

describe.skipIf(noFfmpeg !== undefined)(`a command that streams${noFfmpeg ?? ''}`, () => {
  it('gives frames at its own pace without --interval', async () => {
    const receiver = await ReportReceiver.start();
    const picture = ['-f', 'lavfi', '-i', 'testsrc=s=320x240:r=20', '-f', 'mjpeg', '-'];
    const agent = startAgent([
      ...['--host', `127.0.0.1:${receiver.port}`, '--camera', 'yard', '--json'],
      ...['--state', temporaryDirectory(), '--source', 'command'],
      ...['--', 'ffmpeg', '-v', 'error', '-re', ...picture],
    ]);
    // One a second would take two minutes.
    await eventually(() => agent.stdout().split('\n').length > 120, '120 frames', 60_000);
    expect(await agent.stop()).toBe(0);
  });
});
