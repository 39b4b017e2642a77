/** What the agent says of each frame of a sequence. */
import { OperationalError } from '../../../shared/cli/errors.js';
import { medianGapMs } from '../../../agent/replay/frame-times.js';
import { type Outcome, Trial, type TrialSettings } from '../../../agent/replay/trial.js';
import type { Sequence } from './sequence.js';

/** The agent, each setting with a judge of its own, all on one decoded picture. */
export function decideWithAll(sequence: Sequence, settings: readonly TrialSettings[]): boolean[][] {
  // As for the watching agent.
  const gapMs = 3 * medianGapMs(sequence.capturedAtMs);
  const trials = settings.map(
    (each) => new Trial({ ...each, eventGapMs: Math.max(each.eventGapMs, gapMs) }),
  );
  const outcomes = settings.map((): Outcome[] => []);
  for (const [index, capturedAtMs] of sequence.capturedAtMs.entries()) {
    const picture = look(sequence, index);
    for (const [which, trial] of trials.entries()) {
      const outcome = { name: '', capturedAtMs, ms: 0 };
      if (typeof picture === 'string') trial.pass({ ...outcome, error: picture });
      else trial.take(outcome, picture, 0);
      outcomes[which]!.push(...trial.decided());
    }
  }
  return trials.map((trial, which) =>
    [...outcomes[which]!, ...trial.finish()].map(({ verdict }) => verdict?.changed ?? false),
  );
}

function look(sequence: Sequence, index: number) {
  try {
    return sequence.small(index);
  } catch (error) {
    if (error instanceof OperationalError) return error.message;
    throw error;
  }
}
