/** Kills between any two file calls: each time is stated once, and each event ends once. */
import type * as Files from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { CameraDay, minuteMs } from './camera-day.js';

const { faults } = await vi.hoisted(async () => {
  const { Faults } = await import('../../support/faulty-files.js');
  return { faults: new Faults() };
});
vi.mock('node:fs/promises', async (original) => {
  const { faultyFiles } = await import('../../support/faulty-files.js');
  return faultyFiles(await original<typeof Files>(), faults);
});

type Step =
  | { readonly what: 'watch' | 'event' | 'fail' | 'cut' | 'link' | 'no answers' | 'answers' }
  | { readonly what: 'kill in'; readonly calls: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    what: fc.constantFrom<'watch' | 'event' | 'fail'>('watch', 'event', 'fail'),
  }),
  fc.record({
    what: fc.constantFrom<'cut' | 'link' | 'no answers' | 'answers'>(
      ...(['cut', 'link', 'link', 'no answers', 'answers'] as const),
    ),
  }),
  fc.record({ what: fc.constant('kill in' as const), calls: fc.nat(60) }),
);

let events = 0;

async function take(day: CameraDay, { what }: Step): Promise<void> {
  switch (what) {
    case 'watch':
      return day.watch(90_000);
    case 'event':
      return day.watch(70_000, `e${(events += 1)}`);
    case 'fail':
      await day.pass(30_000);
      return day.fail();
    case 'cut':
      return day.link(false);
    case 'link':
      return day.link(true);
    case 'no answers':
    case 'answers':
      day.isAnswering = what === 'answers';
      return undefined;
    case 'kill in':
      return undefined;
  }
}

/** Runs the step, or until the process is killed; then the next process starts. */
async function survive(day: CameraDay, one: Step): Promise<void> {
  let onKilled = (): void => undefined;
  const killed = new Promise<'killed'>((resolve) => (onKilled = () => resolve('killed')));
  if (one.what === 'kill in') {
    faults.killIn(one.calls, () => killers.get(day)?.());
    return;
  }
  killers.set(day, onKilled);
  if ((await Promise.race([take(day, one), killed])) !== 'killed') return;
  day.abandon();
  // A call that was made before the kill ends, and no other one follows.
  await setTimeout(20);
  faults.reset();
  await day.clock.advance(20_000);
  await day.start();
}

const killers = new Map<CameraDay, () => void>();

describe('reports over kills', () => {
  it('state each time once, and end each event once', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        faults.reset();
        events = 0;
        const day = new CameraDay();
        await day.start();
        await day.watch(10_000);
        for (const one of steps) await survive(day, one);
        faults.reset();
        day.isAnswering = true;
        await day.link(true);
        await day.watch(2 * minuteMs);
        await day.stop();
        const reports = new Map(day.received.map(({ sequence, header }) => [sequence, header]));
        // An answer that a kill cut off makes the report come again, unchanged.
        for (const { sequence, header } of day.received) {
          expect(header).toEqual(reports.get(sequence));
        }
        const byTime = [...reports.values()].sort((a, b) => a.number - b.number);
        for (const [index, { fromMs, toMs }] of byTime.entries()) {
          expect(fromMs).toBeLessThanOrEqual(toMs);
          expect(fromMs).toBe(byTime[index - 1]?.toMs ?? fromMs);
        }
        const ended = byTime.flatMap((report) => report.ended ?? []);
        const ids = ended.map(({ event }) => event);
        expect(new Set(ids).size).toBe(ids.length);
        const compared = byTime.reduce((sum, report) => sum + report.compared, 0);
        expect(compared).toBeLessThanOrEqual(day.frames);
      }),
      { numRuns: Number(process.env.SPOOL_RUNS ?? 60), timeout: 30_000 },
    );
  });
});
