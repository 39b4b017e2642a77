/** What the recorder states about a camera, moment by moment. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextBoundary } from '../../../agent/reports/stretch.js';
import { StretchRecorder } from '../../../agent/reports/stretch-recorder.js';
import { hourMs, morningMs, recorderAt, textOf } from './recorder-steps.js';

describe('a recorder of stretches', () => {
  it('states as watched the time between the first and the last comparison', () => {
    const { pass, compare, take } = recorderAt();
    pass(2000);
    compare();
    for (const isChanged of [false, true, false]) {
      pass(1000);
      compare(isChanged);
    }
    pass(900); // the next shot has not ended
    expect(take()).toEqual(['08:00:02-08:00:05 watching 4/1 pause 1s']);
    pass(1100);
    compare();
    expect(take()).toEqual(['08:00:05-08:00:07 watching 1/0 pause 2s']);
    expect(take()).toEqual([]);
  });

  it('states as failing the time from the last comparison to the next one', () => {
    const { pass, compare, fail, take } = recorderAt();
    compare();
    pass(1000);
    compare();
    pass(20_000);
    fail();
    expect(take()).toEqual([
      '08:00:00-08:00:01 watching 2/0 pause 1s',
      '08:00:01-08:00:21 failing (no camera)',
    ]);
    pass(9000);
    expect(take()).toEqual(['08:00:21-08:00:30 failing (no camera)']);
    pass(30_000);
    compare();
    expect(take()).toEqual([
      '08:00:30-08:01:00 failing (no camera)',
      '08:01:00-08:01:00 watching 1/0 pause 0s',
    ]);
  });

  it('states a new reason, and a failure from the start of the agent', () => {
    const { pass, fail, take } = recorderAt();
    pass(20_000);
    fail('timeout');
    pass(10_000);
    fail('no device');
    expect(take()).toEqual(['08:00:00-08:00:30 failing (timeout)']);
    pass(5000);
    fail('no device');
    expect(take()).toEqual(['08:00:30-08:00:35 failing (no device)']);
  });

  it('states whole milliseconds, as those of the wall clock', () => {
    const recorder = new StretchRecorder(() => 0, { wallMs: 5000, monotonicMs: 0.75 });
    recorder.failed({ wallMs: 9000, monotonicMs: 4000.4 }, 'no camera');
    const stretches = recorder.take({ wallMs: 9500, monotonicMs: 4500.9 });
    expect(stretches.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([[5000, 9500]]);
  });

  it('states a source that has no frames as watched, with its pause', () => {
    const { pass, compare, idle, take } = recorderAt();
    compare();
    for (let second = 0; second < 90; second += 1) {
      pass(1000);
      idle();
      if (second === 59) expect(take()).toEqual(['08:00:00-08:01:00 watching 1/0 pause 60s']);
    }
    expect(take()).toEqual(['08:01:00-08:01:30 watching pause 90s']);
    pass(10_000);
    compare();
    expect(take()).toEqual(['08:01:30-08:01:40 watching 1/0 pause 100s']);
  });

  it('counts from the first poll when there was no comparison yet', () => {
    const { pass, idle, take } = recorderAt();
    idle();
    pass(30_000);
    idle();
    expect(take()).toEqual(['08:00:00-08:00:30 watching pause 30s']);
  });

  it.each([
    { jumpMs: 8 * hourMs, next: '16:00:01-16:00:03', seconds: 28_800 },
    { jumpMs: -hourMs, next: '07:00:01-07:00:03', seconds: -3600 },
  ])('ends a stretch when the clock steps by $jumpMs ms', ({ jumpMs, next, seconds }) => {
    const { pass, compare, step, take } = recorderAt();
    compare();
    pass(1000);
    compare();
    step(jumpMs);
    pass(1000);
    compare();
    pass(1000);
    compare();
    expect(take()).toEqual([
      '08:00:00-08:00:01 watching 2/0 pause 1s',
      `${next} watching 2/0 pause 1s stepped ${seconds}s`,
    ]);
  });

  it('takes a small correction of the clock as none', () => {
    const { pass, compare, step, take } = recorderAt();
    compare();
    for (const jumpMs of [-1900, 1900, -1900]) {
      step(jumpMs);
      pass(1000);
      compare();
    }
    // The end does not go back.
    expect(take()).toEqual(['08:00:00-08:00:02 watching 4/0 pause 1s']);
  });

  it('begins a stretch at midnight', () => {
    const { pass, compare, take } = recorderAt(morningMs + 15.5 * hourMs);
    compare();
    pass(hourMs);
    compare();
    expect(take()).toEqual([
      '23:30:00-00:00:00 watching 1/0 pause 1800s',
      '00:00:00-00:30:00 watching 1/0 pause 3600s',
    ]);
  });

  it('asks for the offset from UTC a few times a minute, not with each frame', () => {
    let looks = 0;
    const { pass, compare, take } = recorderAt(morningMs, () => {
      looks += 1;
      return 60;
    });
    for (let frame = 0; frame < 600; frame += 1) {
      compare();
      pass(100);
    }
    expect(take()).toEqual(['08:00:00-08:00:59 watching 600/0 pause 0.1s']);
    expect(looks).toBeLessThan(20);
  });

  it('begins a stretch when the offset from UTC changes', () => {
    const changeMs = morningMs + hourMs;
    const offsetAt = (atMs: number): number => (atMs < changeMs ? 60 : 120);
    const { pass, compare, take } = recorderAt(morningMs, offsetAt);
    compare();
    pass(2 * hourMs);
    compare();
    expect(take()).toEqual([
      '08:00:00-09:00:00 watching 1/0 pause 3600s',
      '10:00:00-11:00:00 watching 1/0 pause 7200s',
    ]);
  });

  it('puts at most 64 ended events into a stretch', () => {
    const { compare, recorder, take, taken } = recorderAt();
    compare();
    for (let number = 1; number <= 130; number += 1) {
      recorder.ended({ event: `e${number}`, firstAtMs: 0, lastAtMs: 0, frames: 1 });
    }
    take();
    expect(taken.map(({ ended }) => ended?.length)).toEqual([64, 64, 2]);
  });
});

describe('the recorder of the next process', () => {
  function nextAfter(afterMs: number) {
    const { pass, compare, recorder, at } = recorderAt();
    compare();
    pass(1000);
    compare();
    const before = recorder.state ?? expect.unreachable();
    const wallMs = at().wallMs + afterMs;
    const next = new StretchRecorder(() => 60, { wallMs, monotonicMs: 0 }, recorder.nextNumber);
    return { before, next, wallMs };
  }
  const cut = { event: 'e1', firstAtMs: 1, lastAtMs: 2, frames: 3, isCut: true } as const;

  it('states that no agent ran, up to its first comparison', () => {
    const { before, next, wallMs } = nextAfter(60_000);
    next.resumeAfterEnd(before, [cut]);
    expect(next.take({ wallMs, monotonicMs: 0 }).map(textOf)).toEqual([
      '08:00:00-08:00:01 watching 2/0 pause 1s',
      '08:00:01-08:01:01 off ended e1 (cut)',
    ]);
    next.compared({ wallMs: wallMs + 2000, monotonicMs: 2000 }, false);
    expect(next.take({ wallMs: wallMs + 2000, monotonicMs: 2000 }).map(textOf)).toEqual([
      '08:01:01-08:01:03 off',
      '08:01:03-08:01:03 watching 1/0 pause 0s',
    ]);
  });

  it('states a failure from its start', () => {
    const { before, next, wallMs } = nextAfter(60_000);
    next.resumeAfterEnd(before, []);
    next.failed({ wallMs: wallMs + 20_000, monotonicMs: 20_000 }, 'no camera');
    expect(next.take({ wallMs: wallMs + 20_000, monotonicMs: 20_000 }).map(textOf)).toEqual([
      '08:00:00-08:00:01 watching 2/0 pause 1s',
      '08:00:01-08:01:01 off',
      '08:01:01-08:01:21 failing (no camera)',
    ]);
  });

  it('states no time when the clock has gone back meanwhile', () => {
    const { before, next, wallMs } = nextAfter(-hourMs);
    next.resumeAfterEnd(before, [cut]);
    expect(next.take({ wallMs, monotonicMs: 0 }).map(textOf)).toEqual([
      '08:00:00-08:00:01 watching 2/0 pause 1s',
      '07:00:01-07:00:01 off stepped -3600s ended e1 (cut)',
    ]);
  });

  it('states a year at most, one day after the other', () => {
    const { before, next, wallMs } = nextAfter(20_000 * 24 * hourMs);
    next.resumeAfterEnd(before, []);
    const taken = next.take({ wallMs, monotonicMs: 0 }).slice(1);
    expect(taken).toHaveLength(367);
    expect(taken.at(-1)?.toMs).toBe(wallMs);
    expect(textOf(taken[7] ?? expect.unreachable())).toBe('00:00:00-00:00:00 off');
  });

  it('continues the stretch between the runs of a timer', () => {
    const { before, next, wallMs } = nextAfter(10_000);
    next.resume(before);
    next.compared({ wallMs: wallMs + 500, monotonicMs: 500 }, true);
    expect(next.take({ wallMs: wallMs + 500, monotonicMs: 500 }).map(textOf)).toEqual([
      '08:00:00-08:00:11 watching 3/1 pause 10.5s',
    ]);
  });
});

describe('any run of a recorder', () => {
  const step = fc.record({
    passMs: fc.constantFrom(0, 1000, 1000, 59_000, 7 * hourMs, 30 * hourMs),
    jumpMs: fc.constantFrom(0, 0, 0, 0, 0, 0, 1500, -1500, 10_000, -hourMs, 9 * hourMs),
    what: fc.constantFrom('compare', 'compare', 'idle', 'fail', 'fail again', 'take'),
  });

  it('gives stretches in order, each inside of one day; only a step leaves or repeats time', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { pass, step: jump, compare, fail, idle, take, taken } = recorderAt();
        let frames = 0;
        for (const { passMs, jumpMs, what } of steps) {
          pass(passMs);
          jump(jumpMs);
          if (what === 'compare') {
            frames += 1;
            compare();
          } else if (what === 'idle') idle();
          else if (what === 'take') take();
          else fail(what);
        }
        take();
        expect(taken.reduce((sum, { compared }) => sum + compared, 0)).toBe(frames);
        for (const [index, { fromMs, toMs, number }] of taken.entries()) {
          expect(fromMs).toBeLessThanOrEqual(toMs);
          const boundary = nextBoundary(fromMs, toMs, () => 60);
          expect([undefined, toMs]).toContain(boundary);
          const next = taken[index + 1];
          if (next === undefined) continue;
          expect(next.number).toBeGreaterThan(number);
          expect(next.fromMs).toBe(toMs + (next.steppedMs ?? 0));
        }
      }),
      { numRuns: 500 },
    );
  });
});
