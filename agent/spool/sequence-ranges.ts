/** Sets of sequences as ascending, disjoint ranges, as in a `dropped` message. Pure. */
import type { SequenceRange } from '../../shared/protocol/messages.js';

/** @param ranges ascending @returns the ranges with this sequence added */
export function withSequence(ranges: readonly SequenceRange[], sequence: number): SequenceRange[] {
  const before = ranges.filter(([, last]) => last < sequence - 1);
  const after = ranges.filter(([first]) => first > sequence + 1);
  const touching = ranges.slice(before.length, ranges.length - after.length);
  const first = Math.min(sequence, ...touching.map(([start]) => start));
  const last = Math.max(sequence, ...touching.map(([, end]) => end));
  return [...before, [first, last], ...after];
}

export function countIn(ranges: readonly SequenceRange[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

export function includes(ranges: readonly SequenceRange[], sequence: number): boolean {
  return ranges.some(([first, last]) => first <= sequence && sequence <= last);
}
