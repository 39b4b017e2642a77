/** Reports of a real agent: continuous, killed, one-shot, and with 0.1.0 in between. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isAboutReport, isSignedBy, readPublicKey } from '../../shared/protocol/statement.js';
import { eventually } from '../support/eventually.js';
import { unpackVersion01 } from '../support/old-version.js';
import { start, startAgent } from '../support/programs.js';
import { type ReceivedReport, ReportReceiver } from '../support/report-receiver.js';
import { temporaryDirectory } from '../support/temporary.js';

const old = unpackVersion01();

async function makeCamera() {
  const receiver = await ReportReceiver.start();
  const state = temporaryDirectory();
  const args = [
    ...['--host', `127.0.0.1:${receiver.port}`, '--camera', 'yard', '--state', state],
    ...['--source', 'scene', '--report-every', '10s'],
  ];
  const spool = join(state, 'spool', `127.0.0.1_${receiver.port}`);
  const names = (): string[] => readdirSync(spool).filter((name) => /^\d/.test(name));
  return { receiver, state, args, names };
}

/** Reports that arrived again after a lost answer count once. */
function distinct(reports: readonly ReceivedReport[]): ReceivedReport[] {
  return [...new Map(reports.map((report) => [report.sequence, report])).values()];
}

describe('an agent and a receiver that takes reports', () => {
  it('states signed what was watched, also over a kill', async () => {
    const { receiver, args } = await makeCamera();
    const fast = [...args, '--interval', '100ms'];
    const first = startAgent(fast);
    const compared = (): number => receiver.reports.reduce((sum, each) => sum + each.compared, 0);
    await eventually(() => compared() > 50, 'a report of many frames');
    await first.stop('SIGKILL');
    const second = startAgent(fast);
    const count = receiver.reports.length;
    await eventually(() => receiver.reports.length >= count + 2, 'reports of the next process');
    expect(await second.stop()).toBe(0);
    const reports = distinct(receiver.reports);
    const key = readPublicKey(receiver.publicKey ?? '') ?? expect.unreachable();
    const [epoch = ''] = receiver.epochs;
    for (const [index, report] of reports.entries()) {
      const { statement = '', signature = '', sequence } = report;
      expect(isSignedBy({ statement, signature }, key)).toBe(true);
      expect(isAboutReport(statement, { camera: 'yard', epoch, sequence }, report)).toBe(true);
      expect(report.fromMs).toBe(reports[index - 1]?.toMs ?? report.fromMs);
    }
    expect(new Set(reports.map(({ state }) => state))).toEqual(new Set(['watching', 'off']));
    expect(reports.filter(({ state }) => state === 'off').length).toBeLessThanOrEqual(2);
    expect(reports.at(-1)?.state).toBe('watching');
    const events = reports.flatMap(({ ended = [] }) => ended.map(({ event }) => event));
    expect(new Set(events).size).toBe(events.length);
  });

  it('states that there was no camera from its start', async () => {
    const { receiver, args } = await makeCamera();
    const agent = startAgent([...args, '--source', 'command', '--', 'false']);
    await agent.says('capture failed');
    expect(await agent.stop()).toBe(0);
    expect(agent.stderr()).not.toContain('damaged');
    expect(distinct(receiver.reports)).toMatchObject([{ state: 'failing', compared: 0 }]);
    expect(receiver.entries.map(({ type }) => type)).toEqual(['report']);
  });

  it('joins one-shot runs, and connects for a change', async () => {
    const { receiver, args } = await makeCamera();
    const shoot = async (more: readonly string[] = []) => {
      const agent = startAgent([...args, '--once', ...more]);
      expect({ code: await agent.ended, stderr: agent.stderr() }).toMatchObject({ code: 0 });
    };
    await shoot();
    expect(receiver.reports.map(({ state, compared }) => [state, compared])).toEqual([
      ['watching', 1],
    ]);
    for (let run = 1; run <= 3; run += 1) await shoot(['--sensitivity', '0%']);
    const failing = startAgent([...args, '--once', '--source', 'command', '--', 'false']);
    expect(await failing.ended).toBe(1);
    const reports = distinct(receiver.reports);
    const watched = reports.filter(({ state }) => state === 'watching');
    expect(watched.reduce((sum, { compared }) => sum + compared, 0)).toBe(4);
    expect(reports.at(-1)).toMatchObject({ state: 'failing', compared: 0 });
    expect(reports.at(-1)?.why).toContain('false ended');
  });
});

describe('a report that waits while 0.1.0 runs', () => {
  it('is not lost, and its sequence is not used again', async () => {
    const { receiver, args, names, state } = await makeCamera();
    receiver.answersReports = false;
    const agent = startAgent([...args, '--interval', '100ms']);
    await eventually(() => receiver.reports.length > 0, 'a report that is not answered');
    await agent.stop('SIGKILL');
    const [waiting] = distinct(receiver.reports);
    const sequence = waiting?.sequence ?? expect.unreachable();
    expect(names().filter((name) => name.endsWith('.report')).length).toBeGreaterThan(0);
    receiver.takesReports = false;
    const before = receiver.entries.length;
    const options = args.slice(0, args.indexOf('--report-every'));
    const former = start(process.execPath, [old.agent, ...options, '--once']);
    expect({ code: await former.ended, stderr: former.stderr() }).toMatchObject({ code: 0 });
    const later = receiver.entries.slice(before);
    expect(later.map(({ type }) => type)).toContain('frame');
    // Only frames of before that still waited may have an older sequence.
    const used = new Set(receiver.entries.slice(0, before).map((entry) => entry.sequence));
    const reports = new Set(names().flatMap((name) => /^(\d+)\.report$/.exec(name)?.[1] ?? []));
    for (const entry of later)
      expect(reports).not.toContain(String(entry.sequence).padStart(12, '0'));
    expect(later.some((entry) => !used.has(entry.sequence))).toBe(true);
    const known = readFileSync(join(state, 'reports.json'), 'utf8');
    receiver.takesReports = receiver.answersReports = true;
    const again = startAgent([...args, '--once']);
    expect({ code: await again.ended, stderr: again.stderr() }).toMatchObject({ code: 0 });
    expect(known).toContain('"version":1');
    const last = receiver.entries.slice(before + later.length);
    expect(last.filter(({ type }) => type === 'report').map((entry) => entry.sequence)).toContain(
      sequence,
    );
    expect(names().filter((name) => name.endsWith('.report'))).toEqual([]);
  });
});
