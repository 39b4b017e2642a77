/** Mutation tests of the power-cut model and of failing system calls: programs with one mistake must fail them. */
import { describe, expect, it } from 'vitest';
import { missing } from '../support/programs.js';
import { diskDirectory } from '../support/temporary.js';
import { planErrno } from './errno-plan.js';
import { whyNoInjection } from './failing-calls.js';
import { goThrough, planOf } from './mutant-run.js';
import { type Mutation, buildPrograms } from './mutants.js';
import { seenInErrno, seenInFailedFlushes, seenInPowerCuts } from './mutations.js';
import type { Fault } from './plan.js';
import { type Side, walkPowerCuts } from './power-cut.js';
import { recordAgent, recordReceiver } from './recording.js';
import { flushCounts } from './strace-log.js';

const noStrace = missing('strace', 'strace');
const timeLimitMs = 300_000;

const { acknowledgeFirst, forgetSequence, noDirectoryFlush } = seenInPowerCuts;
const { noFileFlush, noFolderFlush, noFrameFlush } = seenInPowerCuts;
const powerCuts: { mutation: Mutation; side: Side; words: RegExp }[] = [
  { mutation: acknowledgeFirst, side: 'receiver', words: /promised and is not there/ },
  { mutation: noFolderFlush, side: 'receiver', words: /promised and is not there/ },
  { mutation: noFrameFlush, side: 'receiver', words: /is no whole frame/ },
  { mutation: noDirectoryFlush, side: 'agent', words: /promised and is not there/ },
  { mutation: noFileFlush, side: 'agent', words: /is no whole frame/ },
  { mutation: forgetSequence, side: 'agent', words: /after a restart \d+ comes next/ },
];

describe('the power-cut model', () => {
  it.for(powerCuts)('of the $side fails when $mutation.name', async (broken, test) => {
    test.skip(noStrace !== undefined, noStrace);
    const { mutation, side, words } = broken;
    const programs = await buildPrograms(diskDirectory(), mutation);
    const record = { agent: recordAgent, receiver: recordReceiver }[side];
    const { operations, rootPath, frames: known } = await record(programs);
    const { violations } = walkPowerCuts(side, operations, rootPath, known);
    expect(violations.join('\n')).toMatch(words);
  });
});

/** Flushes of one side that all fail for a while, several times. */
function failingFlushes(side: Side): Fault[] {
  const isWanted = (seed: number): boolean => {
    const { calls, when } = planErrno(seed, side);
    return calls[0] === 'fsync' && when === '1+';
  };
  // An even seed: the stage then injects while frames wait.
  const seed = Array.from({ length: 5000 }, (_, index) => 2 * index).find(isWanted) ?? 0;
  const kind = `errno-${side}` as const;
  return planOf([kind]).map((fault) => ({ ...fault, kind, seed }));
}

const { forgetUnkept, acknowledgeFailure } = seenInErrno;
const { ignoreFile, ignoreFolder, ignoreFrame, ignoreCaptures } = seenInFailedFlushes;
const noInjection = whyNoInjection();

describe('failing system calls', { timeout: timeLimitMs }, () => {
  it.for<{ mutation: Mutation; side: Side; words: RegExp }>([
    {
      mutation: forgetUnkept,
      side: 'agent',
      words: /declared and neither stored|sequences in no book/,
    },
    {
      ...{ mutation: acknowledgeFailure, side: 'receiver' },
      words: /declared and neither stored|acknowledged and not stored/,
    },
  ])('fail the suite when $mutation.name', async ({ mutation, side, words }, test) => {
    test.skip(noInjection !== undefined, noInjection);
    const violations = await goThrough(failingFlushes(side), mutation, false, 10_000);
    expect(violations.join('\n')).toMatch(words);
  });

  it.for<Side>(['agent', 'receiver'])('of the %s pass without a mutation', async (side, test) => {
    test.skip(noInjection !== undefined, noInjection);
    expect(await goThrough(failingFlushes(side))).toEqual([]);
  });
});

describe('power cuts after a failed flush', { timeout: timeLimitMs }, () => {
  it.for<{ mutation: Mutation; side: Side; from: number; to: number }>([
    // The receiver flushes three folders before it flushes the first frame's bytes.
    { mutation: ignoreFrame, side: 'receiver', from: 4, to: 4 },
    { mutation: ignoreCaptures, side: 'receiver', from: 1, to: 2 },
    // The flushes of the first frame's bytes, or of its name; later flushes succeed, so the next frame is declared.
    { mutation: ignoreFile, side: 'agent', from: 1, to: 2 },
    { mutation: ignoreFolder, side: 'agent', from: 2, to: 2 },
  ])(
    'of the $side fail the suite when $mutation.name',
    async ({ mutation, side, from, to }, test) => {
      test.skip(noStrace !== undefined, noStrace);
      const programs = await buildPrograms(diskDirectory(), mutation);
      const record = { agent: recordAgent, receiver: recordReceiver }[side];
      const ready = { agent: 'watching', receiver: '"listening"' }[side];
      const { before } = flushCounts((await record(programs)).operations, ready);
      const failing = { first: before + from, last: before + to };
      const { operations, rootPath, frames: known } = await record(programs, failing);
      const { violations } = walkPowerCuts(side, operations, rootPath, known);
      expect(violations.join('\n')).toMatch(/was promised and is not there|is no whole frame/);
    },
  );
});
