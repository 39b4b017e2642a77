/** The options of `agent replay`: those of detection, and how frames are timed and told. */
import { type ValueType, flag, value } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';
import { detectionTable } from '../detect/detection-options.js';

/** Frames a second; a timer's camera has less than one. */
const framesPerSecond: ValueType<number> = {
  metavar: 'N',
  parse(text) {
    const number = /^\d{1,4}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
    if (!(number > 0 && number <= 1000)) {
      throw new InvalidValue('must be a number of frames a second, like 25 or 0.1');
    }
    return number;
  },
};

export const replayProgram = {
  // The watching agent's: what stands in its EnvironmentFile holds here too.
  name: 'agent',
  table: {
    fps: value(
      framesPerSecond,
      'How many frames a second were taken. Without it: the times in the names that the receiver gives ' +
        'frames, else the times of the files if a camera can have made them, else 5 a second.',
    ),
    ...detectionTable,
    tune: flag(
      'Show how many events other values of --sensitivity and --min-area would have made.',
    ),
    json: flag('Print a line of JSON for each frame, with --tune for each setting.'),
    help: flag('Show this.'),
  },
} as const;
