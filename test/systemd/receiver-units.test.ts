/** The receiving machine's units, shipped as they are: both kinds of socket, and what is done to them. */
import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { makeJpeg } from '../support/pictures.js';
import { type Lab, whyNoLab } from './lab.js';
import { arrived, bootShipped, captures, configure, edit, jpegs, show } from './shipped.js';

const why = whyNoLab();

/** What the tutorial types: a picture through socat. @returns what came back */
async function sendPicture(lab: Lab, number: number): Promise<string> {
  const { stdout } = await lab.runWithInput(makeJpeg(number), 'socat', '-', 'TCP:localhost:4444');
  return stdout;
}

const raw = 'raw-127-0-0-1';

/** The sequences of a camera's frames and of its reports, by epoch, as the records have them. */
function sequences(lab: Lab, camera: string) {
  const found = new Map<string, { frames: number[]; reports: number[] }>();
  const folder = lab.path(`${captures}/${camera}`);
  for (const day of readdirSync(folder).filter((name) => !name.startsWith('.'))) {
    const lines = readFileSync(`${folder}/${day}/record.jsonl`, 'utf8').trim().split('\n');
    for (const line of lines) {
      const entry = JSON.parse(line) as { epoch: string; sequence: number; report?: number };
      const all = found.get(entry.epoch) ?? { frames: [], reports: [] };
      found.set(entry.epoch, all);
      (entry.report === undefined ? all.frames : all.reports).push(entry.sequence);
    }
  }
  return found;
}

describe.skipIf(why !== undefined)(`the receiving machine ${why ?? ''}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await bootShipped();
  });
  afterAll(() => lab.close());

  it('gives each connection a process of its own (surveillance.socket)', async () => {
    await lab.must('systemctl', 'start', 'surveillance.socket');
    expect(await sendPicture(lab, 1)).toBe('');
    await arrived(lab, raw, 1);
    await Promise.all([2, 3, 4].map((number) => sendPicture(lab, number)));
    const frames = await arrived(lab, raw, 4);
    expect(frames).toHaveLength(4);
    const owner = await lab.must(
      'stat',
      '--format',
      '%U %a',
      `${captures}/${raw}/${frames[0] ?? ''}`,
    );
    expect(owner).toBe('surveillance 640');
    await lab.until('surveillance.socket', 'NConnections', '0');
    expect(
      await lab.must(
        'systemctl',
        'list-units',
        '--plain',
        '--no-legend',
        '--all',
        'surveillance@*',
      ),
    ).toBe('');
  });

  it('serves no more than so many connections from one address, and the port lives', async () => {
    const before = jpegs(lab).length;
    const line = 'for n in $(seq 40); do sleep 600 | socat - TCP:localhost:4444 & done; wait';
    const flood = lab.start('bash', '--norc', '-c', line);
    await lab.until('surveillance.socket', 'NConnections', '16');
    await lab.says('surveillance.socket', 'Too many incoming connections');
    expect(await lab.show('surveillance.socket', 'NConnections')).toBe('16');
    await lab.must('pkill', '-f', 'sleep 600');
    flood.kill();
    await lab.until('surveillance.socket', 'NConnections', '0');
    expect(await sendPicture(lab, 5)).toBe('');
    await arrived(lab, raw, before + 1);
  });

  it('closes the port in a flood, and opens it again by itself, each time', async () => {
    await edit(lab, 'surveillance-reopen.timer', [
      '[Timer]',
      'OnActiveSec=',
      'OnActiveSec=300ms',
      'AccuracySec=1ms',
    ]);
    // A slow machine opens fewer than 100 connections in two seconds.
    await edit(lab, 'surveillance.socket', ['[Socket]', 'TriggerLimitBurst=20']);
    // More often than systemd lets a unit start in ten seconds.
    for (let flood = 1; flood <= 7; flood += 1) {
      const line = 'for n in $(seq 150); do (: </dev/tcp/127.0.0.1/4444) 2>/dev/null; done; true';
      await lab.must('bash', '--norc', '-c', line);
      await eventually(
        async () =>
          (await lab.journal('surveillance.socket')).split('Trigger limit hit').length > flood,
        'the port is closed',
      );
      await lab.until('surveillance.socket', 'ActiveState', 'active');
    }
    const before = jpegs(lab).length;
    // The last flood's connections may still take all the places of this address.
    await eventually(async () => {
      await sendPicture(lab, 6);
      return jpegs(lab).length > before;
    }, 'a frame through the port that is open again');
  });

  it('is one process for all with surveillance-many.socket, which takes the port over', async () => {
    await lab.must('systemctl', 'start', 'surveillance-many.socket');
    expect(await lab.show('surveillance.socket', 'ActiveState')).toBe('inactive');
    const before = jpegs(lab).length;
    expect(await sendPicture(lab, 8)).toBe('');
    await arrived(lab, raw, before + 1);
    const main = await lab.show('surveillance-many.service', 'MainPID');
    await sendPicture(lab, 9);
    await arrived(lab, raw, before + 2);
    expect(await lab.show('surveillance-many.service', 'MainPID')).toBe(main);
  });

  it('ends when nobody comes, and starts for the next one', async () => {
    const unit = 'surveillance-many.service';
    await edit(lab, unit, [
      '[Service]',
      'ExecStart=',
      'ExecStart=/usr/local/bin/receiver --dir /var/lib/surveillance --idle-exit 300ms',
      'RestartSec=100ms',
    ]);
    await lab.must('systemctl', 'stop', unit);
    const before = jpegs(lab).length;
    await sendPicture(lab, 10);
    await lab.until(unit, 'ActiveState', 'inactive');
    expect(await lab.show(unit, 'Result')).toBe('success');
    await sendPicture(lab, 11);
    await arrived(lab, raw, before + 2);
  });

  it('loses and doubles nothing when both sides are stopped, restarted and killed in the middle', async () => {
    const unit = 'picchanged-watch@busy';
    configure(lab, 'busy', { AGENT_ALL: 'yes', AGENT_INTERVAL: '50ms' });
    show(lab, 'busy', 'yard');
    await edit(lab, `${unit}.service`, ['[Service]', 'RestartSec=100ms']);
    await lab.must('systemctl', 'start', 'surveillance-many.socket');
    await lab.must('systemctl', 'start', unit);
    let count = 0;
    const more = async (): Promise<void> => {
      count = (await arrived(lab, 'busy', count + 5)).length;
    };
    await more();
    await lab.must('systemctl', 'restart', 'surveillance-many.service');
    await more();
    await lab.must('systemctl', 'kill', '--signal', 'KILL', 'surveillance-many.service');
    await more();
    await lab.must('systemctl', 'kill', '--signal', 'KILL', unit);
    await more();
    await lab.must('systemctl', 'restart', unit);
    await more();
    // An agent that is stopped before it is connected keeps its reports for the next start.
    await eventually(
      () => [...sequences(lab, 'busy').values()].some(({ reports }) => reports.length > 0),
      'a report of the camera',
    );
    await lab.must('systemctl', 'stop', unit);
    expect(await lab.show(unit, 'Result')).toBe('success');
    // It may still store what the agent sent last.
    await lab.must('systemctl', 'stop', 'surveillance-many.service');
    const names = jpegs(lab, `${captures}/busy`);
    const perEpoch = [...sequences(lab, 'busy').values()];
    expect(perEpoch).toHaveLength(1);
    const [{ frames, reports } = { frames: [], reports: [] }] = perEpoch;
    expect(frames).toHaveLength(names.length);
    const all = [...frames, ...reports].sort((a, b) => a - b);
    expect(all).toEqual(all.map((_, index) => index + 1));
  });

  it('waits for a disk that is not there, paced, and the socket lives', async () => {
    const unit = 'surveillance-many.service';
    await lab.must('systemctl', 'stop', unit);
    await lab.must('mv', captures, '/srv/away');
    await lab.must('sh', '-c', `echo no folder > ${captures}`);
    const before = jpegs(lab, '/srv/away').length;
    await sendPicture(lab, 12);
    await lab.until(unit, 'NRestarts', /^(?:[3-9]|\d\d+)$/);
    expect(await lab.show('surveillance-many.socket', 'ActiveState')).toBe('active');
    await lab.must('rm', captures);
    await lab.must('mv', '/srv/away', captures);
    await eventually(async () => {
      await sendPicture(lab, 13);
      return jpegs(lab).length > before;
    }, 'a frame after the disk is back');
  });
});
