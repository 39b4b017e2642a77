/** What the entries of a day say together: a day on which everything happens, and single rules. */
import { describe, expect, it } from 'vitest';
import { CameraDay } from '../../../receiver/archive/camera-day.js';
import type { RecordEntry } from '../../../receiver/archive/record-entry.js';
import { CameraEntries, at, dayRange, epoch, midnightMs } from './camera-entries.js';

const dayMs = 86_400_000;
const other = '0d9a3c51b7e24f680d9a3c51b7e24f68';
const moment = { nowMs: midnightMs + 2 * dayMs, utcOffsetMinutes: 0, hasOtherDays: true };

function resultOf(entries: readonly RecordEntry[], changes: Partial<typeof moment> = {}) {
  const day = new CameraDay(dayRange);
  for (const each of entries) day.add(each);
  return day.result({ ...moment, ...changes });
}

/** Quiet until 06:00; then a person, an unplugged camera, a cut link, a killed agent, and steps of the clock. */
function fullDay(): RecordEntry[] {
  const yard = new CameraEntries();
  yard.sequence = 100;
  const entries: RecordEntry[] = [
    yard.report(at('-1:00'), at('00:00')),
    yard.report(at('00:00'), at('06:00'), { compared: 21_600 }),
    yard.frame(at('06:10:00'), { event: 'e1' }),
    yard.frame(at('06:10:20'), { event: 'e1' }),
    yard.frame(at('06:10:22'), { event: 'e1', changed: undefined }),
    yard.report(at('06:00'), at('07:00'), {
      changed: 2,
      ended: [{ event: 'e1', firstAtMs: at('06:10:00'), lastAtMs: at('06:10:20'), frames: 3 }],
    }),
    yard.report(at('07:00'), at('07:01'), { state: 'failing', why: 'no device', compared: 0 }),
    yard.report(at('07:01'), at('09:00')),
    // The link is cut from 09:00 to 09:05. The spool drops two frames; the reports arrive late.
    yard.gap(at('09:01'), at('09:02'), { count: 2, sequences: [[109, 110]] }),
  ];
  yard.sequence = 110;
  entries.push(yard.report(at('09:00'), at('09:05'), { changed: 1, receivedAtMs: at('09:06') }));
  entries.push(yard.report(at('09:05'), at('10:00')));
  // The agent is killed in an event at 10:30; its reports from 10:00 are lost. It starts again at 12:00.
  entries.push(yard.frame(at('10:30'), { event: 'e2' }));
  yard.sequence += 1;
  entries.push(
    yard.report(at('10:30:01'), at('12:00'), {
      state: 'off',
      compared: 0,
      ended: [
        { event: 'e2', firstAtMs: at('10:30'), lastAtMs: at('10:30'), frames: 1, isCut: true },
      ],
    }),
    yard.report(at('12:00'), at('14:00')),
    // The clock goes an hour back, and at 15:00 an hour forward.
    yard.report(at('13:00'), at('13:30'), { steppedMs: -3_600_000, state: 'failing' }),
    yard.report(at('13:30'), at('15:00')),
    yard.report(at('16:00'), at('20:00'), { steppedMs: 3_600_000, clockErrorMs: 3000 }),
  );
  return entries;
}

describe('a day with everything', () => {
  const expected = [
    ['00:00', '06:10:00', 'quiet'],
    ['06:10:00', '06:10:20', 'changed'],
    ['06:10:20', '07:00', 'quiet'],
    ['07:00', '07:01', 'not-watched', 'failing', 'no device'],
    ['07:01', '09:00', 'quiet'],
    ['09:00', '09:05', 'changed'],
    ['09:05', '10:00', 'quiet'],
    ['10:00', '10:30', 'unknown', 'no-report'],
    ['10:30', '10:30', 'changed'],
    ['10:30', '10:30:01', 'unknown', 'no-report'],
    ['10:30:01', '12:00', 'not-watched', 'off'],
    ['12:00', '13:00', 'quiet'],
    ['13:00', '13:30', 'not-watched', 'failing'],
    ['13:30', '15:00', 'quiet'],
    ['15:00', '16:00', 'unknown', 'no-report'],
    ['16:00', '20:00', 'quiet'],
    ['20:00', '24:00', 'unknown', 'not-yet'],
  ].map(([from = '', to = '', state, cause, why]) => {
    // A change lasts a millisecond longer than the time of its last frame.
    const isAfterChange = ['06:10:20', '10:30'].includes(from) && state !== 'changed';
    const fromMs = at(from) + (isAfterChange ? 1 : 0);
    const isShort = state === 'changed' && to !== '09:05';
    return { fromMs, toMs: at(to) + (isShort ? 1 : 0), state, cause, why };
  });

  it.each([
    ['in order', (entries: RecordEntry[]) => entries],
    ['backwards', (entries: RecordEntry[]) => entries.reverse()],
    ['twice', (entries: RecordEntry[]) => [...entries, ...entries]],
  ])('is exactly this report, when its lines come %s', (_, arranged) => {
    const result = resultOf(arranged(fullDay()));
    expect(result.stretches).toEqual(expected);
    expect(result).toMatchObject({
      ...{ fromMs: midnightMs, toMs: midnightMs + dayMs, doesReport: true },
      offsets: [{ utcOffsetMinutes: 60 }],
      frames: { count: 4, changed: 3, bytes: 4000 },
      proofs: { signed: 4 },
      gaps: [{ fromMs: at('09:01'), toMs: at('09:02'), count: 2, why: 'size' }],
      missing: { count: 1, ranges: [{ epoch, first: 114, last: 114 }] },
      clockSteps: [
        { atMs: at('13:00'), byMs: -3_600_000 },
        { atMs: at('16:00'), byMs: 3_600_000 },
      ],
      ...{ everyMs: 60_000, clockErrorMs: 3000, arrivedAtMs: at('20:00') + 200 },
      events: [
        { event: 'e1', frames: 3, state: 'ended', firstAtMs: at('06:10:00') },
        { event: 'e2', frames: 1, state: 'cut' },
      ],
    });
    const sum = Object.values(result.durationsMs).reduce((total, ms) => total + ms, 0);
    expect(sum).toBe(dayMs);
  });
});

describe('a day', () => {
  it('that has not ended goes to now by the camera, and the rest is not yet reported', () => {
    const yard = new CameraEntries();
    const entries = [yard.report(at('00:00'), at('08:00'))];
    const now = { nowMs: at('08:00:40') };
    expect(resultOf(entries, now).stretches.at(-1)).toEqual({
      ...{ fromMs: at('08:00'), toMs: at('08:00:40'), state: 'unknown', cause: 'not-yet' },
    });
    const behind = [{ ...entries[0]!, clockErrorMs: -20_000 }];
    expect(resultOf(behind, now).stretches.at(-1)?.toMs).toBe(at('08:00:20'));
  });

  it('before the first report of a new camera has no time that is unknown', () => {
    const yard = new CameraEntries();
    // Its first frame is taken before its first report begins.
    const frame = yard.frame(at('07:59:59'), { changed: undefined, reason: 'first' });
    const entries = [yard.report(at('08:00'), at('09:00')), frame];
    const isNew = { hasOtherDays: false };
    expect(resultOf(entries, isNew).stretches[0]).toMatchObject({
      toMs: at('08:00'),
      state: 'before',
    });
    expect(resultOf(entries, isNew).durationsMs.unknown).toBe(15 * 3_600_000);
    // Its numbers say that there were earlier entries.
    expect(resultOf(entries.slice(0, 1), isNew).durationsMs.before).toBe(0);
    const later = [{ ...entries[0]!, before: { epoch: other, sequence: 9 } }, frame];
    expect(resultOf(later as RecordEntry[], isNew).durationsMs.before).toBe(0);
    expect(resultOf(entries).durationsMs.before).toBe(0);
  });

  it('of a camera that does not report has frames and gaps, and no state', () => {
    const yard = new CameraEntries();
    const result = resultOf([
      yard.frame(at('08:00'), { proof: 'unsigned', event: 'e' }),
      yard.gap(at('09:00'), at('09:01')),
      yard.frame(at('08:00'), { epoch: undefined, sequence: undefined, name: 'raw.jpg' }),
    ]);
    expect(result).toMatchObject({ doesReport: false, stretches: [], everyMs: undefined });
    expect(result.frames.count).toBe(2);
    expect(result.events).toMatchObject([{ event: 'e', state: 'unknown' }]);
    expect(Object.values(result.durationsMs)).toEqual([0, 0, 0, 0, 0]);
  });

  it('uses a report that grew while it waited once', () => {
    const yard = new CameraEntries();
    const short = yard.report(at('08:00'), at('08:01'));
    const long = { ...short, toMs: at('09:00'), compared: 3600 };
    for (const entries of [
      [short, long],
      [long, short],
    ]) {
      expect(resultOf(entries).reported.compared).toBe(3600);
      expect(resultOf(entries).durationsMs.quiet).toBe(3_600_000);
    }
  });

  it('misses only numbers that no entry has, in the day of the next one', () => {
    const yard = new CameraEntries();
    const yesterday = yard.frame(at('-1:00'));
    yard.sequence = 3;
    const gap = yard.gap(at('-3:00'), at('08:00'), { sequences: [[2, 3]] });
    yard.sequence += 1;
    const today = yard.frame(at('08:00'));
    yard.sequence += 2;
    const tomorrow = yard.frame(at('25:00'));
    const day = [yesterday, today, tomorrow];
    expect(resultOf(day).missing).toEqual({ count: 4, ranges: [{ epoch, first: 2, last: 5 }] });
    expect(resultOf([...day, gap]).missing).toEqual({
      count: 1,
      ranges: [{ epoch, first: 5, last: 5 }],
    });
  });

  it('misses the last numbers of an epoch that the next one states', () => {
    const yard = new CameraEntries();
    const first = yard.frame(at('08:00'));
    const next = yard.report(at('09:00'), at('09:01'), {
      ...{ epoch: other, sequence: 1, before: { epoch, sequence: 3 } },
    });
    expect(resultOf([first, next]).missing).toEqual({
      count: 2,
      ranges: [{ epoch, first: 2, last: 3 }],
    });
  });

  it('has 25 hours when the clock is put back in the night', () => {
    const yard = new CameraEntries();
    const winter = { utcOffsetMinutes: 60 };
    const summer = { utcOffsetMinutes: 120 };
    const start = Date.UTC(2026, 9, 25) - 120 * 60_000;
    const range = { fromLocalMs: Date.UTC(2026, 9, 25), toLocalMs: Date.UTC(2026, 9, 26) };
    const day = new CameraDay(range);
    day.add(yard.report(start - 1000, start, summer));
    day.add(yard.report(start, start + 25 * 3_600_000, winter));
    const result = day.result(moment);
    expect(result.toMs - result.fromMs).toBe(25 * 3_600_000);
    expect(result.durationsMs).toMatchObject({ quiet: 25 * 3_600_000, unknown: 0 });
  });

  it('ignores a report of a clock that was far ahead once', () => {
    const yard = new CameraEntries();
    const far = yard.report(at('00:00') + 400 * dayMs, at('01:00') + 400 * dayMs, {
      receivedAtMs: at('07:00'),
    });
    const result = resultOf([far, yard.report(at('00:00'), at('08:00'))]);
    expect(result.stretches.at(-1)).toMatchObject({ cause: 'not-yet', fromMs: at('08:00') });
  });

  it('believes reports that an agent ran, not one that was restored from an older copy', () => {
    const yard = new CameraEntries();
    yard.sequence = 40;
    const reports = [
      yard.report(at('07:00'), at('08:00')),
      // The copy is made here.
      yard.report(at('08:00'), at('09:00')),
      yard.report(at('09:00'), at('09:30'), { state: 'failing', why: 'no device' }),
      yard.report(at('09:30'), at('10:00')),
    ];
    yard.sequence = 41;
    reports.push(
      yard.report(at('08:00'), at('12:00'), { state: 'off', compared: 0 }),
      yard.report(at('12:00'), at('13:00')),
    );
    const { stretches } = resultOf(reports);
    expect(stretches.slice(1, -1)).toEqual([
      { fromMs: at('07:00'), toMs: at('09:00'), state: 'quiet' },
      {
        ...{ fromMs: at('09:00'), toMs: at('09:30'), state: 'not-watched' },
        ...{ cause: 'failing', why: 'no device' },
      },
      { fromMs: at('09:30'), toMs: at('10:00'), state: 'quiet' },
      { fromMs: at('10:00'), toMs: at('12:00'), state: 'not-watched', cause: 'off' },
      { fromMs: at('12:00'), toMs: at('13:00'), state: 'quiet' },
    ]);
    expect(resultOf(reports.reverse()).stretches).toEqual(stretches);
  });

  it.each([
    ['its own', at('17:00')],
    ["its own, which is the receiver's too", at('15:00')],
  ])('shows that no agent ran although the clock goes back over it: %s', (_, arrivedAtMs) => {
    const yard = new CameraEntries();
    const { stretches } = resultOf([
      yard.report(at('12:00'), at('14:00')),
      yard.report(at('14:00'), at('16:00'), { state: 'off', compared: 0 }),
      yard.report(at('14:00'), at('14:30'), { steppedMs: -7_200_000, receivedAtMs: arrivedAtMs }),
      yard.report(at('14:30'), at('17:00'), { receivedAtMs: arrivedAtMs }),
    ]);
    expect(stretches.slice(1, -1)).toEqual([
      { fromMs: at('12:00'), toMs: at('14:00'), state: 'quiet' },
      { fromMs: at('14:00'), toMs: at('16:00'), state: 'not-watched', cause: 'off' },
      { fromMs: at('16:00'), toMs: at('17:00'), state: 'quiet' },
    ]);
  });

  it('keeps 100,000 frames in a few megabytes', () => {
    const [yard, day] = [new CameraEntries(), new CameraDay(dayRange)];
    for (let nth = 0; nth < 100_000; nth += 1) day.add(yard.frame(midnightMs + nth * 800));
    const { frames, missing } = day.result(moment);
    expect([frames.count, missing.count]).toEqual([100_000, 0]);
  });
});
