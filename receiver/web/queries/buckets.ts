/** Frames in steps of the time line, from minutes or from frames one by one. Pure. */
import { frameFlags } from '../../archive/day-columns.js';
import type { DayRows } from './day-rows.js';
import type { Minutes } from './minutes.js';

const minuteMs = 60_000;

export class Buckets {
  readonly fromMs: number;
  readonly stepMs: number;
  readonly counts: number[];
  readonly changed: number[];
  readonly strengths: number[];

  constructor(fromMs: number, toMs: number, stepMs: number) {
    this.fromMs = fromMs;
    this.stepMs = stepMs;
    const length = Math.ceil((toMs - fromMs) / stepMs);
    this.counts = Array<number>(length).fill(0);
    this.changed = Array<number>(length).fill(0);
    this.strengths = Array<number>(length).fill(0);
  }

  /** Whether the steps are whole minutes: then `addMinutes` says the same as `addRows`. */
  get areMinutes(): boolean {
    return this.fromMs % minuteMs === 0 && this.stepMs % minuteMs === 0;
  }

  addMinutes({ start, counts, changed, strengths }: Minutes): void {
    for (let minute = 0; minute < counts.length; minute += 1) {
      if (counts[minute] === 0) continue;
      const atMs = (start + minute) * minuteMs;
      this.#add(atMs, counts[minute] ?? 0, changed[minute] ?? 0, strengths[minute] ?? 0);
    }
  }

  addRows(rows: DayRows): void {
    const { columns } = rows.index.columns;
    const endMs = this.fromMs + this.counts.length * this.stepMs;
    for (let place = rows.placeOf(this.fromMs); place < rows.order.length; place += 1) {
      const row = rows.order[place] ?? 0;
      const atMs = rows.at(row);
      if (atMs >= endMs) break;
      const isChanged = ((columns.flags[row] ?? 0) & frameFlags.changed) !== 0;
      this.#add(atMs, 1, isChanged ? 1 : 0, columns.strength[row] ?? 0);
    }
  }

  #add(atMs: number, count: number, changed: number, strength: number): void {
    const bucket = Math.floor((atMs - this.fromMs) / this.stepMs);
    const before = this.counts[bucket];
    if (before === undefined) return;
    this.counts[bucket] = before + count;
    this.changed[bucket] = (this.changed[bucket] ?? 0) + changed;
    if (strength > (this.strengths[bucket] ?? 0)) {
      this.strengths[bucket] = Math.round(strength * 100) / 100;
    }
  }
}
