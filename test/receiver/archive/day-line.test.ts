/** The line of a day, against a model that looks at each moment. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DayLineParts,
  type Reported,
  type Stretch,
  dayLine,
} from '../../../receiver/archive/day-line.js';
import { NumberSet, disjoint, holesOf, without } from '../../../receiver/store/intervals.js';

const length = 60;
const moments = Array.from({ length }, (_, at) => at);

const report = (fromMs: number, toMs: number, changes: Partial<Reported> = {}): Reported => ({
  ...{ fromMs, toMs, state: 'watching', changed: 0 },
  ...changes,
});
const parts = (changes: Partial<DayLineParts>): DayLineParts => ({
  ...{ fromMs: 0, toMs: length, reports: [], changes: [] },
  ...{ reportedToMs: length, newSinceMs: undefined },
  ...changes,
});

/** What a moment is, by the words of docs/report.md. */
function stateAt(at: number, day: DayLineParts): Omit<Stretch, 'fromMs' | 'toMs'> {
  const isInside = ([first, last]: readonly [number, number]) => first <= at && at <= last;
  const shown = day.changes.filter(([first, last]) => last >= day.fromMs && first < day.toMs);
  const covering = day.reports.filter(({ fromMs, toMs }) => fromMs <= at && at < toMs);
  const isUnshown = ({ fromMs, toMs, state, changed }: Reported) =>
    state === 'watching' &&
    changed > 0 &&
    !shown.some(
      ([first, last]) =>
        Math.max(first, day.fromMs) < Math.min(toMs, day.toMs) &&
        Math.min(last + 1, day.toMs) > Math.max(fromMs, day.fromMs),
    );
  if (shown.some(isInside) || covering.some(isUnshown)) return { state: 'changed' };
  const clipped = (each: Reported) => Math.max(day.fromMs, each.fromMs);
  const [failing] = covering
    .filter(({ state }) => state !== 'watching')
    .sort((a, b) => {
      const text = ({ state, why = '' }: Reported) => `${state} ${why}`;
      return clipped(a) - clipped(b) || (text(a) < text(b) ? -1 : 1);
    });
  if (failing) return { state: 'not-watched', cause: failing.state, why: failing.why };
  if (covering.length > 0) return { state: 'quiet' };
  if (at < (day.newSinceMs ?? 0)) return { state: 'before' };
  const isReported = at < (day.reportedToMs ?? 0);
  return { state: 'unknown', cause: isReported ? 'no-report' : 'not-yet' };
}

describe('the line of a day', () => {
  it('is what a model finds for each moment, and has no hole', () => {
    const time = fc.integer({ min: -20, max: length + 20 });
    const reported = fc
      .tuple(
        time,
        fc.nat(30),
        fc.constantFrom('watching', 'watching', 'failing', 'off', 'asleep'),
        fc.constantFrom(undefined, 'no device', 'timeout'),
        fc.constantFrom(0, 0, 1),
      )
      .map(([fromMs, ms, state, why, changed]) =>
        report(fromMs, fromMs + ms, { state, why, changed }),
      );
    const changed = fc.tuple(time, fc.nat(12)).map(([first, ms]) => [first, first + ms] as const);
    const given = fc.record({
      reports: fc.array(reported, { maxLength: 12 }),
      changes: fc.array(changed, { maxLength: 4 }),
      reportedToMs: fc.option(time, { nil: undefined }),
      newSinceMs: fc.option(time, { nil: undefined }),
    });
    fc.assert(
      fc.property(given, (changes) => {
        const day = parts(changes);
        const line = dayLine(day);
        expect(line[0]?.fromMs).toBe(0);
        expect(line.at(-1)?.toMs).toBe(length);
        line.slice(1).forEach((each, at) => expect(each.fromMs).toBe(line[at]?.toMs));
        for (const at of moments) {
          const { fromMs, toMs, ...state } = line.find((each) => each.toMs > at)!;
          expect(fromMs <= at && at < toMs).toBe(true);
          expect(state).toEqual(stateAt(at, day));
        }
        for (const [at, each] of line.entries()) {
          const { fromMs, toMs, ...state } = each;
          const next = line[at + 1];
          if (next) expect({ ...next, fromMs, toMs }).not.toEqual({ ...state, fromMs, toMs });
        }
        const shuffled = { ...day, reports: [...day.reports].reverse() };
        expect(dayLine(shuffled)).toEqual(line);
      }),
      { numRuns: 3000 },
    );
  });

  it('has the reported states, and says what is not reported', () => {
    const reports = [
      report(0, 10),
      report(10, 20, { state: 'failing', why: 'no device' }),
      report(30, 40, { changed: 3 }),
    ];
    expect(dayLine(parts({ reports, changes: [[32, 34]], reportedToMs: 40 }))).toEqual([
      { fromMs: 0, toMs: 10, state: 'quiet' },
      { fromMs: 10, toMs: 20, state: 'not-watched', cause: 'failing', why: 'no device' },
      { fromMs: 20, toMs: 30, state: 'unknown', cause: 'no-report' },
      { fromMs: 30, toMs: 32, state: 'quiet' },
      { fromMs: 32, toMs: 35, state: 'changed' },
      { fromMs: 35, toMs: 40, state: 'quiet' },
      { fromMs: 40, toMs: 60, state: 'unknown', cause: 'not-yet' },
    ]);
  });
});

describe('intervals', () => {
  const interval = fc
    .tuple(fc.integer({ min: -5, max: 70 }), fc.nat(15))
    .map(([start, size]) => ({ start, end: start + size }));
  const covers = (items: readonly { start: number; end: number }[], at: number) =>
    items.some(({ start, end }) => start <= at && at < end);

  it('are cut, subtracted and complemented as sets of moments', () => {
    fc.assert(
      fc.property(fc.array(interval), fc.array(interval), (some, others) => {
        const [cut, taken] = [disjoint(some), disjoint(others)];
        const rest = without(cut, taken);
        const holes = holesOf(taken, { start: 0, end: length });
        for (const list of [cut, rest, holes]) {
          list.slice(1).forEach((each, at) => {
            expect(each.start).toBeGreaterThanOrEqual(list[at]!.end);
          });
          for (const { start, end } of list) expect(start).toBeLessThan(end);
        }
        for (const at of moments) {
          expect(covers(cut, at)).toBe(covers(some, at));
          expect(covers(rest, at)).toBe(covers(some, at) && !covers(others, at));
          expect(covers(holes, at)).toBe(!covers(others, at));
        }
      }),
    );
  });

  it('keep a set of numbers', () => {
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 100 }), (given) => {
        const [set, model] = [new NumberSet(), new Set<number>()];
        for (const { start, end } of given) {
          set.add(start, end);
          for (let number = start; number <= end; number += 1) model.add(number);
        }
        for (let number = -7; number < 90; number += 1) {
          expect(set.has(number)).toBe(model.has(number));
        }
        const ranges = set.ranges();
        ranges.slice(1).forEach(({ start }, at) => expect(start).toBeGreaterThan(ranges[at]!.end));
      }),
    );
  });

  it('of numbers in order take no memory', () => {
    const set = new NumberSet();
    for (let number = 0; number < 100_000; number += 1) set.add(number);
    expect(set.ranges()).toEqual([{ start: 0, end: 100_000 }]);
  });
});
