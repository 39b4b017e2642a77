/** Counts the outcomes of one sequence, and collects its events. Pure. */
import type { Box } from '../events/verdict.js';
import type { Outcome } from './trial.js';

export interface EventTally {
  /** Capture times of the first and the last changed frame. */
  firstChangeAtMs: number;
  lastChangeAtMs: number;
  /** Name of the first changed frame. */
  firstChange: string;
  changed: number;
  sent: number;
  /** Of the frame with the largest change: its share of the picture, and its largest region. */
  largestRatio: number;
  largestBox: Box | undefined;
}

export class Tally {
  readonly events = new Map<string, EventTally>();
  /** Number of sent frames by reason. */
  readonly sentFor = new Map<string, number>();
  frames = 0;
  changed = 0;
  sent = 0;
  /** Frames that could not be decoded. */
  skipped = 0;
  /** Time to decode and analyse all frames, milliseconds. */
  totalMs = 0;

  note({ name, capturedAtMs, ms, verdict }: Outcome): void {
    this.frames += 1;
    this.totalMs += ms;
    if (verdict === undefined) {
      this.skipped += 1;
      return;
    }
    const { changed, reason, event, ratio, boxes } = verdict;
    if (changed) this.changed += 1;
    if (reason !== undefined) {
      this.sent += 1;
      this.sentFor.set(reason, (this.sentFor.get(reason) ?? 0) + 1);
    }
    if (event === undefined) return;
    const tally = this.events.get(event) ?? {
      firstChangeAtMs: capturedAtMs,
      lastChangeAtMs: capturedAtMs,
      firstChange: name,
      changed: 0,
      sent: 0,
      largestRatio: 0,
      largestBox: undefined,
    };
    this.events.set(event, tally);
    if (reason !== undefined) tally.sent += 1;
    if (!changed) return;
    if (tally.changed === 0) {
      tally.firstChangeAtMs = capturedAtMs;
      tally.firstChange = name;
    }
    tally.changed += 1;
    tally.lastChangeAtMs = capturedAtMs;
    if (ratio > tally.largestRatio) {
      tally.largestRatio = ratio;
      tally.largestBox = boxes[0];
    }
  }
}
