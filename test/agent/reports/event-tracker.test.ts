/** The ends of events, against the verdicts of a real event recorder. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventRecorder } from '../../../agent/events/event-recorder.js';
import { type Verdict, isSent } from '../../../agent/events/verdict.js';
import { EventTracker } from '../../../agent/reports/event-tracker.js';
import type { EndedEvent } from '../../../shared/protocol/report-header.js';
import { detectionOf, noonMs, settingsOf } from '../events/detections.js';

interface Judged {
  readonly atMs: number;
  readonly verdict: Verdict;
}

/** One frame a second for each letter. */
function judge(letters: string, changes: Parameters<typeof settingsOf>[0] = {}): Judged[] {
  const recorder = new EventRecorder<number>(settingsOf(changes));
  const decided = Array.from(letters, (letter, index) => {
    const atMs = noonMs + index * 1000;
    return recorder.push(atMs, atMs, detectionOf(letter));
  }).flat();
  return [...decided, ...recorder.finish()].map(({ frame, verdict }) => ({ atMs: frame, verdict }));
}

/** @returns the ended events, each with the time of the frame after which it was ended */
function track(frames: readonly Judged[], eventGapMs = 4000) {
  const tracker = new EventTracker(eventGapMs);
  const ended: (EndedEvent & { readonly byMs: number })[] = [];
  for (const { atMs, verdict } of frames) {
    const event = tracker.judged(atMs, verdict);
    if (event !== undefined) ended.push({ ...event, byMs: atMs });
  }
  return { ended, tracker };
}

const at = (second: number): number => noonMs + second * 1000;

describe('an event', () => {
  it('ends with the first frame that is the event gap after its last change', () => {
    const { ended, tracker } = track(judge('fqqcqcqqqqqq', { after: 1 }));
    expect(ended).toEqual([
      { event: String(at(3)), firstAtMs: at(3), lastAtMs: at(5), frames: 4, byMs: at(9) },
    ]);
    expect(tracker.open).toBeUndefined();
  });

  it('ends when another one begins', () => {
    const frames = judge('fcqqqqc', { before: 2 });
    const { ended, tracker } = track(frames, 10_000);
    expect(ended).toEqual([
      { event: String(at(1)), firstAtMs: at(1), lastAtMs: at(1), frames: 1, byMs: at(4) },
    ]);
    expect(tracker.open).toMatchObject({ event: String(at(6)), frames: 3, firstAtMs: at(6) });
  });

  it('is ended with the agent, or by the next one when the agent was killed', () => {
    const { tracker } = track(judge('fcc'));
    const open = tracker.open ?? expect.unreachable();
    expect(new EventTracker(4000, open).finish(true)).toEqual({
      ...{ event: String(at(1)), firstAtMs: at(1), lastAtMs: at(2), frames: 2, isCut: true },
    });
    expect(tracker.finish()).not.toHaveProperty('isCut');
    expect(tracker.finish()).toBeUndefined();
  });

  it('ends exactly once, after its last frame, with its counts', () => {
    const letters = fc.array(fc.constantFrom('q', 'q', 'q', 'q', 'q', 'c', 'c', 's'), {
      maxLength: 80,
    });
    const settings = fc.record({
      minDurationMs: fc.constantFrom(0, 3000),
      before: fc.nat(3),
      after: fc.nat(3),
      keepEveryMs: fc.constantFrom(0, 4000),
    });
    fc.assert(
      fc.property(letters, settings, (each, changes) => {
        const frames = judge(`f${each.join('')}`, changes);
        const { ended, tracker } = track(frames);
        const rest = tracker.finish();
        const all = rest === undefined ? ended : [...ended, { ...rest, byMs: Infinity }];
        const ids = new Set(frames.flatMap(({ verdict }) => verdict.event ?? []));
        expect(all.map(({ event }) => event)).toEqual([...ids]);
        for (const { event, firstAtMs, lastAtMs, frames: count, byMs } of all) {
          const own = frames.filter(({ verdict }) => verdict.event === event);
          const changed = own.filter(({ verdict }) => verdict.changed);
          expect(count).toBe(own.filter(({ verdict }) => isSent(verdict)).length);
          expect([firstAtMs, lastAtMs]).toEqual([changed[0]?.atMs, changed.at(-1)?.atMs]);
          expect(own.at(-1)?.atMs).toBeLessThan(byMs);
        }
      }),
    );
  });
});
