import { describe, expect, it } from 'vitest';
import type { Decided } from '../../../agent/events/event-recorder.js';
import { type Verdict, isSent } from '../../../agent/events/verdict.js';
import type { CapturedFrame, FrameSource } from '../../../agent/source/frame-source.js';
import type { FrameToSend } from '../../../agent/spool/spool.js';
import { takeFrame } from '../../../agent/watch/take-frame.js';
import { type WatchParts, type WatchSettings, watch } from '../../../agent/watch/watch.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { keptLog } from '../../support/log.js';

const changed: Verdict = {
  changed: true,
  reason: 'change',
  ratio: 0.1,
  boxes: [[1, 2, 3, 4]],
  event: 'e1',
  strength: 2,
};
const quiet: Verdict = {
  ...changed,
  changed: false,
  reason: undefined,
  boxes: [],
  event: undefined,
  strength: 0,
};

const decided = (frame: CapturedFrame, verdict: Verdict): Decided<CapturedFrame> => ({
  frame,
  verdict,
});

const every = (intervalMs: number | undefined): WatchSettings => ({
  intervalMs,
  pauseCapMs: 60_000,
});

/** A source that follows a script, then waits until it is aborted. */
function makeWatch(script: readonly (Verdict | OperationalError)[]) {
  const clock = new FakeClock();
  const { log, lines } = keptLog();
  const spooled: FrameToSend[] = [];
  const judged: Verdict[] = [];
  const attempts: unknown[] = [];
  const takenAtMs: number[] = [];
  const verdicts: Verdict[] = [];
  const steps = [...script];
  const source: FrameSource = {
    name: 'a script',
    pace: 'shots',
    next: async (signal): Promise<CapturedFrame> => {
      const step = steps.shift();
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
    pipeline: {
      hasChange: false,
      process: (frame) => [decided(frame, verdicts.shift() ?? quiet)],
      finish: () => [],
    },
    outbox: {
      add: (frame) => {
        spooled.push(frame);
        const { capturedAtMs } = frame;
        return Promise.resolve({ capturedAtMs, sha256: '0'.repeat(64), isOnDisk: true });
      },
    },
    clock,
    log,
    random: () => 0.999_999,
    observers: [{ judged: ({ verdict }) => judged.push(verdict) }],
    progress: { attempted: (failure) => attempts.push(failure) },
  };
  return { parts, clock, spooled, lines, judged, attempts, takenAtMs };
}

describe('one cycle of the watch loop', () => {
  it('spools a frame that is to be sent, with its verdict and time', async () => {
    const { parts, spooled, clock } = makeWatch([changed]);
    await takeFrame(parts, new AbortController().signal);
    expect(spooled).toEqual([
      {
        jpeg: Buffer.from('x'),
        capturedAtMs: clock.nowMs(),
        utcOffsetMinutes: 60,
        verdict: {
          ...{ reason: 'change', ratio: 0.1, boxes: [[1, 2, 3, 4]], event: 'e1' },
          ...{ changed: true, strength: 2 },
        },
      },
    ]);
  });

  it('spools the frames that are decided in the order of capture, with their own times', async () => {
    const { parts, spooled, judged } = makeWatch([changed]);
    const before = { jpeg: Buffer.from('w'), capturedAtMs: 1, origin: 'script' };
    const process = (frame: CapturedFrame) => [
      decided(before, { ...quiet, reason: 'before', event: 'e1' }),
      decided({ ...before, capturedAtMs: 2 }, quiet),
      decided(frame, changed),
    ];
    await takeFrame(
      { ...parts, pipeline: { hasChange: false, process } },
      new AbortController().signal,
    );
    expect(spooled.map(({ jpeg, verdict }) => [String(jpeg), verdict.reason])).toEqual([
      ['w', 'before'],
      ['x', 'change'],
    ]);
    expect(spooled[0]).toMatchObject({ capturedAtMs: 1, verdict: { event: 'e1', changed: false } });
    expect(judged.map(isSent)).toEqual([true, false, true]);
  });

  it('spools no quiet frame, and reports its verdict', async () => {
    const { parts, spooled, judged } = makeWatch([quiet]);
    await takeFrame(parts, new AbortController().signal);
    expect(spooled).toEqual([]);
    expect(judged).toEqual([quiet]);
  });
});

describe('the watch loop', () => {
  it.each([
    [undefined, [0, 0, 0]],
    [400, [0, 400, 800]],
  ])('takes the frames of a stream as they come, with --interval %s less', async (ms, expected) => {
    const { parts, clock, takenAtMs } = makeWatch([quiet, quiet, quiet]);
    const controller = new AbortController();
    const start = clock.nowMs();
    const source = { ...parts.source, pace: 'stream' as const };
    const watching = watch({ ...parts, source }, every(ms), controller.signal);
    await clock.advance(0);
    for (let turn = 0; turn < 3; turn += 1) await clock.advance(400);
    controller.abort();
    await watching;
    expect(takenAtMs.map((atMs) => atMs - start)).toEqual(expected);
  });

  it('takes one frame per interval until it is aborted', async () => {
    const { parts, clock, takenAtMs } = makeWatch([quiet, quiet, quiet]);
    const controller = new AbortController();
    const start = clock.nowMs();
    const watching = watch(parts, every(1000), controller.signal);
    await clock.advance(0);
    for (let turn = 0; turn < 3; turn += 1) await clock.advance(1000);
    controller.abort();
    await watching;
    expect(takenAtMs.map((atMs) => atMs - start)).toEqual([0, 1000, 2000]);
  });

  it('retries a failed camera after growing pauses, and logs failure and recovery once', async () => {
    const gone = new OperationalError('CAMERA', 'no camera', { hint: 'plug it in' });
    const { parts, clock, takenAtMs, lines } = makeWatch([gone, gone, gone, quiet]);
    const controller = new AbortController();
    const watching = watch(parts, every(100), controller.signal);
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
    expect(lines.filter((line) => !line.startsWith('<7>'))).toEqual([
      '<4>test: capture failed error="no camera; plug it in" code=CAMERA',
      '<6>test: a script delivers again failures=3',
    ]);
  });

  it('logs few lines for a camera that fails and delivers in turns', async () => {
    const gone = new OperationalError('CAMERA', 'no camera');
    const script = Array.from({ length: 20 }, (_, nth) => (nth % 2 === 0 ? gone : quiet));
    const { parts, clock, takenAtMs, lines } = makeWatch(script);
    const controller = new AbortController();
    const watching = watch(parts, every(100), controller.signal);
    await eventually(async () => {
      await clock.advance(1000);
      return takenAtMs.length === 20;
    }, 'twenty attempts');
    controller.abort();
    await watching;
    const told = lines.filter((line) => !line.startsWith('<7>'));
    expect(told).toHaveLength(9);
    expect(told.at(-1)).toContain('note="it changes often: no further line for 5m"');
  });

  it('skips a damaged frame without a pause', async () => {
    const damaged = new OperationalError('FRAME', 'it is damaged');
    const { parts, clock, takenAtMs, lines } = makeWatch([damaged, damaged, quiet]);
    const controller = new AbortController();
    const start = clock.nowMs();
    const watching = watch(parts, every(1000), controller.signal);
    await clock.advance(0);
    for (let turn = 0; turn < 3; turn += 1) await clock.advance(1000);
    controller.abort();
    await watching;
    expect(takenAtMs.map((atMs) => atMs - start)).toEqual([0, 1000, 2000]);
    expect(lines.filter((line) => line.includes('frame skipped'))).toHaveLength(1);
  });

  it('decides the buffered frames at its end', async () => {
    const { parts, judged, clock, spooled } = makeWatch([quiet]);
    const controller = new AbortController();
    const held = { jpeg: Buffer.from('held'), capturedAtMs: clock.nowMs(), origin: 'script' };
    const finish = () => [decided(held, { ...quiet, reason: 'keep-every' })];
    const pipeline = { hasChange: false, process: () => [], finish };
    const watching = watch({ ...parts, pipeline }, every(1000), controller.signal);
    await clock.advance(0);
    expect(judged).toEqual([]);
    controller.abort();
    await watching;
    expect(judged).toHaveLength(1);
    expect(spooled).toMatchObject([{ jpeg: Buffer.from('held') }]);
  });

  it('reports each attempt, and pauses no longer than pauseCapMs', async () => {
    const gone = new OperationalError('CAMERA', 'no camera');
    const damaged = new OperationalError('FRAME', 'it is damaged');
    const script = [gone, gone, gone, gone, damaged, quiet];
    const { parts, clock, takenAtMs, attempts } = makeWatch(script);
    const settings = { ...every(100), pauseCapMs: 1500 };
    const controller = new AbortController();
    const watching = watch(parts, settings, controller.signal);
    await clock.advance(0);
    const start = clock.nowMs();
    await eventually(async () => {
      await clock.advance(100);
      return takenAtMs.length === 6;
    }, 'six attempts');
    await clock.advance(0);
    controller.abort();
    await watching;
    expect(takenAtMs.map((atMs) => atMs - start).slice(0, 5)).toEqual([0, 1000, 2500, 4000, 5500]);
    expect(attempts).toEqual([gone, gone, gone, gone, damaged, undefined]);
  });

  it('ends with an error that is a bug', async () => {
    const { parts } = makeWatch([quiet]);
    const pipeline = {
      hasChange: false,
      process: () => expect.unreachable('a bug'),
      finish: () => [],
    };
    await expect(
      watch({ ...parts, pipeline }, every(1000), new AbortController().signal),
    ).rejects.toThrow('a bug');
  });
});
