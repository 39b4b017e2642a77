/** What is told, and when: by a clock of the test. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeBook, short, startMs } from '../../support/notice-world.js';

describe('an event', () => {
  it('is told once, with its strongest frame at the end', () => {
    const { frame, report, tick } = makeBook();
    const [begin] = frame('yard', 0, { event: 'e1', at: 0 });
    expect(begin).toMatchObject({ phase: 'begin', id: 'yard/e1', best: { strength: 2 } });
    expect(frame('yard', 1, { event: 'e1', at: 1, strength: 9 })).toEqual([]);
    expect(frame('yard', 2, { event: 'e1', at: 2, changed: false })).toEqual([]);
    expect(tick(3)).toEqual([]);
    expect(report('yard', 60, [['e1', 0, 1]])).toMatchObject([
      { phase: 'end', id: 'yard/e1', frames: 3, isCut: false, best: { strength: 9 } },
    ]);
    expect(tick(61)).toEqual([]);
  });

  it('is told again when a frame shows more, after a while', () => {
    const { frame, tick } = makeBook();
    frame('yard', 0, { event: 'e1', at: 0 });
    frame('yard', 5, { event: 'e1', at: 5, strength: 2.1 });
    expect(tick(11)).toEqual([]);
    frame('yard', 12, { event: 'e1', at: 12, strength: 5 });
    expect(tick(13)).toMatchObject([{ phase: 'update', best: { strength: 5 } }]);
    frame('yard', 14, { event: 'e1', at: 14, strength: 50 });
    expect(tick(15)).toEqual([]);
  });

  it('of several cameras within seconds is one notice, which ends with the last of them', () => {
    const { frame, report, tick } = makeBook();
    frame('yard', 0, { event: 'e1', at: 0 });
    expect(frame('door', 3, { event: 'x', at: 3, strength: 7 })).toEqual([]);
    expect(tick(11)).toMatchObject([
      { phase: 'update', id: 'yard/e1', events: [{ camera: 'yard' }, { camera: 'door' }] },
    ]);
    expect(frame('gate', 12, { event: 'g', at: 12 })).toMatchObject([
      { phase: 'begin', id: 'gate/g' },
    ]);
    expect(report('yard', 60, [['e1', 0, 9]])).toEqual([]);
    expect(report('door', 61, [['x', 3, 20]])).toMatchObject([{ phase: 'end', frames: 6 }]);
  });

  it('ends by itself when its camera says nothing of it', () => {
    const { frame, report, tick } = makeBook();
    frame('old', 0, { event: 'e1', at: 0 });
    expect(tick(59)).toEqual([]);
    expect(tick(61)).toMatchObject([{ phase: 'end', isCut: true, frames: undefined }]);
    report('yard', 99);
    frame('yard', 100, { event: 'e2', at: 100 });
    for (let s = 160; s < 700; s += 60) expect(report('yard', s)).toEqual([]);
    expect(tick(701)).toMatchObject([{ phase: 'end', isCut: true }]);
  });

  it('whose end arrives before its frames is begun and ended', () => {
    const { frame, report } = makeBook();
    report('yard', 60, [['e1', 0, 9]]);
    expect(short(frame('yard', 61, { event: 'e1', at: 5 }))).toEqual(['event begin', 'event end']);
    expect(frame('yard', 62, { event: 'e1', at: 4 })).toEqual([]);
  });

  it('goes on over a restart, and is told no second time', () => {
    const world = makeBook();
    world.frame('yard', 0, { event: 'e1', at: 0 });
    world.restart();
    expect(world.frame('yard', 1, { event: 'e1', at: 1 })).toEqual([]);
    world.restart();
    expect(short(world.report('yard', 2, [['e1', 0, 1]]))).toEqual(['event end']);
    world.restart();
    expect(world.frame('yard', 3, { event: 'e1', at: 1 })).toEqual([]);
  });
});

describe('an alarm that is not wanted', () => {
  it('is not raised in quiet hours, also over midnight', () => {
    const { frame } = makeBook({ quiet: { fromMinute: 23 * 60, toMinute: 12 * 60 + 1 } });
    expect(frame('yard', 0, { event: 'e1', at: 0 })).toEqual([]);
    expect(short(frame('yard', 60, { event: 'e1', at: 60 }))).toEqual(['event begin']);
  });

  it('is not raised twice within the cooldown of a camera', () => {
    const { frame, report } = makeBook({ cooldownMs: 60_000, mergeMs: 0 });
    frame('yard', 0, { event: 'e1', at: 0 });
    report('yard', 5, [['e1', 0, 4]]);
    expect(frame('yard', 30, { event: 'e2', at: 30 })).toEqual([]);
    expect(short(frame('door', 31, { event: 'e2', at: 31 }))).toEqual(['event begin']);
    // It still goes on.
    expect(short(frame('yard', 60, { event: 'e2', at: 60 }))).toEqual(['event begin']);
  });

  it('is not raised while its camera is snoozed', () => {
    const world = makeBook();
    world.book.setSnoozed(new Map([['yard', startMs + 60_000]]));
    expect(world.frame('yard', 1, { event: 'e1', at: 1 })).toEqual([]);
    expect(short(world.frame('door', 1, { event: 'e1', at: 1 }))).toEqual(['event begin']);
    expect(short(world.frame('yard', 61, { event: 'e2', at: 61 }))).toEqual(['event begin']);
  });
});

describe('what comes late', () => {
  it('is told as one summary, when no more of it comes', () => {
    const { frame, tick, report } = makeBook();
    report('yard', 0);
    for (const [at, event] of [
      [10, 'e1'],
      [15, 'e1'],
      [100, 'e2'],
      [200, 'e3'],
    ] as const) {
      expect(frame('yard', 600, { event, at })).toEqual([]);
    }
    expect(report('yard', 601, [['e1', 10, 15]])).toEqual([]);
    expect(tick(604)).toEqual([]);
    expect(tick(606)).toMatchObject([
      { kind: 'late', camera: 'yard', count: 3, fromMs: startMs + 10_000, toMs: startMs + 200_000 },
    ]);
    expect(tick(700)).toEqual([]);
  });

  it('is an alarm when it still goes on', () => {
    const { frame, tick } = makeBook();
    frame('yard', 600, { event: 'e1', at: 10 });
    frame('yard', 600, { event: 'e2', at: 300 });
    expect(short(frame('yard', 601, { event: 'e2', at: 599 }))).toEqual(['event begin']);
    expect(tick(607)).toMatchObject([{ kind: 'late', count: 1 }]);
  });

  it('is reckoned in the clock of the receiver', () => {
    const { frame, report, told } = makeBook();
    report('yard', 0, [], { clock: -600_000 });
    frame('yard', 1, { event: 'e1', at: -599 });
    expect(short(told)).toEqual(['event begin']);
    expect(told[0]).toMatchObject({ fromMs: startMs + 1000 });
  });
});

describe('a camera that falls silent', () => {
  it('is told once, ends its events, and is told when it is back', () => {
    const world = makeBook();
    world.report('yard', 0);
    world.frame('yard', 1, { event: 'e1', at: 1 });
    expect(world.tick(181)).toEqual([]);
    expect(short(world.tick(182))).toEqual(['event end', 'silence begin']);
    expect(world.tick(183)).toEqual([]);
    world.restart();
    expect(world.tick(184)).toEqual([]);
    expect(world.report('yard', 300)).toMatchObject([
      { kind: 'silence', phase: 'end', fromMs: startMs + 1000, toMs: startMs + 300_000 },
    ]);
  });

  it('is none that does not report, and none that was gone long before', () => {
    const world = makeBook();
    world.frame('old', 0, { event: 'e1', at: 0 });
    world.report('gone', 0);
    world.restart();
    expect(short(world.tick(90_000))).toEqual(['event end']);
  });
});

describe('notices', () => {
  it('begin and end once each, over any order of arrival, restart and outage', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('frame' as const),
        camera: fc.constantFrom('a', 'b', 'c'),
        event: fc.constantFrom('1', '2', '3'),
        delay: fc.constantFrom(0, 1, 5, 200, 4000),
        strength: fc.integer({ min: 1, max: 9 }),
      }),
      fc.record({
        kind: fc.constant('report' as const),
        camera: fc.constantFrom('a', 'b'),
        ended: fc.uniqueArray(fc.constantFrom('1', '2', '3')),
      }),
      fc.record({ kind: fc.constant('wait' as const), s: fc.constantFrom(1, 20, 100, 1000) }),
      fc.record({ kind: fc.constant('restart' as const) }),
    );
    const changes = fc.record({
      cooldownMs: fc.constantFrom(0, 60_000),
      mergeMs: fc.constantFrom(0, 10_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), changes, (steps, changed) => {
        const world = makeBook(changed);
        let s = 10_000;
        const inTime = new Set<string>();
        for (const each of steps) {
          s += 1;
          if (each.kind === 'wait') s += each.s;
          if (each.kind === 'restart') world.restart();
          if (each.kind === 'report')
            world.report(
              each.camera,
              s,
              each.ended.map((event) => [event, s - 9, s - 5]),
            );
          if (each.kind === 'frame') {
            const { camera, event, delay, strength } = each;
            if (delay <= 120) inTime.add(`${camera}/${event}`);
            world.frame(camera, s, { event, at: s - delay, strength });
          }
          world.tick(s);
        }
        world.tick(s + 5000);
        world.tick(s + 5001);
        const open = new Map<string, string>();
        const events = new Set<string>();
        for (const notice of world.told) {
          if (notice.kind === 'late') continue;
          const { id, phase } = notice;
          const before = open.get(id);
          if (phase === 'begin') expect(before).toBeUndefined();
          else expect(['begin', 'update']).toContain(before);
          open.set(id, phase);
          if (notice.kind !== 'event' || phase !== 'end') continue;
          for (const { camera, event } of notice.events) {
            const name = `${camera}/${event}`;
            // Told once, in one notice, and only because a frame came in time.
            expect(events).not.toContain(name);
            expect(inTime).toContain(name);
            events.add(name);
          }
        }
        // What is silent at the end may stay so.
        for (const [id, phase] of open) if (!id.includes('/silence/')) expect(phase).toBe('end');
      }),
      { numRuns: 300 },
    );
  });
});
