/** What a running receiver says about its sweeps. */
import type { SweepResult } from './sweep.js';

export interface WaitingSweep {
  readonly frames: number;
  readonly storeFrames: number;
  readonly limits: string;
  /** When it goes ahead. */
  readonly endMs: number;
}

export interface SweepReport {
  readonly onSwept: (result: SweepResult) => void;
  readonly onWaiting: (waiting: WaitingSweep) => void;
  readonly onLeft: (sentence: string) => void;
  readonly onFailure: (error: unknown) => void;
}

/** A sweep that deletes nothing is not worth a line. */
export function reportSweep({ onSwept, onLeft }: SweepReport, result: SweepResult): void {
  if (result.frames > 0) onSwept(result);
  for (const sentence of result.left) onLeft(sentence);
}
