/** What waits for a way out. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { NoticeQueue, type Way } from '../../../receiver/notify/notice-queue.js';
import type { EventNotice } from '../../../receiver/notify/notice.js';
import { FakeClock } from '../../support/fake-clock.js';
import { eventually } from '../../support/eventually.js';
import { keptLog } from '../../support/log.js';

const notice = (id: string, phase: EventNotice['phase'], strength = 1): EventNotice => ({
  ...{ kind: 'event', phase, id, events: [{ camera: 'yard', event: id }], fromMs: 0, toMs: 1 },
  ...{ frames: undefined, isCut: false },
  best: {
    ...{ camera: 'yard', path: 'a.jpg', capturedAtMs: 0, utcOffsetMinutes: 0 },
    ...{ sha256: '', strength, boxes: [] },
  },
});

function makeQueue(changed: Partial<Way> = {}, saved: readonly EventNotice[] = []) {
  const clock = new FakeClock();
  const { log, lines } = keptLog();
  const sent: string[] = [];
  const saves: number[] = [];
  let failure: Error | undefined;
  const way: Way = {
    ...{ name: 'a way', replaces: true, isTriedOnce: false, takes: () => true },
    send: (each) => {
      if (failure !== undefined) return Promise.reject(failure);
      sent.push(`${each.id} ${each.phase}`);
      return Promise.resolve();
    },
    ...changed,
  };
  const onChange = (): Promise<void> => {
    saves.push(queue.waiting.length);
    return Promise.resolve();
  };
  const queue = new NoticeQueue(way, saved, { clock, log, random: () => 1, onChange });
  const controller = new AbortController();
  const run = (): void => {
    const running = queue.run(controller.signal);
    onTestFinished(async () => {
      controller.abort();
      await running;
    });
  };
  return {
    ...{ queue, clock, lines, sent, saves, run, controller },
    fail: (error: Error | undefined) => (failure = error),
    waiting: () => queue.waiting.map(({ id, phase }) => `${id} ${phase}`),
  };
}

describe('the queue of a way', () => {
  it('sends in order, and what an earlier process left first', async () => {
    const { queue, sent, run, saves } = makeQueue({}, [notice('a', 'begin')]);
    run();
    await eventually(() => sent.length === 1, 'the first');
    queue.add(notice('b', 'begin'));
    queue.add(notice('b', 'end'));
    queue.wake();
    await eventually(() => sent.length === 2, 'all');
    // The end took the place of the begin.
    expect(sent).toEqual(['a begin', 'b end']);
    expect(saves).toEqual([0, 0]);
  });

  it('tries again after growing pauses, and logs it once', async () => {
    const { queue, sent, run, fail, lines, clock, waiting } = makeQueue();
    fail(new Error('no answer'));
    queue.add(notice('a', 'begin', 1));
    run();
    await eventually(() => lines.length === 1, 'a line');
    queue.add(notice('a', 'update', 5));
    expect(waiting()).toEqual(['a begin']);
    expect(queue.waiting[0]).toMatchObject({ best: { strength: 5 } });
    for (let n = 0; n < 4; n += 1) {
      await clock.advance(1000 * 2 ** n);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(lines).toHaveLength(1);
    fail(undefined);
    await clock.advance(60_000);
    await eventually(() => sent.length === 1, 'sent');
    expect(lines.at(-1)).toContain('takes notices again');
  });

  it('keeps each begin and end for a program, which is run once', async () => {
    const { queue, sent, run, fail, lines, saves } = makeQueue({
      replaces: false,
      isTriedOnce: true,
    });
    for (const phase of ['begin', 'update', 'end'] as const) queue.add(notice('a', phase));
    run();
    await eventually(() => sent.length === 2, 'both');
    expect(sent).toEqual(['a begin', 'a end']);
    // Before it runs, it waits no more: a killed process runs it no second time.
    expect(saves).toEqual([1, 0]);
    fail(new Error('exit status 1'));
    queue.add(notice('b', 'begin'));
    queue.wake();
    await eventually(() => lines.length > 0, 'a line');
    expect(queue.waiting).toEqual([]);
  });

  it('drops the oldest beyond its limit, and leaves nothing open', async () => {
    const { queue, run, fail, lines, waiting, clock } = makeQueue({ replaces: false });
    fail(new Error('no answer'));
    queue.add(notice('open', 'end'));
    run();
    await eventually(() => lines.length === 1, 'a line');
    for (let n = 0; n < 80; n += 1) {
      queue.add(notice(`e${n}`, 'begin'));
      queue.add(notice(`e${n}`, 'end'));
    }
    expect(waiting().length).toBeLessThanOrEqual(100);
    expect(waiting()[0]).toBe('open end');
    expect(waiting().at(-1)).toBe('e79 end');
    const begun = new Set(
      waiting()
        .filter((each) => each.endsWith('begin'))
        .map((each) => each.split(' ')[0]),
    );
    const ended = waiting()
      .filter((each) => each.endsWith('end'))
      .map((each) => each.split(' ')[0]);
    expect(ended.filter((id) => !begun.has(id))).toEqual(['open']);
    expect(lines.some((line) => line.includes('notices are dropped'))).toBe(true);
    await clock.advance(0);
  });
});
