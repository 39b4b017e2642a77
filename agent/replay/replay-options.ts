/** The options of `agent replay`: detection, capture times, output. */
import { type ValueType, flag, value } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';
import { path } from '../../shared/cli/value-types.js';
import { detectionTable } from '../detect/detection-options.js';

/** Frames per second; below 1 for a camera on a timer. */
const framesPerSecond: ValueType<number> = {
  metavar: 'N',
  parse(text) {
    const number = /^\d{1,4}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
    if (!(number > 0 && number <= 1000)) {
      throw new InvalidValue('must be a number of frames per second, as 25 or 0.1');
    }
    return number;
  },
};

export const replayProgram = {
  // The name `agent`: the variables of the agent's settings file apply here too.
  name: 'agent',
  table: {
    fps: value(
      framesPerSecond,
      'Frame rate of the stored frames, per second. Without it: the times in file names as the receiver writes ' +
        'them, else the modification times if plausible, else 5 per second.',
    ),
    ...detectionTable,
    html: value(
      path('OUT.html'),
      'Write a page to OUT.html that shows each frame, what the detector saw, and why the frame is sent or not.',
    ),
    tune: flag(
      'Show how many events and sent frames other values of --sensitivity and --min-area give.',
    ),
    json: flag('Print one line of JSON for each frame; with --tune, for each setting.'),
    help: flag('Show this help.'),
  },
} as const;
