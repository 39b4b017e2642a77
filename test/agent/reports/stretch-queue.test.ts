/** Joining of waiting stretches, against a model that has the state of each moment. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StretchQueue } from '../../../agent/reports/stretch-queue.js';
import {
  type Stretch,
  emptyStretch,
  nextBoundary,
  withoutTurns,
} from '../../../agent/reports/stretch.js';
import { hourMs, morningMs, textOf } from './recorder-steps.js';

interface Part extends Partial<Stretch> {
  readonly lengthMs: number;
  /** Unknown time before it. */
  readonly holeMs?: number;
  /** The oldest stretch is put into the spool before it. */
  readonly isSealedBefore?: boolean;
}

/** Stretches one after the other. */
function stretchesOf(parts: readonly Part[]): Stretch[] {
  let atMs = morningMs;
  return parts.map(({ lengthMs, holeMs = 0, ...facts }, index) => {
    const fromMs = atMs + holeMs + (facts.steppedMs ?? 0);
    atMs = fromMs + lengthMs;
    const empty = { number: index + 1, state: 'watching', utcOffsetMinutes: 60 } as const;
    return { ...emptyStretch({ ...empty, why: undefined, atMs: fromMs }), toMs: atMs, ...facts };
  });
}

function queueOf(parts: readonly Part[], limit?: number) {
  const queue = new StretchQueue([], limit);
  for (const stretch of stretchesOf(parts)) queue.add(stretch);
  return queue;
}

const event = (id: string) => ({ event: id, firstAtMs: 0, lastAtMs: 0, frames: 1 });

describe('stretches between two reports', () => {
  const failing = { lengthMs: 1000, state: 'failing', why: 'no device' } as const;
  const watching = { lengthMs: 1000, compared: 1, changed: 1, ended: [event('a')] };

  it('of a camera that fails and delivers in turns are one, which is not watched', () => {
    const stretches = stretchesOf([watching, failing, watching, failing, watching]);
    const turns = withoutTurns(stretches);
    expect(turns.map(textOf)).toEqual([
      '08:00:00-08:00:05 failing (fails and delivers in turns: no device) 3/3 ended a ended a ended a',
    ]);
    expect(turns[0]).toMatchObject({ number: 5 });
  });

  it('are not joined when they are few, or when none fails', () => {
    const few = stretchesOf([watching, failing, watching, failing]);
    expect(withoutTurns(few)).toEqual(few);
    const watched = stretchesOf([watching, watching, watching, watching, watching]);
    expect(withoutTurns(watched)).toEqual(watched);
  });

  it('stay apart at a clock step', () => {
    const stepped = { ...failing, steppedMs: 60_000 };
    const stretches = stretchesOf([watching, failing, watching, stepped, watching]);
    expect(
      withoutTurns(stretches).map(({ state, fromMs, toMs }) => [state, toMs - fromMs]),
    ).toEqual([
      ['failing', 3000],
      ['failing', 2000],
    ]);
  });

  it('have a reason that a report takes', () => {
    const long = { ...failing, why: 'x'.repeat(200) };
    const [turns] = withoutTurns(stretchesOf([watching, long, watching, long, watching]));
    expect(turns?.why).toHaveLength(200);
  });
});

describe('waiting stretches', () => {
  it('are joined while the state stays the same', () => {
    const { items } = queueOf([
      { lengthMs: 60_000, compared: 60, changed: 2, longestPauseMs: 1000, ended: [event('a')] },
      { lengthMs: 60_000, compared: 50, changed: 1, longestPauseMs: 9000, skipped: 1, waiting: 4 },
      { lengthMs: 20_000, state: 'failing', why: 'no camera' },
      { lengthMs: 20_000, state: 'failing', why: 'no device' },
    ]);
    expect(items.map(textOf)).toEqual([
      '08:00:00-08:02:00 watching 110/3 skipped 1 pause 9s ended a',
      '08:02:00-08:02:20 failing (no camera)',
      '08:02:20-08:02:40 failing (no device)',
    ]);
    expect(items[0]).toMatchObject({ number: 2, waiting: 4 });
  });

  it.each([
    ['midnight', [{ lengthMs: 16 * hourMs }, { lengthMs: 1 }]],
    ['a clock step', [{ lengthMs: 1000 }, { lengthMs: 1, steppedMs: -500 }]],
    ['unknown time', [{ lengthMs: 1000 }, { lengthMs: 1, holeMs: 1 }]],
    ['another offset from UTC', [{ lengthMs: 1000 }, { lengthMs: 1, utcOffsetMinutes: 120 }]],
    [
      'more than 64 events',
      [
        { lengthMs: 1000, ended: Array.from({ length: 64 }, (_, index) => event(`e${index}`)) },
        { lengthMs: 1, ended: [event('last')] },
      ],
    ],
  ] satisfies [string, Part[]][])('are not joined across %s', (_, parts) => {
    expect(queueOf(parts).items).toHaveLength(2);
  });

  it('are not changed when they may be in the spool', () => {
    const [first, ...others] = stretchesOf([
      { lengthMs: 1000 },
      { lengthMs: 1000 },
      { lengthMs: 1000 },
    ]);
    const queue = new StretchQueue([first ?? expect.unreachable()]);
    expect(queue.seal()).toBe(first);
    for (const stretch of others) queue.add(stretch);
    expect(queue.items.map(textOf)).toEqual([
      '08:00:00-08:00:01 watching',
      '08:00:01-08:00:03 watching',
    ]);
    queue.removeUpTo(1);
    expect(queue.items.map(textOf)).toEqual(['08:00:01-08:00:03 watching']);
  });

  it('lose their oldest times above the limit, never their counts and events', () => {
    const flapping = Array.from({ length: 50 }, (_, index): Part => {
      const ended = [event(`e${index}`)];
      return index % 2 === 0
        ? { lengthMs: 1000, compared: 10, changed: 1, ended }
        : { lengthMs: 1000, state: 'failing', why: 'no camera' };
    });
    const { items } = queueOf(flapping, 4);
    expect(items.map(textOf)).toEqual([
      expect.stringMatching(
        /^08:00:00-08:00:47 failing \(joined with .*\) 240\/24 ended e0 .* e46$/,
      ),
      '08:00:47-08:00:48 failing (no camera)',
      '08:00:48-08:00:49 watching 10/1 ended e48',
      '08:00:49-08:00:50 failing (no camera)',
    ]);
  });

  const part: fc.Arbitrary<Part> = fc
    .record({
      lengthMs: fc.constantFrom(0, 1000, 60_000, 5 * hourMs),
      holeMs: fc.constantFrom(0, 0, 0, 0, 1000),
      what: fc.constantFrom<Stretch['state']>('watching', 'watching', 'watching', 'failing', 'off'),
      why: fc.constantFrom('no camera', 'no device'),
      compared: fc.nat(5),
      events: fc.constantFrom(0, 0, 1, 40),
      steppedMs: fc.constantFrom(...Array<undefined>(9).fill(undefined), 50_000, 9 * hourMs),
      isSealedBefore: fc.constantFrom(false, false, false, true),
    })
    .map(({ what, why, events, ...rest }) => ({
      ...rest,
      state: what,
      why: what === 'failing' ? why : undefined,
      ended: events === 0 ? undefined : Array.from({ length: events }, () => event('x')),
    }));

  /** As the recorder does, in parts of one day each. */
  function byDay(stretch: Stretch): Stretch[] {
    const { fromMs, toMs } = stretch;
    const boundary = nextBoundary(fromMs, toMs, () => 60);
    if (boundary === undefined || boundary === toMs) return [stretch];
    const rest = {
      ...stretch,
      fromMs: boundary,
      ended: undefined,
      compared: 0,
      steppedMs: undefined,
    };
    return [{ ...stretch, toMs: boundary }, ...byDay(rest)];
  }

  /** The state of a moment; a moment that was never stated is undefined. */
  const stateAt = (stretches: readonly Stretch[], atMs: number): string[] =>
    stretches
      .filter(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs)
      .map(({ state, why }) => `${state} ${why ?? ''}`);

  it.each([{ limit: 2000 }, { limit: 5 }])(
    'state each moment as before, and each count and event once (limit $limit)',
    ({ limit }) => {
      fc.assert(
        fc.property(fc.array(part, { minLength: 1, maxLength: 30 }), (parts) => {
          const all = stretchesOf(parts).flatMap(byDay);
          const numbered = all.map((stretch, index) => ({ ...stretch, number: index + 1 }));
          const given = numbered.map((stretch, index) => ({
            ...stretch,
            ended: stretch.ended?.map((each, nth) => ({ ...each, event: `${index}-${nth}` })),
          }));
          const queue = new StretchQueue([], limit);
          for (const [index, stretch] of given.entries()) {
            if (parts[index]?.isSealedBefore === true) queue.seal();
            queue.add(stretch);
          }
          const { items } = queue;
          expect(items.length).toBeLessThanOrEqual(limit);
          const moments = given.flatMap(({ fromMs, toMs }) => [fromMs, (fromMs + toMs) / 2]);
          for (const moment of moments) {
            const [before] = stateAt(given, moment);
            const after = stateAt(items, moment);
            expect(after.length).toBeLessThanOrEqual(1);
            if (limit === 2000) expect(after[0]).toBe(before);
            else if (after[0]?.startsWith('watching')) expect(before).toBe(after[0]);
          }
          const total = (stretches: readonly Stretch[]): number =>
            stretches.reduce((sum, { compared }) => sum + compared, 0);
          const eventsOf = (stretches: readonly Stretch[]) =>
            stretches.flatMap(({ ended = [] }) => ended.map(({ event: id }) => id));
          const isFull = limit === 5 && eventsOf(given).length > 5 * 32;
          if (isFull) return; // the limit of events is reached
          expect(total(items)).toBe(total(given));
          expect(eventsOf(items)).toEqual(eventsOf(given));
        }),
        { numRuns: 500 },
      );
    },
  );
});
