/** Mutation tests of the suite: programs with one mistake must fail it, and without it pass. */
import { describe, expect, it } from 'vitest';
import { diskDirectory } from '../support/temporary.js';
import { goThrough, planOf, smallSpool } from './mutant-run.js';
import { type Mutation, buildPrograms, mutate } from './mutants.js';
import { seenInFaults, seenInRefusals, seenOverTls } from './mutations.js';
import type { FaultKind } from './plan.js';

const timeLimitMs = 300_000;

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
    await expect(buildPrograms(diskDirectory(), stray)).rejects.toThrow(/no part|not part/);
  });
});
