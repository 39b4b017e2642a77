/**
 * Two machines with a cable between them. The Debian package updates 0.1.0 of npm on one and then on the other, while
 * 500 frames are on their way; and it sets up a pair from nothing.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { unpackVersion01 } from '../support/old-version.js';
import { missing } from '../support/programs.js';
import { type Lab, whyNoLab } from './lab.js';
import {
  type Packages,
  bootForPackages,
  buildPackages,
  installByNpm,
  mustApt,
} from './packaged.js';

const why = whyNoLab() ?? missing('dpkg-deb', 'dpkg') ?? missing('ip', 'iproute2');
const oldPackage = dirname(dirname(unpackVersion01().agent));
const captures = '/srv/captures';
const laptopAddress = '10.77.0.2';

let packages: Packages;
beforeAll(() => {
  if (why !== undefined) return undefined;
  packages = buildPackages();
  return packages.remove;
});

interface Machines {
  readonly agent: Lab;
  readonly receiver: Lab;
}

async function bootMachines(): Promise<Machines> {
  const settings = { copies: [{ from: oldPackage, to: '/srv/picchanged-0.1.0' }] };
  const [agent, receiver] = await Promise.all([
    bootForPackages(packages, settings),
    bootForPackages(packages, settings),
  ]);
  onTestFinished(async () => {
    await Promise.all([agent.close(), receiver.close()]);
  });
  agent.connect(receiver, '10.77.0.1', laptopAddress);
  return { agent, receiver };
}

async function pair({ agent, receiver }: Machines): Promise<void> {
  const line = await receiver.must('receiver', 'pair', 'yard', '--host', laptopAddress);
  await agent.must(
    ...(line.split('\n').find((each) => each.startsWith('agent ')) ?? '').split(' '),
  );
}

const arrived = (receiver: Lab): number => {
  try {
    return filesBelow(receiver.path(`${captures}/yard`)).filter((name) => name.endsWith('.jpg'))
      .length;
  } catch {
    return 0; // no frame yet
  }
};
const until = (receiver: Lab, count: number): Promise<unknown> =>
  // An agent that has tried for a while pauses up to a minute.
  eventually(() => arrived(receiver) >= count, `${count} frames`, 120_000).catch(
    async (cause: unknown) => {
      const journal = await receiver.must('journalctl', '-o', 'cat', '-n', '40');
      throw new Error(`${arrived(receiver)} frames arrived. The journal:\n${journal}`, { cause });
    },
  );

/** Entries of the agent's spool that wait. */
function waiting(agent: Lab): number {
  const folder = `/var/lib/picchanged/agent/spool/${laptopAddress}_4444`;
  return filesBelow(agent.path(folder)).filter((name) => /^\d+\.(?!sent)/.test(name)).length;
}

interface Line {
  readonly epoch?: string;
  readonly sequence?: number;
  readonly gap?: number;
  readonly report?: number;
  readonly type?: string;
}

/** All lines of the record that stand for an entry of the agent. */
function entries(receiver: Lab): readonly Line[] {
  const folder = receiver.path(`${captures}/yard`);
  return filesBelow(folder, { hidden: true })
    .filter((name) => name.endsWith('record.jsonl'))
    .flatMap((name) => readFileSync(`${folder}/${name}`, 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as Line)
    .filter(({ sequence }) => sequence !== undefined);
}

describe.skipIf(why !== undefined)(`two machines${why === undefined ? '' : ` (${why})`}`, () => {
  it.each([
    { first: 'agent', then: 'receiver' },
    { first: 'receiver', then: 'agent' },
  ] as const)(
    'get each of 500 frames once, when 0.1.0 is updated on the $first’s machine first',
    async ({ first, then }) => {
      const machines = await bootMachines();
      const { agent, receiver } = machines;
      for (const lab of [agent, receiver]) await installByNpm(lab, '/srv/picchanged-0.1.0');
      await receiver.must('receiver', 'install', '--dir', captures);
      const source = ['--source', 'scene', '--camera', 'yard', '--all', '--interval', '30ms'];
      await agent.must('agent', 'install', '--host', laptopAddress, ...source);
      await pair(machines);
      const unit = 'surveillance-many';
      const hold = async (): Promise<void> => {
        await receiver.must('systemctl', 'stop', `${unit}.socket`, `${unit}.service`);
        await eventually(() => waiting(agent) >= 500, '500 frames that wait', 120_000);
      };
      await hold();
      await machines[first].must('dpkg', '--unpack', packages.deb);
      let [start, before] = [0, 0];
      do {
        // Again where all of them arrived between two looks.
        if (before > 0) await hold();
        expect(waiting(agent)).toBeGreaterThanOrEqual(500);
        start = arrived(receiver);
        await receiver.must('systemctl', 'start', `${unit}.socket`);
        // Without the pause that it has come to by its attempts.
        await agent.must('systemctl', 'restart', 'picchanged-watch.service');
        await until(receiver, start + 20);
        before = arrived(receiver);
      } while (before - start >= 500);
      await machines[first].must('dpkg', '--configure', 'picchanged');
      const between = arrived(receiver);
      await machines[then].must('dpkg', '--install', packages.deb);
      const after = arrived(receiver);
      await until(receiver, after + 100);
      // Then no more frames: those that wait arrive.
      await agent.must('agent', 'install', '--interval', '1h');
      await eventually(
        async () => /no frame waits/.test(await agent.must('agent', 'status')),
        'no frame that waits',
        60_000,
      );
      for (const lab of [agent, receiver]) {
        expect(await lab.must('agent', '--version')).toBe(packages.version);
      }
      // The first frame after the restart and a report may still be on their way.
      await agent.must('systemctl', 'stop', 'picchanged-watch.service');
      await receiver.must('systemctl', 'stop', `${unit}.service`);
      const found = entries(receiver);
      console.log({
        first,
        before,
        between,
        after,
        frames: arrived(receiver),
        lines: found.length,
      });
      expect(found.filter(({ gap, type }) => gap !== undefined || type !== undefined)).toEqual([]);
      expect(new Set(found.map(({ epoch }) => epoch)).size).toBe(1);
      const sequences = [...new Set(found.map(({ sequence = 0 }) => sequence))].sort(
        (one, other) => one - other,
      );
      expect(sequences).toEqual(Array.from(sequences, (_, index) => index + 1));
      const frames = found.filter(({ report }) => report === undefined);
      const frameCount = new Set(frames.map(({ sequence }) => sequence)).size;
      expect(frameCount).toBeGreaterThan(500);
      expect(arrived(receiver)).toBe(frameCount);
      expect(await receiver.must('receiver', 'verify')).toContain('yard: all as recorded');
      await agent.must('systemctl', 'start', 'picchanged-watch.service');
      expect(await agent.must('agent', 'status')).toContain(
        `paired with ${laptopAddress}:4444 as yard`,
      );
      expect((await agent.run('agent', 'doctor')).stdout).toMatch(/answers, over TLS$/m);
    },
    400_000,
  );

  it('are set up by apt and three commands more, and the frames are encrypted', async () => {
    const machines = await bootMachines();
    const { agent, receiver } = machines;
    for (const lab of [agent, receiver]) await mustApt(lab, 'install', packages.deb);
    await receiver.must('receiver', 'install', '--dir', captures);
    await agent.must('agent', 'install', '--host', laptopAddress, '--source', 'scene', '--all');
    await pair(machines);
    await until(receiver, arrived(receiver) + 3);
    expect((await agent.run('agent', 'doctor')).stdout).toMatch(/answers, over TLS$/m);
    expect(await agent.must('agent', 'status')).toContain(
      `paired with ${laptopAddress}:4444 as yard`,
    );
    expect(await receiver.must('receiver', 'cameras')).toContain('yard');
  });
});
