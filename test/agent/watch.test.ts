import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../agent/judge/verdict.js';
import type { CapturedFrame, FrameSource } from '../../agent/source/frame-source.js';
import type { FrameToSend } from '../../agent/spool/spool.js';
import { type WatchParts, takeOne, watch } from '../../agent/watch.js';
import { OperationalError } from '../../shared/errors.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { keptLog } from '../support/log.js';

const changed: Verdict = {
  changed: true,
  reason: 'change',
  ratio: 0.1,
  boxes: [[1, 2, 3, 4]],
  event: 'e1',
};
const quiet: Verdict = {
  ...changed,
  changed: false,
  reason: undefined,
  boxes: [],
  event: undefined,
};

/** A source that gives what a test has written down, then waits until it is aborted. */
function makeWatch(script: readonly (Verdict | OperationalError)[]) {
  const clock = new FakeClock();
  const { log, lines } = keptLog();
  const spooled: FrameToSend[] = [];
  const judged: Verdict[] = [];
  const takenAtMs: number[] = [];
  const verdicts: Verdict[] = [];
  const left = [...script];
  const source: FrameSource = {
    name: 'a script',
    isPaced: true,
    next: async (signal): Promise<CapturedFrame> => {
      const step = left.shift();
      if (step === undefined) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        throw signal.reason;
      }
      takenAtMs.push(clock.nowMs());
      if (step instanceof OperationalError) throw step;
      verdicts.push(step);
      return { jpeg: Buffer.from('x'), capturedAtMs: clock.nowMs(), origin: 'script' };
    },
    close: () => Promise.resolve(),
  };
  const parts: WatchParts = {
    source,
    judge: () => verdicts.shift() ?? quiet,
    outbox: {
      add: (frame) => {
        spooled.push(frame);
        return Promise.resolve('0'.repeat(64));
      },
    },
    clock,
    log,
    random: () => 0.999_999,
    onJudged: (_, verdict) => judged.push(verdict),
  };
  return { parts, clock, spooled, lines, judged, takenAtMs };
}

describe('one round', () => {
  it('spools a frame that is to be sent, with its verdict and time', async () => {
    const { parts, spooled, clock } = makeWatch([changed]);
    await takeOne(parts, new AbortController().signal);
    expect(spooled).toEqual([
      {
        jpeg: Buffer.from('x'),
        capturedAtMs: clock.nowMs(),
        utcOffsetMinutes: 60,
        verdict: { reason: 'change', ratio: 0.1, boxes: [[1, 2, 3, 4]], event: 'e1' },
      },
    ]);
  });

  it('spools nothing when the frame is quiet, and tells its verdict all the same', async () => {
    const { parts, spooled, judged } = makeWatch([quiet]);
    await takeOne(parts, new AbortController().signal);
    expect(spooled).toEqual([]);
    expect(judged).toEqual([quiet]);
  });
});

describe('watching', () => {
  it('takes a frame an interval until it is aborted', async () => {
    const { parts, clock, takenAtMs } = makeWatch([quiet, quiet, quiet]);
    const controller = new AbortController();
    const start = clock.nowMs();
    const watching = watch(parts, 1000, controller.signal);
    await clock.advance(0);
    for (let turn = 0; turn < 3; turn += 1) await clock.advance(1000);
    controller.abort();
    await watching;
    expect(takenAtMs.map((atMs) => atMs - start)).toEqual([0, 1000, 2000]);
  });

  it('goes on after a camera failed, after growing pauses, and says so once each way', async () => {
    const gone = new OperationalError('CAMERA', 'no camera', { hint: 'plug it in' });
    const { parts, clock, takenAtMs, lines } = makeWatch([gone, gone, gone, quiet]);
    const controller = new AbortController();
    const watching = watch(parts, 100, controller.signal);
    await clock.advance(0);
    const start = clock.nowMs();
    await eventually(async () => {
      await clock.advance(100);
      return takenAtMs.length === 4;
    }, 'four attempts');
    await clock.advance(0);
    controller.abort();
    await watching;
    expect(takenAtMs.map((atMs) => atMs - start)).toEqual([0, 1000, 3000, 7000]);
    expect(lines).toEqual([
      '<4>test: not watching: no frame error="no camera; plug it in"',
      '<6>test: a script delivers again failures=3',
    ]);
  });

  it('passes over a damaged frame without a pause', async () => {
    const damaged = new OperationalError('FRAME', 'it is damaged');
    const { parts, clock, takenAtMs, lines } = makeWatch([damaged, damaged, quiet]);
    const controller = new AbortController();
    const start = clock.nowMs();
    const watching = watch(parts, 1000, controller.signal);
    await clock.advance(0);
    for (let turn = 0; turn < 3; turn += 1) await clock.advance(1000);
    controller.abort();
    await watching;
    expect(takenAtMs.map((atMs) => atMs - start)).toEqual([0, 1000, 2000]);
    expect(lines.filter((line) => line.includes('passed over'))).toHaveLength(1);
  });

  it('ends with an error that is a bug', async () => {
    const { parts } = makeWatch([quiet]);
    const broken = { ...parts, judge: () => expect.unreachable('a bug') };
    await expect(watch(broken, 1000, new AbortController().signal)).rejects.toThrow('a bug');
  });
});
