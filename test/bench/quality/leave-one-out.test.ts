import { describe, expect, it } from 'vitest';
import { leaveOneOut } from './leave-one-out.js';
import { type Score, scoreSequence } from './score.js';

/** Two frames with somebody and two without; so many of each called changed. */
const score = (detected: number, falseAlarms: number): Score =>
  scoreSequence([1, 1, 0, 0], [detected > 0, detected > 1, falseAlarms > 0, falseAlarms > 1], {
    warmUp: 0,
    gap: 1,
  });

describe('leave one out', () => {
  it('chooses what is best on the others, also where it is the worst', () => {
    // The first choice suits the first two sequences, the second the third.
    const [good, bad] = [score(2, 0), score(0, 2)];
    const found = leaveOneOut([
      [good, bad],
      [good, bad],
      [bad, good],
    ]);
    // For each of the first two, one of the others speaks for either choice: the first of equals is taken.
    expect(found.chosen).toEqual([0, 0, 0]);
    expect(found.scores).toEqual([good, good, bad]);
  });

  it('has no part of the sequence itself in its choice', () => {
    const found = leaveOneOut([
      [score(0, 0), score(2, 0)],
      [score(2, 0), score(1, 0)],
    ]);
    expect(found.chosen).toEqual([0, 1]);
    expect(found.scores.map(({ recall }) => recall)).toEqual([0, 0.5]);
  });
});
