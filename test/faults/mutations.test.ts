/** Mutation tests of the suite: programs with one mistake must fail it, and without it pass. */
import { describe, expect, it } from 'vitest';
import { missing } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';
import { planErrno } from './errno-plan.js';
import { whyNoInjection } from './failing-calls.js';
import { runFaults } from './fault-run.js';
import type { StageSettings } from './stage.js';
import { type Mutation, buildPrograms, mutate } from './mutants.js';
import {
  seenInErrno,
  seenInFailedFlushes,
  seenInFaults,
  seenInPowerCuts,
  seenInRefusals,
  seenOverTls,
} from './mutations.js';
import { type Fault, type FaultKind, seededRandom } from './plan.js';
import { type Side, walkPowerCuts } from './power-cut.js';
import { recordAgent, recordReceiver } from './recording.js';
import { flushCounts } from './strace-log.js';

const noStrace = missing('strace', 'strace');
const timeLimitMs = 180_000;
const frames = 110;

/** A spool for twenty frames. */
const smallSpool = { agentArgs: ['--spool-max-size', '1MiB'], leastFrameBytes: 50_000 };

/** The faults in turn, several times. */
function planOf(kinds: readonly FaultKind[]): Fault[] {
  return Array.from({ length: 6 }, (_, index) => ({
    kind: kinds[index % kinds.length] ?? 'cut-end',
    afterFrames: 10 + index * 15,
    pauseMs: 0,
    lastsMs: 300,
    seed: index,
  }));
}

/** @returns the violations that the suite reports */
async function goThrough(
  plan: readonly Fault[],
  mutation?: Mutation,
  isSecure = false,
  // Frames refused for good stay in the spool: the run does not settle.
  settleDeadlineMs = isSecure ? 5000 : 60_000,
  spool: Partial<StageSettings> = {},
): Promise<readonly string[]> {
  const { violations } = await runFaults({
    directory: temporaryDirectory(),
    programs: await buildPrograms(temporaryDirectory(), mutation),
    random: seededRandom(1),
    isReceiverMany: false,
    isSecure,
    ...spool,
    hasSmallDisks: false,
    libfaketime: undefined,
    plan,
    frames,
    frameEveryMs: 40,
    settleDeadlineMs,
  });
  return violations;
}

const { deleteBeforeAcknowledge, noDuplicateCheck, noSum, renameOver } = seenInFaults;
const cases: [Mutation, FaultKind, RegExp][] = [
  [deleteBeforeAcknowledge, 'half-open', /declared and neither stored/],
  [noDuplicateCheck, 'duplicate', /stored more often/],
  [renameOver, 'cut-end', /declared and neither stored/],
  [noSum, 'corrupt-up', /no frame of the camera/],
];

const { cutUncounted, miscounted, tooLargeForGood, unreadableForGood } = seenInRefusals;
const refusals: [Mutation, FaultKind, RegExp][] = [
  [cutUncounted, 'refuse-for-good', /declared and neither stored/],
  [miscounted, 'refuse-for-good', /whose count is not that of the sequences/],
  [tooLargeForGood, 'small-frames', /set aside that no receiver refused/],
  [unreadableForGood, 'spool-gone', /notes of damaged frames/],
];

describe('the fault suite', () => {
  it.each(cases)('fails when $name', { timeout: timeLimitMs }, async (mutation, kind, words) => {
    const violations = await goThrough(planOf([kind]), mutation);
    expect(violations.join('\n')).toMatch(words);
  });

  it.each(refusals)('fails when $name', { timeout: timeLimitMs }, async (mutation, kind, words) => {
    const violations = await goThrough(planOf([kind]), mutation, false, 60_000, smallSpool);
    expect(violations.join('\n')).toMatch(words);
  });

  it(`fails over TLS when ${seenOverTls.fallBack.name}`, { timeout: timeLimitMs }, async () => {
    const violations = await goThrough(planOf(['kill-receiver']), seenOverTls.fallBack, true);
    expect(violations.join('\n')).toMatch(/connections of a paired agent in the clear/);
  });

  it('passes without a mutation', { timeout: timeLimitMs }, async () => {
    const kinds = [...cases, ...refusals].map(([, kind]) => kind);
    expect(await goThrough(planOf(kinds), undefined, false, 60_000, smallSpool)).toEqual([]);
  });
});

const { acknowledgeFirst, forgetSequence, noDirectoryFlush } = seenInPowerCuts;
const { noFileFlush, noFolderFlush, noFrameFlush } = seenInPowerCuts;
const powerCuts: { mutation: Mutation; side: Side; words: RegExp }[] = [
  { mutation: acknowledgeFirst, side: 'receiver', words: /promised and is not there/ },
  { mutation: noFolderFlush, side: 'receiver', words: /promised and is not there/ },
  { mutation: noFrameFlush, side: 'receiver', words: /is no whole frame/ },
  { mutation: noDirectoryFlush, side: 'agent', words: /promised and is not there/ },
  { mutation: noFileFlush, side: 'agent', words: /is no whole frame/ },
  { mutation: forgetSequence, side: 'agent', words: /after a restart 1 comes next/ },
];

describe('the power-cut model', () => {
  it.for(powerCuts)('of the $side fails when $mutation.name', async (broken, test) => {
    test.skip(noStrace !== undefined, noStrace);
    const { mutation, side, words } = broken;
    const programs = await buildPrograms(temporaryDirectory(), mutation);
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
      const programs = await buildPrograms(temporaryDirectory(), mutation);
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

describe('a mutation', () => {
  const mutation = { name: 'm', path: 'a.ts', snippet: 'f()', replacement: 'g()' };

  it('replaces its snippet', () => {
    expect(mutate('a(); f();', mutation)).toBe('a(); g();');
  });

  it.each(['a();', 'f(); f();'])(
    'whose snippet is missing or not unique is an error: %s',
    (source) => {
      expect(() => mutate(source, mutation)).toThrow(/times, not once/);
    },
  );

  it('of a file outside the programs is an error', async () => {
    const stray = { ...mutation, path: 'test/support/files.ts' };
    await expect(buildPrograms(temporaryDirectory(), stray)).rejects.toThrow(/no part|not part/);
  });
});
