/** The plan of a sweep against a model that has all frames at once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Needs } from '../../../../receiver/archive/retention/limits.js';
import type { PlanDay, PlanFrame } from '../../../../receiver/archive/retention/chosen-frames.js';
import { type SweepPlan, planSweep } from '../../../../receiver/archive/retention/plan.js';

interface GivenDay extends PlanDay {
  readonly frames: readonly PlanFrame[];
}

const dayMs = 86_400_000;
const startMs = Date.UTC(2026, 9, 1);

/** Days of cameras, whose frames are in random order; equal times and events of several days occur. */
const givenDays = fc
  .array(
    fc.record({
      camera: fc.constantFrom('yard', 'door'),
      day: fc.nat(5),
      isUnclocked: fc.boolean(),
      frames: fc.array(
        fc.record({
          offsetMs: fc.integer({ min: 0, max: dayMs - 1 }).map((ms) => ms - (ms % 600_000)),
          blocks: fc.integer({ min: 1, max: 20 }),
          event: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
        }),
        { maxLength: 12 },
      ),
      earlyMs: fc.nat(dayMs / 2),
    }),
    { maxLength: 12 },
  )
  .map((days): GivenDay[] => {
    const unique = new Map(
      days.map((each) => [`${each.camera} ${each.day} ${each.isUnclocked}`, each]),
    );
    return [...unique.values()].map(({ camera, day, isUnclocked, frames, earlyMs }) => {
      const fromMs = startMs + day * dayMs;
      const made = frames.map(({ offsetMs, blocks, event }, index) => ({
        name: `${camera}-${day}-${isUnclocked}-${String(index).padStart(2, '0')}.jpg`,
        atMs: fromMs + offsetMs,
        byteCount: blocks * 4000,
        diskBytes: blocks * 4096,
        event,
      }));
      const first = Math.min(...made.map(({ atMs }) => atMs), fromMs + dayMs);
      const path = `${camera}/${isUnclocked ? 'unclocked/' : ''}${day}`;
      return { camera, path, isUnclocked, frames: made, earliestMs: first - (earlyMs % 1000) };
    });
  });

const bytes = fc.oneof(
  fc.constant(0),
  fc.nat(40).map((blocks) => blocks * 4096),
);
const need = fc.record({ bytes, spareBytes: fc.nat(20).map((blocks) => blocks * 4096) });
const givenNeeds = fc
  .record({
    ofYard: need,
    ofAll: need,
    ofDisk: need,
    ageDays: fc.option(fc.nat(6), { nil: undefined }),
  })
  .map(({ ofYard, ofAll, ofDisk, ageDays }): Needs => {
    const cutoffMs = () => (ageDays === undefined ? -Infinity : startMs + ageDays * dayMs - 7_000);
    return {
      ...{ cutoffMs, searchBeforeMs: cutoffMs, ofAll, ofDisk },
      ofCamera: new Map(ofYard.bytes > 0 ? [['yard', ofYard]] : []),
    };
  });

function run(days: readonly GivenDay[], needs: Needs, maxFrames = Infinity) {
  const planning = planSweep(days, needs, maxFrames);
  const loaded: string[] = [];
  let step = planning.next();
  while (step.done !== true) {
    const { value } = step;
    loaded.push(value.path);
    step = planning.next(days.find(({ path }) => path === value.path)?.frames ?? []);
  }
  return { plan: step.value, loaded };
}

const names = ({ parts }: SweepPlan): string[] =>
  parts.flatMap(({ frames }) => frames.map(({ name, why }) => `${name} ${why}`)).sort();

/** All frames in one list, sorted and searched anew for each group. */
function model(days: readonly GivenDay[], needs: Needs): string[] {
  type Row = PlanFrame & { readonly day: GivenDay };
  let rows: Row[] = days.flatMap((day) => day.frames.map((frame) => ({ ...frame, day })));
  const order = days.map(({ camera, isUnclocked }) => `${camera} ${isUnclocked}`);
  const laneOf = ({ day }: Row): number => order.indexOf(`${day.camera} ${day.isUnclocked}`);
  rows.sort(
    (one, other) =>
      one.atMs - other.atMs || laneOf(one) - laneOf(other) || (one.name < other.name ? -1 : 1),
  );
  const gone: string[] = [];
  const sum = (group: readonly Row[]): number =>
    group.reduce((all, { diskBytes }) => all + diskBytes, 0);
  const left = {
    yard: needs.ofCamera.get('yard')?.bytes ?? 0,
    all: needs.ofAll.bytes,
    disk: needs.ofDisk.bytes,
  };
  const remove = (group: readonly Row[], why: string): void => {
    rows = rows.filter((row) => !group.includes(row));
    gone.push(...group.map(({ name }) => `${name} ${why}`));
    if (group[0]?.day.camera === 'yard') left.yard -= sum(group);
    left.all -= sum(group);
    left.disk -= sum(group);
  };
  const groupOf = (first: Row): Row[] => {
    const own = rows.filter(({ day }) => day === first.day);
    const from = own.slice(own.indexOf(first));
    const end = from.findIndex(
      ({ event, atMs }) =>
        event === undefined || event !== first.event || atMs - first.atMs >= 3_600_000,
    );
    return end === 0 ? [first] : from.slice(0, end < 0 ? undefined : end);
  };
  for (const lane of new Set(rows.map(laneOf))) {
    for (;;) {
      const first = rows.find((row) => laneOf(row) === lane);
      const group = first === undefined ? [] : groupOf(first);
      if (!group.every(({ atMs }) => atMs < needs.cutoffMs('yard')) || group.length === 0) break;
      remove(group, 'max-age');
    }
  }
  const takeMuch = (
    fits: (row: Row) => boolean,
    wanted: () => { bytes: number; spareBytes: number; why: string },
  ) => {
    for (let want = wanted(); want.bytes > 0; want = wanted()) {
      const first = rows.find(fits);
      if (first === undefined) return;
      let group = groupOf(first);
      if (sum(group) > want.bytes + want.spareBytes) {
        while (sum(group.slice(0, -1)) >= want.bytes) group = group.slice(0, -1);
      }
      remove(group, want.why);
    }
  };
  takeMuch(
    ({ day }) => day.camera === 'yard',
    () => ({
      bytes: left.yard,
      spareBytes: needs.ofCamera.get('yard')?.spareBytes ?? 0,
      why: 'max-size',
    }),
  );
  takeMuch(
    () => true,
    () =>
      left.all >= left.disk
        ? { ...needs.ofAll, bytes: left.all, why: 'max-size' }
        : { ...needs.ofDisk, bytes: left.disk, why: 'min-free' },
  );
  return gone.sort();
}

describe('the plan of a sweep', () => {
  it('is what a model with all frames at once deletes', () => {
    fc.assert(
      fc.property(givenDays, givenNeeds, (days, needs) => {
        expect(names(run(days, needs).plan)).toEqual(model(days, needs));
      }),
      { numRuns: 500 },
    );
  });

  it('frees what is needed, at most the spare bytes more, and says what is missing', () => {
    fc.assert(
      fc.property(givenDays, need, (days, ofAll) => {
        const none = { bytes: 0, spareBytes: 0 };
        const never = () => -Infinity;
        const needs = {
          cutoffMs: never,
          searchBeforeMs: never,
          ofCamera: new Map(),
          ofAll,
          ofDisk: none,
        };
        const { plan } = run(days, needs);
        const all = days
          .flatMap(({ frames }) => frames)
          .reduce((sum, { diskBytes }) => sum + diskBytes, 0);
        expect(plan.diskBytes + plan.shortBytes.ofAll).toBeGreaterThanOrEqual(ofAll.bytes);
        expect(plan.diskBytes).toBeLessThan(ofAll.bytes + ofAll.spareBytes + 21 * 4096);
        expect(plan.shortBytes.ofAll).toBe(Math.max(0, ofAll.bytes - all));
      }),
    );
  });

  it('loads no day that it does not need', () => {
    const frames = (at: number): PlanFrame[] => [
      {
        name: `${at}.jpg`,
        atMs: startMs + at * dayMs,
        byteCount: 4000,
        diskBytes: 4096,
        event: undefined,
      },
    ];
    const days = [0, 1, 2, 3].map((day) => ({
      ...{ camera: 'yard', path: `yard/${day}`, isUnclocked: false },
      ...{ earliestMs: startMs + day * dayMs, frames: frames(day) },
    }));
    const none = { bytes: 0, spareBytes: 0 };
    const cutoffMs = () => startMs + 1.5 * dayMs;
    const needs = {
      cutoffMs,
      searchBeforeMs: cutoffMs,
      ofCamera: new Map(),
      ofAll: none,
      ofDisk: none,
    };
    expect(run(days, needs).loaded).toEqual(['yard/0', 'yard/1']);
    const late = { ...needs, searchBeforeMs: () => startMs };
    expect(run(days, late).loaded).toEqual([]);
  });

  it('lists the first frames only, and counts all', () => {
    fc.assert(
      fc.property(givenDays, givenNeeds, fc.nat(10), (days, needs, maxFrames) => {
        const whole = run(days, needs).plan;
        const cut = run(days, needs, maxFrames).plan;
        expect(cut.frameCount).toBe(whole.frameCount);
        expect(cut.isWhole).toBe(whole.frameCount <= maxFrames);
        expect(names(cut)).toHaveLength(Math.min(maxFrames, whole.frameCount));
        const counted = cut.parts.flatMap(({ counts }) => [...counts.values()]);
        expect(counted.reduce((sum, { frames }) => sum + frames, 0)).toBe(whole.frameCount);
      }),
    );
  });
});
