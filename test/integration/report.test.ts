/** `receiver report` as a process: what an agent sent to the built receiver, printed while the receiver runs. */
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AgentPeer, peerEpoch } from '../support/agent-peer.js';
import { makeJpeg } from '../support/pictures.js';
import { root, run, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const midnightMs = Date.UTC(2026, 10, 22);
const hourMs = 3_600_000;

const report = (...args: string[]) =>
  run(process.execPath, [`${root}dist/receiver.js`, 'report', ...args]);

/** Each name below a directory, with the time of its last change. */
const stateOf = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => `${name} ${statSync(join(directory, name)).mtimeMs}`)
    .sort();

/** A frame in an event, an hour without a camera, a cut link, dropped frames, and a number that is missing. */
async function sendDay(port: number): Promise<void> {
  const agent = new AgentPeer(port);
  agent.hello();
  expect(await agent.answer('welcome')).toMatchObject({ takes: ['report'] });
  const capturedAtMs = midnightMs + 8 * hourMs + 5000;
  const verdict = { reason: 'change', ratio: 0.1, boxes: [], event: 'e1', changed: true };
  agent.report(1, { toMs: midnightMs + 8 * hourMs, clockMs: Date.now() + 60_000 });
  agent.frame(2, makeJpeg(2), { capturedAtMs, verdict });
  const ended = [{ event: 'e1', firstAtMs: capturedAtMs, lastAtMs: capturedAtMs, frames: 1 }];
  const later = { fromMs: midnightMs + 8 * hourMs, toMs: midnightMs + 9 * hourMs };
  agent.report(3, { ...later, changed: 1, ended, clockMs: Date.now() + 60_000 });
  const failing = { fromMs: later.toMs, toMs: later.toMs + hourMs, state: 'failing' };
  agent.report(4, { ...failing, why: 'no /dev/video0', clockMs: Date.now() + 60_000 });
  agent.dropped(6, {
    ...{ firstCapturedAtMs: midnightMs + 11 * hourMs, sequences: [[5, 5]], count: 1 },
    lastCapturedAtMs: midnightMs + 11 * hourMs,
  });
  const last = { fromMs: midnightMs + 12 * hourMs, toMs: midnightMs + 24 * hourMs };
  agent.report(8, { ...last, clockMs: Date.now() + 60_000 });
  for (let nth = 1; nth <= 6; nth += 1) await agent.answer('stored', nth);
}

describe('receiver report', () => {
  it('prints what was sent to a receiver that runs, and changes nothing', async () => {
    const captures = temporaryDirectory();
    const receiver = await startReceiverProgram(captures);
    await sendDay(receiver.port);
    const lines = readFileSync(join(captures, 'yard/2026_11_22/record.jsonl'), 'utf8');
    expect(lines.trim().split('\n')).toHaveLength(6);
    const before = stateOf(captures);
    const text = await report('--dir', captures, '--day', '2026-11-22');
    expect(text).toMatchObject({ code: 0, stderr: '' });
    const [head, , line] = text.stdout.split('\n');
    expect(head).toBe('yard  2026-11-22  +00:00');
    expect(line).toBe('  ----------------#-xx????------------------------');
    for (const words of [
      'watched and quiet 21 h, changed 1 s, not watched 1 h, unknown 2 h',
      'not watched  09:00:00 to 10:00:00  camera failing: no /dev/video0',
      'unknown      10:00:00 to 12:00:00  no report covers it',
      'event        08:00:05 to 08:00:05  e1, 1 frame\n',
      'gap          11:00:00 to 11:00:00  1 frame, size',
      'missing      1 number that no entry has: 7',
      'frames       1, 1 changed, 1.0 kB; 1 unsigned',
    ]) {
      expect(text.stdout).toContain(words);
    }
    expect(text.stdout).toMatch(/wrong clock {2}(1 min|60 s|5\d s) ahead of this receiver's/);
    const json = await report('--dir', captures, '--day', '2026-11-22', '--json');
    const { cameras } = JSON.parse(json.stdout) as { cameras: object[] };
    expect(cameras).toMatchObject([
      {
        ...{ camera: 'yard', doesReport: true, events: [{ event: 'yard/e1', state: 'ended' }] },
        missing: { count: 1, ranges: [{ epoch: peerEpoch, first: 7, last: 7 }] },
        durationsMs: { 'not-watched': hourMs, unknown: 2 * hourMs },
      },
    ]);
    expect(stateOf(captures)).toEqual(before);
  });

  it('says what it cannot report on, with its exit code', async () => {
    const captures = temporaryDirectory();
    // It may be the mount point of a disk that is away.
    const unused = await report('--dir', captures);
    expect(unused).toMatchObject({ code: 3, stdout: '' });
    expect(unused.stderr).toContain('no receiver has stored there');
    writeFileSync(join(captures, '.picchanged.json'), '{}');
    expect(await report('--dir', captures)).toMatchObject({
      code: 0,
      stdout: `no camera has sent anything to ${captures} yet\n`,
    });
    const missing = await report('--dir', join(captures, 'none'));
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toContain('cannot read');
    mkdirSync(join(captures, 'yard/2026_11_22'), { recursive: true });
    for (const [args, words] of [
      [['--camera', 'door'], 'camera door has sent nothing to'],
      [['--day', '2026-02-30'], 'must be a day'],
      [['--from', '2026-11-22T08:00'], '--to is missing'],
      [['--from', '2026-11-22T08:00', '--to', '2026-11-22T08:00'], '--from is not before --to'],
      [['--from', '2026-01-01T00:00', '--to', '2026-03-01T00:00'], 'more than 31 days apart'],
      [['--day', '2026-11-22', '--to', '2026-11-23T00:00'], '--day does not go with'],
      [['yard'], "unexpected argument 'yard'"],
    ] as const) {
      const wrong = await report('--dir', captures, ...args);
      expect(wrong).toMatchObject({ code: 2, stdout: '' });
      expect(wrong.stderr).toContain(words);
    }
  });
});
