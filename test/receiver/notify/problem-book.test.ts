/** Which problems are told, and when: by a clock of the test. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noticeFacts, noticeText } from '../../../receiver/notify/notice-text.js';
import type { Notice } from '../../../receiver/notify/notice.js';
import { makeBook, short, startMs } from '../../support/notice-world.js';

const words = (notice: Notice | undefined): string => {
  if (notice === undefined) return 'nothing';
  const { title, text } = noticeText(notice, () => 0);
  return `${title}; ${text}`;
};
const failing = { state: 'failing', why: 'no such device' };

describe('dropped frames', () => {
  it('are told once with all that arrives, and once when no more are lost', () => {
    const { gap, tick } = makeBook();
    expect(gap('yard', 10, 3)).toEqual([]);
    gap('yard', 12, 4);
    expect(tick(14)).toEqual([]);
    const [begin] = tick(15);
    expect(words(begin)).toBe(
      'yard: frames are lost; 7 frames of 12:00:01 to 12:00:11 lost: its spool was full',
    );
    expect(begin && noticeFacts(begin)).toMatchObject({
      ...{ notice: 'problem-begin', problem: 'gap', cameras: ['yard'], frames: 7 },
    });
    gap('yard', 400, 5, { why: 'age' });
    expect(tick(999)).toEqual([]);
    expect(words(tick(1000)[0])).toBe(
      'yard: no more frames are lost; 12 frames of 12:00:01 to 12:06:39 lost: they had waited for too long',
    );
    expect(tick(9000)).toEqual([]);
  });

  it('are told after a restart and after a pause of the camera, and not twice', () => {
    const world = makeBook();
    world.book.setSnoozed(new Map([['yard', startMs + 3_600_000]]));
    world.gap('yard', 10, 3);
    expect(world.tick(20)).toEqual([]);
    world.restart();
    expect(short(world.tick(2000))).toEqual(['problem begin']);
    world.restart();
    expect(short(world.tick(2001))).toEqual(['problem end']);
  });
});

describe('a camera that delivers no frames to its agent', () => {
  it('is told when it lasts, with the reason, and when it works again', () => {
    const { report, tick } = makeBook();
    report('yard', 60, [], failing);
    expect(words(tick(61)[0])).toBe('yard: no frames; since 12:00:00: no such device');
    report('yard', 120, [], failing);
    expect(tick(121)).toEqual([]);
    report('yard', 180);
    expect(tick(181)).toEqual([]);
    expect(tick(299)).toEqual([]);
    expect(words(tick(300)[0])).toBe('yard: frames again; from 12:00:00 to 12:03:00');
  });

  it('is one problem when it fails again at once', () => {
    const { report, tick, told } = makeBook();
    for (let s = 60; s <= 600; s += 60) {
      report('yard', s, [], s % 120 === 0 ? {} : failing);
      tick(s + 1);
    }
    tick(720);
    expect(short(told)).toEqual(['problem begin', 'problem end']);
  });

  it('is none for a moment, and none long ago', () => {
    const { report, tick, told } = makeBook();
    report('yard', 60, [], { ...failing, from: startMs + 59_000 });
    tick(61);
    report('yard', 70);
    tick(71);
    report('yard', 900, [], { ...failing, from: startMs + 100_000, to: startMs + 160_000 });
    tick(901);
    expect(told).toEqual([]);
  });
});

describe('a clock', () => {
  it('is wrong from a minute on, and right below half of it', () => {
    const { report, tick } = makeBook();
    report('yard', 0, [], { clock: -50_000 });
    expect(tick(1)).toEqual([]);
    report('yard', 60, [], { clock: -600_000 });
    expect(words(tick(61)[0])).toBe(
      "yard: the clock is wrong; since 12:01:00: 10 min behind this machine's",
    );
    report('yard', 120, [], { clock: -50_000 });
    expect(tick(121)).toEqual([]);
    report('yard', 180);
    expect(words(tick(181)[0])).toBe('yard: the clock is right; from 12:01:00 to 12:03:00');
  });
});

describe('a signature', () => {
  it('is told when the key is another one, and of an unpaired camera nothing is', () => {
    const { report, tick } = makeBook({ silentAfterMs: 3_600_000 });
    report('old', 0, [], { sig: 'x', flaw: 'unpinned-key' });
    report('new', 0, [], { sig: 'x' });
    expect(tick(1)).toEqual([]);
    report('yard', 2, [], { sig: 'x', flaw: 'other-key' });
    expect(words(tick(2)[0])).toBe(
      'yard: the signature is wrong; since 12:00:02: it signs with another key than the one that was pinned',
    );
    report('yard', 60, [], { sig: 'x', flaw: 'other-key' });
    report('yard', 120, [], { sig: 'x' });
    expect(tick(659)).toEqual([]);
    expect(words(tick(660)[0])).toBe('yard: no more wrong signatures; from 12:00:02 to 12:01:00');
  });
});

describe('the disk', () => {
  it('is told when it is nearly full, and when it has a quarter more than that', () => {
    const { disk, tick } = makeBook();
    const at = (s: number, free: number) => {
      disk(s, free);
      return tick(s);
    };
    expect(at(1, 10)).toEqual([]);
    expect(words(at(2, 9)[0])).toBe('receiver: the disk is nearly full; since 12:00:02: 9 B free');
    expect(at(3, 12)).toEqual([]);
    expect(at(4, 13)).toEqual([]);
    expect(at(30, 9)).toEqual([]);
    expect(at(31, 50)).toEqual([]);
    const [end] = at(91, 50);
    expect(words(end)).toBe(
      'receiver: the disk has space again; from 12:00:02 to 12:00:31: 50 B free',
    );
    expect(end && noticeFacts(end)).toMatchObject({ cameras: [], problem: 'disk' });
  });
});

describe('problems', () => {
  it('begin and end once each, over any order of arrival, restart and step of the clock', () => {
    const camera = fc.constantFrom('a', 'b');
    const step = fc.oneof(
      fc.record({
        ...{ kind: fc.constant('report' as const), camera, isFailing: fc.boolean() },
        ...{ clock: fc.constantFrom(0, 45_000, -90_000), lateS: fc.constantFrom(0, 50, 5000) },
        flaw: fc.constantFrom(undefined, 'wrong-signature', 'unpinned-key'),
      }),
      fc.record({
        kind: fc.constant('gap' as const),
        camera,
        count: fc.integer({ min: 1, max: 9 }),
      }),
      fc.record({ kind: fc.constant('disk' as const), free: fc.constantFrom(0, 9, 11, 13, 80) }),
      fc.record({ kind: fc.constant('wait' as const), s: fc.constantFrom(1, 20, 100, 1000, -50) }),
      fc.record({ kind: fc.constant('restart' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = makeBook();
        let s = 10_000;
        let lost = 0;
        for (const each of steps) {
          s += 1;
          if (each.kind === 'wait') s += each.s;
          if (each.kind === 'restart') world.restart();
          if (each.kind === 'disk') world.disk(s, each.free);
          if (each.kind === 'gap') {
            lost += each.count;
            world.gap(each.camera, s, each.count);
          }
          if (each.kind === 'report') {
            const { clock, flaw, lateS, isFailing } = each;
            world.report(each.camera, s, [], {
              ...{ from: startMs + (s - lateS - 60) * 1000, to: startMs + (s - lateS) * 1000 },
              ...{ clock, flaw, sig: 'x', state: isFailing ? 'failing' : 'watching' },
            });
          }
          world.tick(s);
        }
        // All is well from here on, and all that was announced ends.
        world.tick(s + 100);
        for (const each of ['a', 'b']) world.report(each, s + 101);
        world.disk(s + 101, 99);
        for (let later = 102; later < 2000; later += 100) world.tick(s + later);
        const open = new Map<string, string>();
        let told = 0;
        for (const notice of world.told) {
          if (notice.kind !== 'problem') continue;
          const { id, phase, problem, camera: of, frames = 0 } = notice;
          const name = `${of ?? ''}/${problem}`;
          // Never two for one, and none ends that did not begin.
          if (phase === 'begin') expect(open.get(name)).toBeUndefined();
          else {
            expect(open.get(name)).toBe(id);
            told += frames;
          }
          if (phase === 'begin') open.set(name, id);
          else open.delete(name);
        }
        expect([...open]).toEqual([]);
        // Each dropped frame is told of.
        expect(told).toBe(lost);
        expect(world.book.state.problems).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
