/** The days of one camera for the time line: which of them touch a stretch, their summaries, their states. */
import type { Offset } from '../../archive/camera-zone.js';
import type { Stretch } from '../../archive/day-line.js';
import type { DayAnswer, MomentState, TimelineAnswer } from '../api-types.js';
import { Buckets } from './buckets.js';
import type { DayStore } from './day-store.js';
import type { DaySummary, ReportMoment } from './day-summary.js';
import { type CameraFacts, coarse, dayAt, statesOf, windowOf } from './states.js';

/** A local time is at most so far from UTC. */
const maxOffsetMs = 24 * 3_600_000;

const noOffset: readonly Offset[] = [{ fromMs: 0, utcOffsetMinutes: 0 }];

export class CameraTimeline {
  readonly #store: DayStore;
  readonly camera: string;
  readonly #days: readonly string[];

  constructor(store: DayStore, camera: string, days: readonly string[]) {
    this.#store = store;
    this.camera = camera;
    this.#days = days;
  }

  static async open(store: DayStore, camera: string): Promise<CameraTimeline> {
    return new CameraTimeline(store, camera, await store.days(camera));
  }

  get days(): readonly string[] {
    return this.#days;
  }

  /** Names of the days that may have a moment of a stretch. */
  near(fromMs: number, toMs: number): string[] {
    const [first, last] = daysAround(fromMs, toMs);
    return this.#days.filter((day) => first <= day && day <= last);
  }

  /** As `near`, and one day more on each side: a report or an event reaches over midnight. */
  around(fromMs: number, toMs: number): string[] {
    return this.#from(...daysAround(fromMs, toMs));
  }

  /** @throws a system error */
  async timeline(
    fromMs: number,
    toMs: number,
    stepMs: number,
    nowMs: number,
  ): Promise<TimelineAnswer> {
    const buckets = new Buckets(fromMs, toMs, stepMs);
    for (const day of this.near(fromMs, toMs)) {
      const summary = await this.#store.summary(this.camera, day);
      if (summary?.span === undefined) continue;
      if (summary.span.toMs < fromMs || summary.span.fromMs >= toMs) continue;
      if (buckets.areMinutes) buckets.addMinutes(summary.minutes);
      else {
        const rows = await this.#store.rows(this.camera, day);
        if (rows !== undefined) buckets.addRows(rows);
      }
    }
    const summaries = await this.#summaries(this.around(fromMs, toMs));
    const stretches = statesOf(summaries, await this.facts(), { fromMs, toMs, nowMs });
    const { counts, changed, strengths } = buckets;
    return {
      ...{ camera: this.camera, from: fromMs, to: toMs, step: stepMs, counts, changed, strengths },
      states: coarse(stretches, stepMs).map((each) => ({
        ...{ from: each.fromMs, to: each.toMs, state: each.state },
        ...{ cause: each.cause ?? null, why: each.why ?? null },
      })),
      offsets: offsetsOf(summaries, fromMs, toMs),
    };
  }

  /** Days with a record between two of them, both included. @throws a system error */
  async dayAnswers(first: string, last: string, nowMs: number): Promise<DayAnswer[]> {
    const facts = await this.facts();
    const answers: DayAnswer[] = [];
    for (const day of this.#days.filter((each) => first <= each && each <= last)) {
      const summary = await this.#store.summary(this.camera, day);
      if (summary === undefined) continue;
      const around = await this.#summaries(this.#from(day, day));
      const window = windowOf(day, offsetsFor(around));
      answers.push({
        ...{ day: day.replaceAll('_', '-'), from: window.fromMs, to: window.toMs },
        ...{ frames: summary.frames, changed: summary.changed, events: summary.events },
        strongest: Math.round(summary.strongest * 100) / 100,
        states: durationsOf(statesOf(around, facts, { ...window, nowMs })),
      });
    }
    return answers;
  }

  /** What holds for the camera as a whole: its newest and its first day say it. @throws a system error */
  async facts(): Promise<CameraFacts> {
    const [first] = await this.#summaries(this.#days.slice(0, 1));
    const latest = await this.#summaries(this.#days.slice(-2));
    const newest = latest.findLast(({ lastReport }) => lastReport !== undefined);
    return {
      reportedToMs: newest?.lastReport?.toMs,
      clockErrorMs: newest?.lastArrived?.clockErrorMs,
      newSinceMs: first?.isBeginning === true ? first.firstReport?.fromMs : undefined,
      doesReport: newest !== undefined || first?.firstReport !== undefined,
    };
  }

  /** Of its newest days: the report that arrived last, and the offset. @throws a system error */
  async newest(): Promise<{ report: ReportMoment | undefined; offset: number }> {
    const latest = await this.#summaries(this.#days.slice(-2));
    return {
      report: latest.findLast(({ lastArrived }) => lastArrived !== undefined)?.lastArrived,
      offset: offsetsFor(latest).at(-1)?.utcOffsetMinutes ?? 0,
    };
  }

  /** The days from one to another, and one more on each side. */
  #from(first: string, last: string): string[] {
    const before = this.#days.filter((day) => day < first).slice(-1);
    const days = this.#days.filter((day) => first <= day && day <= last);
    const after = this.#days.filter((day) => day > last).slice(0, 1);
    return [...before, ...days, ...after];
  }

  async #summaries(days: readonly string[]): Promise<DaySummary[]> {
    const summaries: DaySummary[] = [];
    for (const day of days) {
      const summary = await this.#store.summary(this.camera, day);
      if (summary !== undefined) summaries.push(summary);
    }
    return summaries;
  }
}

/** The first and the last local day that may have a moment of a stretch. */
function daysAround(fromMs: number, toMs: number): [first: string, last: string] {
  return [dayAt(fromMs - maxOffsetMs), dayAt(toMs + maxOffsetMs)];
}

const offsetsFor = (summaries: readonly DaySummary[]): readonly Offset[] => {
  const offsets = summaries.flatMap((each) => each.offsets);
  return offsets.length > 0 ? offsets : noOffset;
};

function offsetsOf(summaries: readonly DaySummary[], fromMs: number, toMs: number) {
  const all = offsetsFor(summaries);
  const inside = all.filter((each) => each.fromMs > fromMs && each.fromMs < toMs);
  const first = all.findLast((each) => each.fromMs <= fromMs) ?? all[0];
  return [...(first === undefined ? [] : [first]), ...inside]
    .filter((each, place, list) => list[place - 1]?.utcOffsetMinutes !== each.utcOffsetMinutes)
    .map((each) => ({ from: each.fromMs, offset: each.utcOffsetMinutes }));
}

function durationsOf(stretches: readonly Stretch[]): Record<MomentState, number> {
  const durations = { quiet: 0, changed: 0, 'not-watched': 0, unknown: 0, before: 0 };
  for (const { state, fromMs, toMs } of stretches) durations[state] += toMs - fromMs;
  return durations;
}
