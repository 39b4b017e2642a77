/** Converts the options of `agent replay` to settings; the caller reads the mask file. Pure. */
import type { OptionValues } from '../../shared/cli/option-table.js';
import type { replayProgram } from './replay-options.js';
import type { ReplaySettings } from './replay-session.js';

export function settingsOf(
  options: OptionValues<typeof replayProgram.table>,
): Omit<ReplaySettings, 'mask'> {
  const { fps, sensitivity, minArea, absorb, eventGap, minDuration, before, after } = options;
  const { keepEvery, maxFrame, explain, tune, json } = options;
  return {
    ...{ fps, sensitivity, minArea, before, after, tune, json },
    absorbMs: absorb,
    eventGapMs: eventGap,
    minDurationMs: minDuration,
    keepEveryMs: keepEvery,
    maxFrameBytes: maxFrame,
    explainDirectory: explain,
  };
}
