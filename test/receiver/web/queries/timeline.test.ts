/** The time line: its steps have what the frames have; its states are those of `receiver report`. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCaptures, readCamera } from '../../../../receiver/archive/captures-reader.js';
import { type GivenFrame, MadeRecords, givenFrames, startMs } from './made-records.js';

const camera = 'yard';
const minuteMs = 60_000;
const dayMs = 86_400_000;

describe('the time line', () => {
  it('counts the frames of each step, in whole minutes and in others', async () => {
    const step = fc.oneof(
      fc.integer({ min: 1, max: 90 }).map((minutes) => minutes * minuteMs),
      fc.integer({ min: 100_000, max: 7_000_000 }),
    );
    const start = fc
      .integer({ min: -600, max: 3000 })
      .map((minutes) => startMs + minutes * minuteMs);
    await fc.assert(
      fc.asyncProperty(givenFrames, step, start, async (given, stepMs, fromMs) => {
        fc.pre(given.length > 0);
        const records = new MadeRecords();
        records.add(given);
        const toMs = fromMs + 40 * stepMs;
        const queries = await records.queries();
        const answer = await queries.timeline({ camera, fromMs, toMs }, stepMs);
        const steps = Array.from({ length: 40 }, (_, index) =>
          records.there.filter((each) => Math.floor((each.atMs - fromMs) / stepMs) === index),
        );
        expect(answer.counts).toEqual(steps.map((frames) => frames.length));
        expect(answer.changed).toEqual(
          steps.map((frames) => frames.filter((f) => f.changed).length),
        );
        expect(answer.strengths).toEqual(
          steps.map((frames) => Math.max(0, ...frames.map(({ strength = 0 }) => strength))),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('has the states that the report of the day has', async () => {
    const spans = fc.array(
      fc.record({
        state: fc.constantFrom('watching' as const, 'failing' as const, 'off' as const),
        minutes: fc.integer({ min: 1, max: 400 }),
        holeMinutes: fc.constantFrom(0, 0, 0, 30, 700),
      }),
      { minLength: 1, maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(givenFrames, spans, fc.boolean(), async (given, parts, isNew) => {
        const records = new MadeRecords(isNew ? 1 : 500);
        // The report of a day reads one day before it: no event here is longer.
        const eventOf = ({ atMs, event }: GivenFrame): string | undefined =>
          event && `${event}-${Math.floor(atMs / 21_600_000)}`;
        records.add(
          given.map((each) => {
            return { ...each, utcOffsetMinutes: 0, isDeleted: false, event: eventOf(each) };
          }),
        );
        let [endMs, sequence] = [startMs, isNew ? 1 : 7];
        for (const { state, minutes, holeMinutes } of parts) {
          endMs += minutes * minuteMs;
          records.report(
            endMs,
            (sequence += 1) - 1 + (isNew ? 0 : 1000),
            state,
            minutes * minuteMs,
          );
          endMs += holeMinutes * minuteMs;
        }
        const nowMs = Math.max(endMs, startMs + 60 * 3_600_000) + 5 * minuteMs;
        const queries = await records.queries(nowMs);
        const captures = await openCaptures(records.directory);
        try {
          const { days } = await queries.days(camera, '2026-11-18', '2026-12-10');
          for (const day of days) {
            const fromLocalMs = Date.parse(`${day.day}T00:00Z`);
            const report = await readCamera(captures, camera, {
              range: { fromLocalMs, toLocalMs: fromLocalMs + dayMs },
              ...{ nowMs, utcOffsetMinutes: 0 },
            });
            const { frames, events, durationsMs, fromMs, toMs } = report;
            expect(day).toMatchObject({ from: fromMs, to: toMs, frames: frames.count });
            expect(day.changed).toBe(frames.changed);
            // The report of a day does not read the earlier ones, which may have the only reports.
            if (!report.doesReport) continue;
            expect(day.states).toEqual(durationsMs);
            const answer = await queries.events({ camera, fromMs, toMs }, 500);
            expect(
              answer.events.map(({ event, first, last, frames: count, state }) => ({
                ...{ event, firstAtMs: first, lastAtMs: last, frames: count, state },
              })),
            ).toEqual(events);
          }
        } finally {
          await captures.close();
        }
      }),
      { numRuns: 30 },
    );
  });

  it('believes reports that an agent ran, not one that was restored from an older copy', async () => {
    const records = new MadeRecords();
    const end = (minutes: number): number => startMs + minutes * minuteMs;
    for (const nth of [1, 2, 3]) records.report(end(10 * nth), nth, 'watching', 10 * minuteMs);
    records.report(end(40), 2, 'off', 30 * minuteMs);
    const queries = await records.queries(end(40));
    const stretch = { camera, fromMs: startMs, toMs: end(40) };
    expect((await queries.timeline(stretch, 1000)).states).toEqual([
      { from: startMs, to: end(30), state: 'quiet', cause: null, why: null },
      { from: end(30), to: end(40), state: 'not-watched', cause: 'off', why: null },
    ]);
  });

  it('shows what a step can show: a short change is watched, a longer outage stays', async () => {
    const records = new MadeRecords();
    records.report(startMs + 10 * minuteMs, 1, 'watching', 10 * minuteMs);
    records.report(startMs + 12 * minuteMs, 2, 'failing', 2 * minuteMs);
    records.report(startMs + 30 * minuteMs, 3, 'watching', 18 * minuteMs);
    const common = { strength: 2, lines: 1, isDeleted: false, isKept: false };
    const moments = [startMs + 20 * minuteMs, startMs + 20 * minuteMs + 5000];
    records.add(
      moments.map((atMs) => ({ ...common, atMs, event: 'a', utcOffsetMinutes: 0, changed: true })),
    );
    const queries = await records.queries(startMs + 30 * minuteMs);
    const stretch = { camera, fromMs: startMs, toMs: startMs + 30 * minuteMs };
    const states = async (stepMs: number) =>
      (await queries.timeline(stretch, stepMs)).states.map((each) => each.state);
    expect(await states(1000)).toEqual(['quiet', 'not-watched', 'quiet', 'changed', 'quiet']);
    expect(await states(minuteMs)).toEqual(['quiet', 'not-watched', 'quiet']);
    expect(await states(10 * minuteMs)).toEqual(['quiet']);
  });

  it('refuses more steps than it draws', async () => {
    const records = new MadeRecords();
    records.append('yard/2026_11_20', '');
    const queries = await records.queries();
    await expect(
      queries.timeline({ camera, fromMs: 0, toMs: 3001 * minuteMs }, minuteMs),
    ).rejects.toMatchObject({ code: 'bad-request' });
  });
});
