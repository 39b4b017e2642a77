/**
 * 0.1.0 on one side and this version on the other, with the faults of a mixed pair: while frames are in flight,
 * either side is killed, and either side is upgraded.
 */
import { readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { programsOfToday, unpackVersion01 } from '../support/old-version.js';
import { diskDirectory } from '../support/temporary.js';
import { noSmallDisks } from './disk.js';
import { runFaults } from './fault-run.js';
import { findLibfaketime } from './capabilities.js';
import { type FaultKind, makePlan, seededRandom } from './plan.js';

const old = unpackVersion01();
const today = programsOfToday;
const kinds: readonly FaultKind[] = [
  'kill-agent',
  'kill-receiver',
  'cut-reset',
  'half-open',
  'duplicate',
  'stall',
];
/** `OLD_VERSION_FRAMES=500` for a long run. */
const frames = Number(process.env.OLD_VERSION_FRAMES ?? 90);
/** Each kind twice. */
const faultCount = 2 * kinds.length;

interface Pair {
  readonly agent: string;
  readonly receiver: string;
  readonly isSecure: boolean;
  /** Called before each fault with its index, from 0. */
  readonly onFault?: (index: number) => void;
}

async function goThrough({ agent, receiver, isSecure, onFault }: Pair): Promise<void> {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const plan = makePlan({ seed, faults: faultCount, frames, kinds });
  const { violations, ...figures } = await runFaults({
    directory: diskDirectory(),
    programs: { agent, receiver },
    random: seededRandom(seed + 1),
    isReceiverMany: false,
    isMixed: true,
    isSecure,
    hasSmallDisks: noSmallDisks === undefined,
    libfaketime: findLibfaketime(),
    plan,
    frames,
    frameEveryMs: 40,
    settleDeadlineMs: 120_000,
    onFault: (fault) => onFault?.(plan.indexOf(fault)),
  });
  console.log(`seed ${seed}: ${JSON.stringify(figures)}`);
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ declared: frames, waiting: 0 });
}

describe.each([
  { isSecure: false, how: 'in the clear' },
  { isSecure: true, how: 'over TLS' },
])('a pair of two versions $how', ({ isSecure }) => {
  it('loses no frame with the agent of 0.1.0', { timeout: 600_000 }, async () => {
    await goThrough({ isSecure, agent: old.agent, receiver: today.receiver });
  });

  it('loses no frame with the receiver of 0.1.0', { timeout: 600_000 }, async () => {
    await goThrough({ isSecure, agent: today.agent, receiver: old.receiver });
  });
});

/** A program at its own path, where it can be upgraded. */
function installed(program: string) {
  const link = join(diskDirectory(), 'program.js');
  symlinkSync(program, link);
  return {
    path: link,
    current: () => readlinkSync(link),
    replace: (by: string): void => {
      symlinkSync(by, `${link}.new`);
      renameSync(`${link}.new`, link);
    },
  };
}

describe('a pair of 0.1.0 that is upgraded in the middle', () => {
  it.each([
    { first: 'agent', then: 'receiver' },
    { first: 'receiver', then: 'agent' },
  ] as const)('loses no frame when the $first is first', { timeout: 600_000 }, async (order) => {
    const { first, then } = order;
    const programs = { agent: installed(old.agent), receiver: installed(old.receiver) };
    const third = Math.floor(faultCount / 3);
    // A killed program starts again in the version that is installed then.
    const onFault = (index: number): void => {
      if (index === third) programs[first].replace(today[first]);
      if (index === 2 * third) programs[then].replace(today[then]);
    };
    const { agent, receiver } = programs;
    await goThrough({ agent: agent.path, receiver: receiver.path, isSecure: true, onFault });
    expect([agent.current(), receiver.current()]).toEqual([today.agent, today.receiver]);
  });
});
