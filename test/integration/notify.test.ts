/** `receiver notify` beside a real pair: what is announced, once, also after kill -9. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.js';
import {
  type Running,
  root,
  run,
  start,
  startAgent,
  startReceiverProgram,
} from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';
import { emptyFrames, putFrame, visitedFrames } from '../support/visit.js';

/** Answers 500 until it is mended. @returns the notices that it took */
async function webhook() {
  const taken: { notice: string; id: string; picture?: string }[] = [];
  let status = 500;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString('latin1')));
    request.on('end', () => {
      if (status === 200) taken.push(JSON.parse(body) as (typeof taken)[0]);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  return { taken, url, mend: () => (status = 200) };
}

describe('receiver notify', () => {
  it('announces an event, silence and return once each, also when it is killed', async () => {
    const directory = temporaryDirectory();
    const state = temporaryDirectory();
    const folder = temporaryDirectory();
    const receiver = await startReceiverProgram(directory);
    const hook = join(state, 'hook');
    const said = join(state, 'said');
    const script =
      '#!/bin/sh\necho "$PICCHANGED_NOTICE $PICCHANGED_CAMERA" >> "$(dirname "$0")/said"\n';
    writeFileSync(hook, script, { mode: 0o755 });
    writeFileSync(said, '');
    const { taken, url, mend } = await webhook();
    const command = JSON.stringify([hook]);
    const args = [
      ...['notify', '--dir', directory, '--state', join(state, 'notify'), '--cooldown', '0s'],
      ...['--on-event', command, '--on-end', command, '--on-silent', command, '--on-back', command],
      ...['--notify', url, '--silent-after', '12s'],
    ];
    const notify = async () => {
      const program = start(process.execPath, [`${root}dist/receiver.js`, ...args]);
      await program.says('announcing');
      return program;
    };
    const lines = () => readFileSync(said, 'utf8').trim().split('\n');
    let notifier: Running;
    let agent: Running;
    const says = (line: string) =>
      eventually(() => lines().includes(line), line).catch((error: unknown) => {
        const logs = `${notifier.stderr()}${agent.stderr()}${receiver.stderr()}`;
        throw new Error(`${String(error)} in ${lines().join(', ')}; logs:\n${logs}`);
      });
    const watch = () =>
      startAgent([
        ...['--host', receiver.address, '--camera', 'yard', '--source', `folder:${folder}`],
        ...['--state', join(state, 'agent'), '--report-every', '10s'],
      ]);
    notifier = await notify();
    agent = watch();
    await agent.says('watching');
    const frames = [...emptyFrames.slice(0, 3), ...visitedFrames.slice(0, 5)];
    const firstMs = Date.now() - frames.length * 1000;
    for (const [n, jpeg] of frames.entries()) {
      putFrame(join(folder, `${n}.jpg`), jpeg, firstMs + n * 1000);
      await delay(300);
    }
    await says('event-begin yard');
    const other = await run(process.execPath, [`${root}dist/receiver.js`, ...args], {});
    expect(other).toMatchObject({ code: 1 });
    expect(other.stderr).toContain('another receiver notify uses the state directory');
    // Only a camera that reports can be silent.
    const record = () =>
      readdirSync(join(directory, 'yard'))
        .filter((day) => day.startsWith('20'))
        .map((day) => readFileSync(join(directory, 'yard', day, 'record.jsonl'), 'utf8'));
    await eventually(() => record().some((text) => text.includes('"report":1')), 'a report');
    notifier.child.kill('SIGKILL');
    await notifier.ended;
    agent.child.kill('SIGKILL');
    await agent.ended;
    notifier = await notify();
    await says('silence-begin yard');
    agent = watch();
    await says('silence-end yard');
    await says('event-end yard');
    mend();
    // The programs of different flags run side by side: the end of the event may be written after the silence.
    expect(lines().sort()).toEqual([
      ...['event-begin yard', 'event-end yard', 'silence-begin yard', 'silence-end yard'],
    ]);
    await eventually(
      () => taken.some(({ notice }) => notice === 'silence-end'),
      'the webhook has all',
    );
    // What waited for it was replaced by what came later about the same.
    const notices = taken.map(({ notice }) => notice);
    expect(notices.filter((each) => each !== 'silence-begin')).toEqual([
      'event-end',
      'silence-end',
    ]);
    expect(new Set(notices).size).toBe(notices.length);
    expect(taken[0]?.picture).toMatch(/^\/9j\//);
    expect(await agent.stop()).toBe(0);
    expect(await notifier.stop()).toBe(0);
    expect(notifier.stderr().match(/notices wait: webhook/g)).toHaveLength(1);
  });

  it('--test tries each program and address', async () => {
    const { url, mend } = await webhook();
    const command = ['notify', '--dir', temporaryDirectory(), '--test'];
    const ways = ['--on-end', '["/bin/false"]', '--on-back', '["/bin/true"]', '--notify', url];
    const test = () => run(process.execPath, [`${root}dist/receiver.js`, ...command, ...ways], {});
    const failed = await test();
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/^fault {2}--on-end \/bin\/false: .*exit status 1$/m);
    expect(failed.stdout).toMatch(/^ok {5}--on-back \/bin\/true$/m);
    expect(failed.stdout).toMatch(/^fault {2}webhook at \S+ answered 500$/m);
    mend();
    expect((await test()).stdout).toMatch(/^ok {5}webhook at /m);
  });

  it('is snoozed for a camera', async () => {
    const state = temporaryDirectory();
    const snooze = (...args: string[]) =>
      run(process.execPath, [`${root}dist/receiver.js`, 'snooze', ...args, '--state', state], {});
    expect((await snooze('yard', '30m')).stdout).toMatch(/^nothing of yard is announced until 20/);
    expect(readFileSync(join(state, 'snoozed.json'), 'utf8')).toMatch(/^\{"yard":\d+\}$/);
    expect((await snooze('yard', 'off')).stdout).toBe('yard is announced again\n');
    expect(readFileSync(join(state, 'snoozed.json'), 'utf8')).toBe('{}');
    expect(await snooze('yard', 'soon')).toMatchObject({ code: 2 });
    expect(await snooze('../x', '1m')).toMatchObject({ code: 2 });
  });
});
