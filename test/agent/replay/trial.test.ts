import { describe, expect, it } from 'vitest';
import { type Outcome, Trial } from '../../../agent/replay/trial.js';
import { withVisitor, yard } from '../detect/pictures.js';

const settings = {
  ...{ sensitivity: 0.5, minArea: 0.002, absorbMs: 20_000, mask: undefined },
  ...{ eventGapMs: 10_000, minDurationMs: 0, before: 2, after: 0, keepEveryMs: 0 },
};
const empty = yard();
const visited = withVisitor(empty, [30, 20, 6, 12]);
const outcomeAt = (index: number): Outcome => ({
  name: `${index}.jpg`,
  capturedAtMs: index * 1000,
  ms: 1,
});

/** Takes pictures, `undefined` for a damaged one. @returns the frames decided after each, and at the end */
function runTrial(pictures: readonly (typeof empty | undefined)[]): Outcome[][] {
  const trial = new Trial(settings);
  const decided = pictures.map((picture, index) => {
    if (picture === undefined) trial.pass({ ...outcomeAt(index), error: 'it is damaged' });
    else trial.take(outcomeAt(index), picture, 1000);
    return trial.decided();
  });
  return [...decided, trial.finish()];
}

describe('a replay trial', () => {
  const decided = runTrial([empty, empty, undefined, empty, visited, empty, undefined]);

  it('reports each frame once, in order, though some are decided late', () => {
    const names = decided.flat().map(({ name }) => name);
    expect(names).toEqual(['0.jpg', '1.jpg', '2.jpg', '3.jpg', '4.jpg', '5.jpg', '6.jpg']);
  });

  it('has the reason of each sent frame, those before a change too', () => {
    const reasons = decided.flat().map(({ verdict }) => verdict?.reason);
    expect(reasons).toEqual([
      ...['first', 'before', undefined, 'before'],
      ...['change', undefined, undefined],
    ]);
    expect(decided[4]?.map(({ name }) => name)).toContain('4.jpg');
  });

  it('keeps a damaged frame in order', () => {
    expect(decided[2]).toEqual([]);
    const skipped = decided.flat().filter(({ verdict }) => verdict === undefined);
    expect(skipped.map(({ name, error }) => [name, error])).toEqual([
      ['2.jpg', 'it is damaged'],
      ['6.jpg', 'it is damaged'],
    ]);
  });

  it('returns the detection of a frame', () => {
    const trial = new Trial(settings);
    expect(trial.take(outcomeAt(0), empty, 0).kind).toBe('first');
    expect(trial.lastCellMap).toBeUndefined();
    expect(trial.take(outcomeAt(1), visited, 0).kind).toBe('change');
    expect(trial.lastCellMap?.boxes).toHaveLength(1);
  });
});
