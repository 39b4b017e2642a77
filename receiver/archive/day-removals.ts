/** What of a camera's day is gone on purpose, by the notes of its records. Pure. */
import { parseFrameName } from '../../shared/protocol/frame-path.js';
import type { StoreNote, SummaryNote } from '../store/store-note.js';

export interface RemovedLines {
  readonly fromMs: number;
  readonly toMs: number;
  /** When the newest of them were taken out of the record. */
  readonly atMs: number;
  /** `deleted` or `erased`. */
  readonly why: string;
  readonly frames: number;
  readonly gaps: number;
  readonly reports: number;
}

export interface Removals {
  /** Frames whose lines are in the record, and whose files are deleted. */
  readonly deletedFrames: number;
  /** Lines that a summary stands for. */
  readonly summaries: readonly RemovedLines[];
}

export class DayRemovals {
  readonly #deleted = new Set<string>();
  readonly #summaries = new Map<string, SummaryNote>();

  /** @param isIn whether a capture belongs to the day */
  add(note: StoreNote, isIn: (atMs: number, utcOffsetMinutes: number) => boolean): void {
    if (note.kind === 'deleted') {
      for (const name of note.names) {
        const moment = parseFrameName(name);
        if (moment && isIn(moment.capturedAtMs, moment.utcOffsetMinutes)) this.#deleted.add(name);
      }
    }
    if (note.kind !== 'summary') return;
    // One that needs several lines has its counts in the first of them.
    if (note.frames + note.gaps + note.reports === 0) return;
    this.#summaries.set(JSON.stringify([note.why, note.fromMs, note.toMs]), note);
  }

  /** Whether lines of reports were taken out: the camera reports. */
  get hasReports(): boolean {
    return [...this.#summaries.values()].some(({ reports }) => reports > 0);
  }

  /** @param fromMs start and end of the day */
  result(fromMs: number, toMs: number): Removals {
    const own = [...this.#summaries.values()].filter((each) => {
      // Its lines are of one day's folder.
      const middleMs = (each.fromMs + each.toMs) / 2;
      return fromMs <= middleMs && middleMs < toMs;
    });
    const summaries = own.map(({ fromMs: from, toMs: to, ...note }) => ({
      ...{ fromMs: from, toMs: to, atMs: note.atMs, why: note.why },
      ...{ frames: note.frames, gaps: note.gaps, reports: note.reports },
    }));
    summaries.sort((a, b) => a.fromMs - b.fromMs);
    return { deletedFrames: this.#deleted.size, summaries };
  }
}
