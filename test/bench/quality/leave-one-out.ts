/** Judges each sequence by what is chosen on the others, so that no sequence has a part in its own result. Pure. */
import { type Score, macro } from './score.js';

export interface LeftOut {
  /** By sequence: the choice that is best on the others, its index. */
  readonly chosen: readonly number[];
  /** By sequence: its score with that choice. */
  readonly scores: readonly Score[];
}

/**
 * @param scores by sequence, then by choice; each sequence has as many
 * @returns the first of the choices that are best on the others, by the mean of recall less false-alarm rate
 */
export function leaveOneOut(scores: readonly (readonly Score[])[]): LeftOut {
  const choices = scores[0]?.length ?? 0;
  const chosen = scores.map((_, leftOut) => {
    const others = scores.toSpliced(leftOut, 1);
    const gains = Array.from({ length: choices }, (_unused, choice) => {
      const gain = macro(
        others.map((each) => each[choice]!),
        'gain',
      );
      return gain ?? 0;
    });
    return gains.indexOf(Math.max(...gains));
  });
  return { chosen, scores: chosen.map((choice, index) => scores[index]![choice]!) };
}
