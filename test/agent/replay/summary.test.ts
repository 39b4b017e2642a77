import { describe, expect, it } from 'vitest';
import { frameLine } from '../../../agent/replay/frame-line.js';
import { eventTable, sums } from '../../../agent/replay/summary.js';
import { Tally } from '../../../agent/replay/tally.js';
import type { Outcome } from '../../../agent/replay/trial.js';
import { Tuning, tuningTable } from '../../../agent/replay/tuning.js';
import type { Box, Verdict } from '../../../agent/events/verdict.js';

const startMs = Date.UTC(2026, 10, 22, 8, 30);
const quiet: Verdict = {
  ...{ changed: false, event: undefined, reason: undefined },
  ...{ ratio: 0, boxes: [], strength: 0 },
};
const change = (event: string, ratio: number): Verdict => ({
  ...{ changed: true, event, reason: 'change' },
  ...{ ratio, boxes: [[600, 400, 40, 80]], strength: 2 },
});
const before = (event: string): Verdict => ({ ...quiet, event, reason: 'before' });
const first: Verdict = { ...quiet, reason: 'first' };

function tallyOf(fromMs: number, verdicts: readonly (Verdict | undefined)[]): Tally {
  const tally = new Tally();
  for (const [index, verdict] of verdicts.entries()) {
    const outcome: Outcome = {
      name: `a-rather-long-name-${index}.jpg`,
      capturedAtMs: fromMs + index * 500,
      ms: 2,
    };
    tally.note(verdict === undefined ? { ...outcome, error: 'damaged' } : { ...outcome, verdict });
  }
  return tally;
}

const size = { frameWidthPx: 640, frameHeightPx: 480 };
const story = [first, before('a'), change('a', 0.01), change('a', 0.12), quiet, undefined];
const twice = [...story, change('b', 0.3)];

describe('the summary of a replay', () => {
  it('has time, duration, frames, size and place of each event', () => {
    expect(eventTable(tallyOf(startMs, twice), true, size)).toEqual([
      '           began (UTC)  lasted  changed  sent  largest  where',
      '1  2026-11-22 08:30:01   0.5 s        2     3   12.0 %  bottom right',
      '2  2026-11-22 08:30:03   0.0 s        1     1   30.0 %  bottom right',
    ]);
  });

  it('counts from the first frame without wall time, and names the frame', () => {
    expect(eventTable(tallyOf(0, twice), false, size)[1]).toBe(
      '1  0:00:01.0   0.5 s        2     3   12.0 %  bottom right  …ng-name-2.jpg',
    );
  });

  it('fits a terminal of 80 columns with events that are long and many', () => {
    const tally = new Tally();
    for (let index = 0; index < 100; index += 1) {
      const [fromMs, toMs] = [index * 86_400_000, index * 86_400_000 + 3_000_000];
      const verdict = {
        ...change(String(index), 1),
        boxes: [[300, 200, 40, 80]] satisfies Box[],
      };
      for (const capturedAtMs of [fromMs, toMs]) {
        tally.note({ name: 'x'.repeat(200), capturedAtMs, ms: 0, verdict });
      }
    }
    for (const isWallTime of [true, false]) {
      const widths = eventTable(tally, isWallTime, size).map((line) => line.length);
      expect(Math.max(...widths)).toBeLessThanOrEqual(80);
    }
  });

  it('sums up in a sentence', () => {
    expect(sums(tallyOf(0, twice))).toBe(
      '7 frames: 3 changed, in 2 events; 5 sent (1 first, 1 before, 3 change); 1 skipped',
    );
    expect(sums(tallyOf(0, [quiet]))).toBe('1 frame: 0 changed, in 0 events; 0 sent');
    expect(eventTable(tallyOf(0, [quiet]), true, size)).toEqual(['no event']);
  });
});

describe('a JSON line of a replay', () => {
  it('has every field for a decided and for a skipped frame', () => {
    const facts = { name: 'a.jpg', capturedAtMs: 0, ms: 1.23456 };
    expect(frameLine({ ...facts, verdict: change('7', 0.25) }, undefined)).toBe(
      '{"frame":"a.jpg","changed":true,"event":"7","sent":true,"reason":"change","ratio":0.25,' +
        '"boxes":[[600,400,40,80]],"strength":2,"ms":1.235}',
    );
    expect(frameLine({ ...facts, error: 'damaged' }, 'door')).toBe(
      '{"frame":"a.jpg","folder":"door","changed":false,"event":null,"sent":false,"reason":null,' +
        '"ratio":0,"boxes":[],"strength":0,"ms":1.235,"error":"damaged"}',
    );
  });
});

describe('replay --tune', () => {
  const settings = {
    ...{ sensitivity: 0.5, minArea: 0.002, absorbMs: 20_000, mask: undefined },
    ...{ eventGapMs: 0, minDurationMs: 0, before: 0, after: 0, keepEveryMs: 0 },
  };

  it('counts for each setting, over all sequences', () => {
    const tuning = new Tuning(settings);
    for (const sequence of [0, 1]) {
      const trials = tuning.begin(10_000);
      const present = tuning.tuned.findIndex(({ present: isPresent }) => isPresent);
      const outcome = { name: 'a.jpg', capturedAtMs: sequence, ms: 0, verdict: change('1', 0.1) };
      tuning.note(trials.map((_, index) => (index === present ? [outcome] : [])));
      tuning.end();
    }
    const counted = tuning.tuned.filter(({ events }) => events > 0);
    expect(counted).toEqual([
      {
        ...{ sensitivity: 0.5, minArea: 0.002, present: true },
        ...{ events: 2, changed: 2, sent: 2 },
      },
    ]);
    expect(tuningTable(tuning.tuned)).toEqual([
      'Events / sent frames for each setting; * marks the current one.',
      '--sensitivity  --min-area 0.05%    0.1%    0.2%    0.4%    0.8%',
      '          30%            0 / 0   0 / 0   0 / 0   0 / 0   0 / 0',
      '          40%            0 / 0   0 / 0   0 / 0   0 / 0   0 / 0',
      '          50%            0 / 0   0 / 0   2 / 2*  0 / 0   0 / 0',
      '          60%            0 / 0   0 / 0   0 / 0   0 / 0   0 / 0',
      '          70%            0 / 0   0 / 0   0 / 0   0 / 0   0 / 0',
    ]);
  });

  it('stays within 0 and 100 %', () => {
    const { tuned } = new Tuning({ ...settings, sensitivity: 1, minArea: 0 });
    expect(tuned.map(({ sensitivity, minArea }) => [sensitivity, minArea])).toEqual([
      [0.8, 0],
      [0.9, 0],
      [1, 0],
    ]);
  });
});
