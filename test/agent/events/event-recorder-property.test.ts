/** Properties of the event recorder for any detections, capture times and settings. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Decided,
  EventRecorder,
  type RecorderSettings,
} from '../../../agent/events/event-recorder.js';
import { isSent } from '../../../agent/events/verdict.js';
import { encodeRecorder, keptRecorder } from '../../../agent/events/recorder-state.js';
import { detectionOf, noonMs, settingsOf } from './detections.js';
import * as v from 'valibot';

interface Step {
  readonly letter: string;
  /** Since the last frame. */
  readonly elapsedMs: number;
}

const letter = fc.oneof(
  { weight: 12, arbitrary: fc.constant('q') },
  { weight: 6, arbitrary: fc.constant('c') },
  { weight: 1, arbitrary: fc.constantFrom('s', 'f') },
);
const steady = fc.constantFrom(500, 1000);
const wild = fc.constantFrom(0, 1, 900, 5000, 86_400_000, -1, -3_600_000);
const steps = (elapsedMs: fc.Arbitrary<number>): fc.Arbitrary<Step[]> =>
  fc.array(fc.record({ letter, elapsedMs }), { minLength: 1, maxLength: 60 });
const anyElapsed = fc.oneof({ weight: 4, arbitrary: steady }, { weight: 1, arbitrary: wild });
const settings: fc.Arbitrary<RecorderSettings> = fc
  .record({
    eventGapMs: fc.constantFrom(1500, 4000, 10_000),
    minDurationMs: fc.constantFrom(0, 0, 1000, 3000),
    before: fc.nat({ max: 4 }),
    after: fc.nat({ max: 3 }),
    keepEveryMs: fc.constantFrom(0, 0, 1000, 4000),
  })
  .map(settingsOf);
/** A frame's SHA-256, as in the state of a one-shot run. */
const nameOf = (index: number): string => index.toString(16).padStart(64, '0');

/** @param nextProcess replaces the recorder before each frame */
function decideAll(
  rules: RecorderSettings,
  seen: readonly Step[],
  nextProcess = (recorder: EventRecorder<string>) => recorder,
): Decided<string>[] {
  let recorder = new EventRecorder<string>(rules);
  let nowMs = noonMs;
  const decided = seen.flatMap(({ letter, elapsedMs }, index) => {
    nowMs += elapsedMs;
    recorder = nextProcess(recorder);
    return recorder.push(nameOf(index), nowMs, detectionOf(letter), 100);
  });
  return [...decided, ...recorder.finish()];
}

const reasonsOf = (decided: readonly Decided<string>[]) =>
  decided.map(({ verdict }) => verdict.reason);

describe('EventRecorder', () => {
  it('decides on every frame once, in the order of capture', () => {
    fc.assert(
      fc.property(settings, steps(anyElapsed), (rules, seen) => {
        const frames = decideAll(rules, seen).map(({ frame }) => frame);
        expect(frames).toEqual(seen.map((_, index) => nameOf(index)));
      }),
      { numRuns: 500 },
    );
  });

  it('sends every first frame and every scene, and every change without --min-duration', () => {
    fc.assert(
      fc.property(settings, steps(anyElapsed), (rules, seen) => {
        const reasons = reasonsOf(decideAll(rules, seen));
        seen.forEach(({ letter }, index) => {
          if (letter === 'f') expect(reasons[index]).toBe('first');
          if (letter === 's') expect(reasons[index]).toBe('scene');
          if (letter === 'c' && rules.minDurationMs === 0) expect(reasons[index]).toBe('change');
          if (letter === 'q') expect(['first', 'scene', 'change']).not.toContain(reasons[index]);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('gives a reason for each frame that is sent, and an event for each frame of one', () => {
    fc.assert(
      fc.property(settings, steps(anyElapsed), (rules, seen) => {
        for (const { verdict } of decideAll(rules, seen)) {
          expect(isSent(verdict)).toBe(verdict.reason !== undefined);
          const isOfEvent = ['change', 'scene', 'before', 'after'].includes(verdict.reason ?? '');
          expect(verdict.event !== undefined).toBe(isOfEvent);
        }
      }),
    );
  });

  it('sends the frames directly before an event, up to --before', () => {
    fc.assert(
      fc.property(settings, steps(steady), (rules, seen) => {
        const decided = decideAll({ ...rules, minDurationMs: 0 }, seen);
        const events = decided.map(({ verdict }) => verdict.event);
        const reasons = reasonsOf(decided);
        decided.forEach(({ verdict }, index) => {
          const { event, changed } = verdict;
          if (!changed || event === undefined) return;
          const isFirst = !decided
            .slice(0, index)
            .some((d) => d.verdict.changed && d.verdict.event === event);
          if (!isFirst) return;
          const start = Math.max(0, index - rules.before);
          // Quiet frames within an earlier event were decided when that event continued.
          const since = seen.slice(0, index).findLastIndex(({ letter }) => letter !== 'q');
          for (let at = Math.max(start, since); at < index; at++) expect(reasons[at]).toBeDefined();
          const before = reasons.filter(
            (reason, at) => reason === 'before' && events[at] === event,
          );
          expect(before.length).toBeLessThanOrEqual(rules.before);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('sends the quiet frames after a change, up to --after', () => {
    fc.assert(
      fc.property(settings, steps(steady), (rules, seen) => {
        const reasons = reasonsOf(decideAll({ ...rules, minDurationMs: 0 }, seen));
        seen.forEach(({ letter }, index) => {
          if (letter !== 'q') return;
          const last = seen.slice(0, index).findLastIndex((step) => step.letter !== 'q');
          const isAfter = /[cs]/.test(seen[last]?.letter ?? '') && index - last <= rules.after;
          expect(reasons[index] === 'after').toBe(isAfter);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('sends a frame at least every --keep-every', () => {
    fc.assert(
      fc.property(settings, steps(steady), (rules, seen) => {
        fc.pre(rules.keepEveryMs > 0);
        const decided = decideAll({ ...rules, minDurationMs: 0 }, seen);
        let sinceSentMs = 0;
        for (const [index, { verdict }] of decided.entries()) {
          sinceSentMs += index === 0 ? 0 : (seen[index]?.elapsedMs ?? 0);
          if (isSent(verdict)) sinceSentMs = 0;
          expect(sinceSentMs).toBeLessThan(rules.keepEveryMs);
        }
      }),
    );
  });

  it('gives the same results when another process continues', () => {
    const nextProcess = (recorder: EventRecorder<string>, rules: RecorderSettings) => {
      const { state, buffered } = recorder;
      if (state === undefined) return recorder;
      const written = JSON.stringify(encodeRecorder({ state, buffered }));
      const kept = v.parse(keptRecorder, JSON.parse(written));
      return new EventRecorder(rules, kept.state, kept.buffered);
    };
    fc.assert(
      fc.property(settings, steps(anyElapsed), (rules, seen) => {
        const apart = decideAll(rules, seen, (recorder) => nextProcess(recorder, rules));
        expect(apart).toEqual(decideAll(rules, seen));
      }),
      { numRuns: 500 },
    );
  });

  it('continues without buffered frames that were lost between two processes', () => {
    fc.assert(
      fc.property(settings, steps(anyElapsed), (rules, seen) => {
        const decided = decideAll(
          rules,
          seen,
          ({ state }) => new EventRecorder<string>(rules, state),
        );
        const frames = decided.map(({ frame }) => frame);
        expect(frames).toEqual([...new Set(frames)].sort());
        if (rules.minDurationMs > 0) return;
        const sent = decided.flatMap(({ frame, verdict }) => (isSent(verdict) ? [frame] : []));
        const changes = seen.flatMap(({ letter }, index) =>
          letter === 'q' ? [] : [nameOf(index)],
        );
        expect(sent).toEqual(expect.arrayContaining(changes));
      }),
    );
  });
});
