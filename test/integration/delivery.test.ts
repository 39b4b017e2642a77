/** Agent and receiver as real processes: camera, agent, TCP, receiver, file. */
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { makeJpeg } from '../support/pictures.js';
import { missing, root, start, startAgent, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

/** For runs that find no receiver: one that finds it may need longer on a loaded machine. */
const shortSend = ['--send-timeout', '300ms'];

const noFswebcam = missing('fswebcam', 'fswebcam');

/** Runs an agent for one shot. @returns its exit code and its output */
async function shoot(address: string, state: string, args: readonly string[]) {
  const agent = startAgent(['--host', address, '--once', '--state', state, ...args], {
    env: { XDG_RUNTIME_DIR: state },
  });
  return { code: await agent.ended, stderr: agent.stderr() };
}

describe('one-shot runs', () => {
  it('through real fswebcam send the first frame, then a change and the frame before it', async (test) => {
    test.skip(noFswebcam !== undefined, noFswebcam);
    const directory = temporaryDirectory();
    const state = temporaryDirectory();
    const { address } = await startReceiverProgram(directory);
    const picture = join(temporaryDirectory(), 'a.jpg');
    const args = ['--camera', 'yard', '--device', `FILE:${picture}`, '--resolution', '320x240'];
    const visit = `${root}test/fixtures/visit`;
    const [empty = '', ...others] = readdirSync(visit).filter((name) => name.endsWith('.jpg'));
    const inView = others[Math.floor(others.length / 2)] ?? '';
    for (const [shown, files] of [
      [empty, 1],
      [empty, 1],
      [inView, 3],
    ] as const) {
      copyFileSync(join(visit, shown), picture);
      // At shorter intervals a change needs two frames.
      await delay(1000);
      expect(await shoot(address, state, args)).toMatchObject({ code: 0 });
      expect(filesBelow(directory)).toHaveLength(files);
    }
  });

  it('send the current contents of a file, byte for byte', async () => {
    const directory = temporaryDirectory();
    const { address } = await startReceiverProgram(directory);
    const path = join(temporaryDirectory(), 'monitor.jpg');
    writeFileSync(path, makeJpeg(5));
    const args = ['--source', `file:${path}`, '--all', '--camera', 'monitor'];
    expect(await shoot(address, temporaryDirectory(), args)).toMatchObject({ code: 0 });
    const [name = ''] = filesBelow(directory);
    expect(name).toMatch(/^monitor\//);
    expect(readFileSync(join(directory, name))).toEqual(makeJpeg(5));
  });

  it('without a receiver leave the frame for the next run, which delivers it once', async () => {
    const directory = temporaryDirectory();
    const state = temporaryDirectory();
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const args = ['--source', `file:${path}`, '--camera', 'monitor'];
    writeFileSync(path, makeJpeg(1));
    const receiver = await startReceiverProgram(directory);
    await receiver.stop();
    const { code, stderr } = await shoot(receiver.address, state, [...args, ...shortSend]);
    expect(code).toBe(0);
    expect(stderr).toContain('frames wait for the next run waiting=1');
    const again = ['--dir', directory, '--listen', receiver.address];
    await start(process.execPath, [`${root}dist/receiver.js`, ...again]).says('keeping frames');
    for (let run = 0; run < 2; run += 1) {
      expect(await shoot(receiver.address, state, args)).toMatchObject({ code: 0 });
      expect(filesBelow(directory)).toHaveLength(1);
    }
  });

  it('with a spool in memory detect an undelivered change again', async () => {
    const directory = temporaryDirectory();
    const state = temporaryDirectory();
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const args = ['--source', `file:${path}`, '--camera', 'monitor', '--spool', 'memory'];
    writeFileSync(path, makeJpeg(1));
    expect(await shoot('127.0.0.1:1', state, [...args, ...shortSend])).toMatchObject({ code: 1 });
    const { address } = await startReceiverProgram(directory);
    expect(await shoot(address, state, args)).toMatchObject({ code: 0 });
    expect(filesBelow(directory)).toHaveLength(1);
    expect(await shoot(address, state, args)).toMatchObject({ code: 0 });
    expect(filesBelow(directory)).toHaveLength(1);
  });
});

describe('a watching agent', () => {
  it('sends frames from a command, one after the other', async () => {
    const directory = temporaryDirectory();
    const { address } = await startReceiverProgram(directory);
    const path = join(temporaryDirectory(), 'a.jpg');
    writeFileSync(path, makeJpeg(1));
    const agent = startAgent([
      ...['--host', address, '--camera', 'yard', '--source', 'command', '--all'],
      ...[
        '--interval',
        '20ms',
        '--',
        'sh',
        '-c',
        'while cat "$1"; do sleep 0.05; done',
        'sh',
        path,
      ],
    ]);
    await eventually(() => filesBelow(directory).length >= 5, 'five frames');
    expect(await agent.stop()).toBe(0);
    for (const name of filesBelow(directory)) {
      expect(readFileSync(join(directory, name))).toEqual(makeJpeg(1));
    }
  });

  it('delivers each new file once, with a receiver that starts late and is restarted', async () => {
    const directory = temporaryDirectory();
    const folder = temporaryDirectory();
    const first = await startReceiverProgram(directory);
    await first.stop();
    const args = ['--dir', directory, '--listen', first.address];
    const agent = startAgent(
      ['--host', first.address, '--camera', 'yard', '--source', `folder:${folder}`, '--all'].concat(
        ['--state', temporaryDirectory()],
      ),
    );
    await agent.says('watching');
    const sent: Buffer[] = [];
    const put = (): void => {
      const number = sent.length + 1;
      sent.push(makeJpeg(number));
      writeFileSync(join(folder, `${number}.jpg`), makeJpeg(number));
    };
    const started = () => start(process.execPath, [`${root}dist/receiver.js`, ...args]);
    for (let frame = 0; frame < 5; frame += 1) put();
    const late = started();
    await eventually(() => filesBelow(directory).length === 5, 'five frames');
    late.child.kill('SIGKILL');
    await late.ended;
    for (let frame = 0; frame < 5; frame += 1) put();
    const again = started();
    for (let frame = 0; frame < 10; frame += 1) {
      put();
      await delay(10);
    }
    await eventually(() => filesBelow(directory).length === 20, 'twenty frames');
    expect(await again.stop()).toBe(0);
    expect(await agent.stop()).toBe(0);
    const kept = filesBelow(directory).map((name) => readFileSync(join(directory, name)));
    const inOrder = (buffers: Buffer[]): Buffer[] => [...buffers].sort((a, b) => a.compare(b));
    expect(inOrder(kept)).toEqual(inOrder(sent));
  });

  it('sends changes of the demo scene, and ends while the receiver is down', async () => {
    const directory = temporaryDirectory();
    const receiver = await startReceiverProgram(directory);
    const agent = startAgent([
      ...['--host', receiver.address, '--source', 'scene', '--camera', 'yard'],
      ...['--state', temporaryDirectory()],
      ...['--interval', '200ms', '--json', '--explain', join(directory, '.explained')],
    ]);
    await eventually(() => filesBelow(directory).length >= 3, 'the first frame and a visit');
    await eventually(() => /"changed":false/.test(agent.stdout()), 'a quiet frame');
    expect(await receiver.stop()).toBe(0);
    expect(await agent.stop('SIGINT')).toBe(0);
    const drawn = readdirSync(join(directory, '.explained'));
    expect(drawn.length).toBeGreaterThan(0);
    expect(drawn.every((name) => name.endsWith('.png'))).toBe(true);
  });
});
