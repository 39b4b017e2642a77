import { describe, expect, it } from 'vitest';
import { type Label, macro, measureOf, median, runs, scoreSequence } from './score.js';

const settings = { warmUp: 2, gap: 5 };
/** `.` nothing, `1` something in view, `?` not known; below it `x` where it was called changed. */
const score = (labels: string, changed: string) =>
  scoreSequence(
    labels.split('').map((mark): Label => (mark === '1' ? 1 : mark === '?' ? -1 : 0)),
    changed.split('').map((mark) => mark === 'x'),
    settings,
  );

describe('a score', () => {
  it('counts frames, events, bursts and nuisances', () => {
    const found = score('1....??111..11........?11...', 'x..x.x..xx..........x..x....');
    expect([found.positives, found.negatives]).toEqual([7, 16]);
    expect(found.recall).toBe(3 / 7);
    expect(found.falseAlarmRate).toBe(2 / 16);
    // 7 to 13 merged, and 23 to 24; the one at 0 lies inside the warm-up.
    expect(found.events).toBe(2);
    expect([found.eventRecall, found.medianDelay]).toEqual([1, 0.5]);
    expect(found.burstsPer1000).toBe(2000 / 16);
    // The one at 3 begins 3 frames after a frame labelled 1.
    expect(found.nuisancesPer1000).toBe(1000 / 16);
  });

  it('tells an event found too early only with the margin', () => {
    expect(score('....?11....', '....x......')).toMatchObject({
      ...{ eventRecall: 0, eventRecallWithMargin: 1 },
      ...{ precision: undefined, f1: 0, medianDelay: undefined },
    });
  });

  it('has no false alarms to share where nothing is ever empty', () => {
    expect(score('11111', 'xxxx.')).toMatchObject({
      ...{ recall: 2 / 3, precision: undefined },
      ...{ falseAlarmRate: undefined, burstsPer1000: undefined },
    });
  });

  it('has no events to find where nobody ever comes', () => {
    const found = score('.....', '..x.x');
    expect(found).toMatchObject({ f1: undefined, recall: undefined, eventRecall: undefined });
    expect(found.burstsPer1000).toBe(1000 / 3);
  });

  it('cuts an event off where the warm-up ends', () => {
    expect(score('11111..', '..xxx..')).toMatchObject({ eventRecall: 1, medianDelay: 0 });
  });
});

describe('the mean over sequences', () => {
  const both = score('..1.', '..x.');
  const half = score('..11..', '..x..x');

  it('is over those that have both labels', () => {
    const never = score('.....', '..x..');
    expect(macro([both, half, never], 'recall')).toBe(0.75);
    expect(macro([both, half, never], 'falseAlarmRate')).toBe(0.25);
    expect(macro([never], 'recall')).toBeUndefined();
  });

  it('of the gain takes the false-alarm rate off the recall', () => {
    expect(measureOf(half, 'gain')).toBe(0);
    expect(macro([both, half], 'gain')).toBe(0.5);
  });
});

it('runs that are close are one', () => {
  expect(runs([1, 6, 12], 5)).toEqual([
    [1, 6],
    [12, 12],
  ]);
});

it('a median lies in the middle', () => {
  expect([median([]), median([3]), median([4, 1]), median([9, 1, 2])]).toEqual([
    undefined,
    3,
    2.5,
    2,
  ]);
});
