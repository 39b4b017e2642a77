/** The test of the test: programs with one mistake in them must fail the suite, and without it pass. */
import { describe, expect, it } from 'vitest';
import { missing } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';
import { runFaults } from './fault-run.js';
import type { StageSettings } from './stage.js';
import { type Mutation, buildPrograms, mutate } from './mutants.js';
import { seenInFaults, seenInPowerCuts, seenInRefusals, seenOverTls } from './mutations.js';
import { type Fault, type FaultKind, seededRandom } from './plan.js';
import { type Side, walkPowerCuts } from './power-cut.js';
import { recordAgent, recordReceiver } from './recording.js';

const noStrace = missing('strace', 'strace');
const timeLimitMs = 180_000;
const frames = 110;

/** A spool that twenty frames fill. */
const smallSpool = { agentArgs: ['--spool-max-size', '1MiB'], leastFrameBytes: 50_000 };

/** The faults in turn, several times. */
function planOf(kinds: readonly FaultKind[]): Fault[] {
  return Array.from({ length: 6 }, (_, index) => ({
    kind: kinds[index % kinds.length] ?? 'cut-end',
    afterFrames: 10 + index * 15,
    pauseMs: 0,
    lastsMs: 300,
  }));
}

/** @returns what the suite says */
async function goThrough(
  kinds: readonly FaultKind[],
  mutation?: Mutation,
  isSecure = false,
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
    plan: planOf(kinds),
    frames,
    frameEveryMs: 40,
    // What is refused for good never settles.
    settleDeadlineMs: isSecure ? 5000 : 60_000,
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

describe('faults', () => {
  it.each(cases)('show it when $name', { timeout: timeLimitMs }, async (mutation, kind, words) => {
    const violations = await goThrough([kind], mutation);
    expect(violations.join('\n')).toMatch(words);
  });

  it.each(refusals)(
    'show it when $name',
    { timeout: timeLimitMs },
    async (mutation, kind, words) => {
      const violations = await goThrough([kind], mutation, false, smallSpool);
      expect(violations.join('\n')).toMatch(words);
    },
  );

  it(`show it over TLS when ${seenOverTls.fallBack.name}`, { timeout: timeLimitMs }, async () => {
    const violations = await goThrough(['kill-receiver'], seenOverTls.fallBack, true);
    expect(violations.join('\n')).toMatch(/connections of a paired agent in the clear/);
  });

  it('show nothing where nothing is wrong', { timeout: timeLimitMs }, async () => {
    const kinds = [...cases, ...refusals].map(([, kind]) => kind);
    expect(await goThrough(kinds, undefined, false, smallSpool)).toEqual([]);
  });
});

const { acknowledgeFirst, forgetSequence, noDirectoryFlush, noFileFlush } = seenInPowerCuts;
const powerCuts: { mutation: Mutation; side: Side; words: RegExp }[] = [
  { mutation: acknowledgeFirst, side: 'receiver', words: /promised and is not there/ },
  { mutation: noDirectoryFlush, side: 'receiver', words: /promised and is not there/ },
  { mutation: noFileFlush, side: 'receiver', words: /is no whole frame/ },
  { mutation: noDirectoryFlush, side: 'agent', words: /promised and is not there/ },
  { mutation: noFileFlush, side: 'agent', words: /is no whole frame/ },
  { mutation: forgetSequence, side: 'agent', words: /after a restart 1 comes next/ },
];

describe('power cuts', () => {
  it.for(powerCuts)('of the $side show it when $mutation.name', async (broken, test) => {
    test.skip(noStrace !== undefined, noStrace);
    const { mutation, side, words } = broken;
    const programs = await buildPrograms(temporaryDirectory(), mutation);
    const record = { agent: recordAgent, receiver: recordReceiver }[side];
    const { operations, rootPath, frames: known } = await record(programs);
    const { violations } = walkPowerCuts(side, operations, rootPath, known);
    expect(violations.join('\n')).toMatch(words);
  });
});

describe('a mutation', () => {
  const mutation = { name: 'm', path: 'a.ts', snippet: 'f()', replacement: 'g()' };

  it('replaces its snippet', () => {
    expect(mutate('a(); f();', mutation)).toBe('a(); g();');
  });

  it.each(['a();', 'f(); f();'])('whose snippet is not there once is an error: %s', (source) => {
    expect(() => mutate(source, mutation)).toThrow(/times, not once/);
  });

  it('of a file that is in no program is an error', async () => {
    const stray = { ...mutation, path: 'test/support/files.ts' };
    await expect(buildPrograms(temporaryDirectory(), stray)).rejects.toThrow(/no part|not part/);
  });
});
