/** The options of the detector and of the event recorder, for the agent and for `replay`. */
import { choice, duration, path, share, size, wholeNumber } from '../../shared/cli/value-types.js';
import { type OptionValues, value } from '../../shared/cli/option-table.js';
import type { ExplanationSettings } from './explanations.js';

export const detectionTable = {
  sensitivity: value(
    share,
    'Sensitivity to small differences: a higher value finds fainter changes and causes more false alarms.',
    '50%',
  ),
  minArea: value(share, 'The smallest changed area, as a share of the picture.', '0.2%'),
  absorb: value(
    duration({ minMs: 1000, maxMs: 86_400_000 }),
    'An object that does not move for this long, such as a parked car, becomes part of the background.',
    '20s',
  ),
  mask: value(
    path('MASK.png'),
    'A PNG that selects the area to watch: light parts are watched, black parts are ignored.',
  ),
  eventGap: value(
    duration({ maxMs: 86_400_000 }),
    'Changes less than this apart, or less than three intervals apart, are one event.',
    '10s',
  ),
  minDuration: value(
    duration({ maxMs: 3_600_000 }),
    'Changes start an event only after they have lasted this long; then all of their frames are sent.',
    '0',
  ),
  before: value(
    wholeNumber(0, 100),
    'Frames captured before an event that are sent with it; at most 16 MiB of them are buffered.',
    '1',
  ),
  after: value(
    wholeNumber(0, 1000),
    'Quiet frames that are sent each time the changes of an event stop.',
    '0',
  ),
  keepEvery: value(
    duration(),
    'Send a quiet frame when no frame was sent for this long, as a sign of life; 0: never.',
    '0',
  ),
  explain: value(
    path('DIR'),
    'Write drawings to DIR that show what changed, with the reason in words.',
  ),
  explainFrames: value(
    choice('changes', 'near', 'all'),
    'Which frames --explain draws: changes, near (also near misses), or all.',
    'changes',
  ),
  explainAs: value(
    choice('png', 'strip'),
    'How --explain draws: a png for each frame, or one animated PNG, a strip, for each visit.',
    'png',
  ),
  maxFrame: value(
    size({ minBytes: 1024, maxBytes: 2 ** 30 }),
    'Frames larger than this are skipped.',
    '16MiB',
  ),
} as const;

/** @returns undefined: without `--explain` */
export function explanationSettings(
  {
    explain: directory,
    explainFrames: frames,
    explainAs: form,
  }: Pick<OptionValues<typeof detectionTable>, 'explain' | 'explainFrames' | 'explainAs'>,
  eventGapMs: number,
): ExplanationSettings | undefined {
  return directory === undefined ? undefined : { directory, frames, form, eventGapMs };
}
