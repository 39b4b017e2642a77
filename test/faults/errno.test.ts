/**
 * While a disk fails or is unmounted no frame is lost, stored twice, or given up by mistake. The short
 * form; for longer: `npm run test:faults -- --errno --seed S`, with the seed that the test prints.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFailed } from 'vitest';
import { root, startReceiverProgram } from '../support/programs.js';
import { diskDirectory, temporaryDirectory } from '../support/temporary.js';
import { withMoved } from './away.js';
import { noSmallDisks } from './disk.js';
import { auditDiskFaults } from './errno-audit.js';
import { planErrno } from './errno-plan.js';
import { failCalls } from './failing-calls.js';
import { runFaults } from './fault-run.js';
import { faultKindsHere, findLibfaketime, missingFaults } from './capabilities.js';
import { type FaultKind, diskFaultKinds, makePlan, seededRandom } from './plan.js';

const programs = { agent: `${root}dist/agent.js`, receiver: `${root}dist/receiver.js` };
const kinds: readonly FaultKind[] = [...diskFaultKinds, 'kill-agent', 'kill-receiver'];
const frames = 80;

describe('the pair', () => {
  it('loses no frame when a disk fails for a while', { timeout: 600_000 }, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const here = faultKindsHere(kinds);
    const plan = makePlan({ seed, faults: here.length + 2, frames, kinds: here });
    const details: string[] = [];
    onTestFailed(() => console.log(`seed ${seed}\n${details.join('\n')}`));
    const { violations, ...figures } = await runFaults({
      directory: diskDirectory(),
      programs,
      random: seededRandom(seed + 1),
      isReceiverMany: false,
      isSecure: false,
      hasSmallDisks: noSmallDisks === undefined,
      libfaketime: findLibfaketime(),
      plan,
      frames,
      frameEveryMs: 40,
      settleDeadlineMs: 60_000,
      onDetail: (what) => details.push(what),
    });
    console.log(`seed ${seed}: ${JSON.stringify(figures)}`);
    expect(violations).toEqual([]);
    expect(figures).toMatchObject({ waiting: 0 });
    expect(figures.declared).toBeGreaterThanOrEqual(frames);
  });
});

describe('a receiver whose call fails while it closes its first connection', () => {
  it('ends when it is asked to', async (test) => {
    const why = missingFaults().get('errno-receiver');
    test.skip(why !== undefined, why);
    const receiver = await startReceiverProgram(diskDirectory());
    const { pid = 0 } = receiver.child;
    // Node looks twice what standard error is, when it opens it.
    const calls = ['?newfstatat', '?fstat'];
    const plan = { calls, error: 'ENOMEM', when: '2', isNamed: false };
    const logPath = join(temporaryDirectory(), 'calls');
    const over = { isReached: false };
    const failing = failCalls({ pid, plan, paths: [], lastsMs: 1000, logPath }).then(() => {
      over.isReached = true;
    });
    while (!over.isReached) {
      const socket = connect(receiver.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.end('x');
      await once(socket.resume(), 'close');
      await delay(20);
    }
    await failing;
    expect(await Promise.race([receiver.stop(), delay(20_000, 'runs')])).toBe(0);
  });
});

describe('a fault of the kind', () => {
  it.for<FaultKind>(diskFaultKinds)('%s is possible on this machine', (kind, test) => {
    const why = missingFaults().get(kind);
    test.skip(why !== undefined, why);
    expect(faultKindsHere([kind])).toEqual([kind]);
  });
});

describe('a plan of errors', () => {
  const seeds = Array.from({ length: 500 }, (_, seed) => seed);

  it('is the same for the same seed', () => {
    expect(seeds.map((seed) => planErrno(seed, 'agent'))).toEqual(
      seeds.map((seed) => planErrno(seed, 'agent')),
    );
  });

  it.each(['agent', 'receiver'] as const)('has every call and many errors for the %s', (side) => {
    const plans = seeds.map((seed) => planErrno(seed, side));
    expect(new Set(plans.flatMap(({ calls }) => calls)).size).toBeGreaterThan(20);
    expect(new Set(plans.map(({ error }) => error)).size).toBeGreaterThan(10);
  });

  it('makes read and write fail on named files only', () => {
    for (const { calls, isNamed } of seeds.map((seed) => planErrno(seed, 'receiver'))) {
      if (calls.some((call) => /^(p?read|p?write)/.test(call))) expect(isNamed).toBe(true);
    }
  });

  it('never gives ENOENT for the open of a file', () => {
    for (const { calls, error } of seeds.map((seed) => planErrno(seed, 'agent'))) {
      if (calls.includes('openat')) expect(error).not.toBe('ENOENT');
    }
  });
});

describe('the audit after a disk failure', () => {
  const rejected = [{ id: 'e 1', sha256: 'a' }];
  const spool = { waiting: [], rejected, gaps: [], reports: [], unfinished: [] };
  const put = new Map([['a', 1]]);

  it('reports whole frames that are set aside, and dropped frames', () => {
    expect(auditDiskFaults(spool, put, 2).join('\n')).toMatch(
      /1 frames set aside.*\n2 frames drop/,
    );
    expect(auditDiskFaults(spool, new Map(), 0)).toEqual([]);
  });

  it('counts a frame in a moved folder, unless it was stored again', () => {
    const file = (name: string, sha256: string) => ({ name, sha256, damage: undefined });
    const stored = [file('yard/d/1.jpg', 'a'), file('.moved-7/yard/d/1.jpg', 'a')];
    const moved = file('.moved-7/yard/d/2.jpg', 'b');
    const line = (id: string, name: string) => ({ id, name });
    const [again, first] = [line('e 1', 'yard/d/1.jpg'), line('e 1', '.moved-7/yard/d/1.jpg')];
    const ofMoved = line('e 2', moved.name);
    const recorded = [again, first, ofMoved];
    const captures = {
      ...{ stored: [...stored, moved], recorded, droppedCount: 0 },
      ...{ gaps: [], reports: [], unfinished: [], unexpected: [] },
    };
    const found = withMoved(captures, new Map([...put, ['b', 1]]));
    expect(found.stored).toEqual([stored[0], moved]);
    expect(found.recorded).toEqual([again, ofMoved]);
  });
});
