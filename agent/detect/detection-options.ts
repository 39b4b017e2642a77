/** The options that say what counts as a change: the same for the agent that watches and for `replay`. */
import { duration, path, share, size, wholeNumber } from '../../shared/cli/value-types.js';
import { value } from '../../shared/cli/option-table.js';

export const detectionTable = {
  sensitivity: value(
    share,
    'How small a difference counts: more is more sensitive, and more easily fooled.',
    '50%',
  ),
  minArea: value(share, 'The smallest part of the picture that counts as a change.', '0.2%'),
  absorb: value(
    duration({ minMs: 1000, maxMs: 86_400_000 }),
    'What has kept still for this long belongs to the scene from then on: a parked car, a moved chair.',
    '20s',
  ),
  mask: value(
    path('MASK.png'),
    'A picture that says where to look: light parts count, black parts do not.',
  ),
  eventGap: value(
    duration({ maxMs: 86_400_000 }),
    'Changes less than this apart, or than three intervals, are one event.',
    '10s',
  ),
  minDuration: value(
    duration({ maxMs: 3_600_000 }),
    'Changes that have not lasted this long begin no event; when they have, all of their frames are sent.',
    '0',
  ),
  before: value(
    wholeNumber(0, 100),
    'Frames from before an event begins that are sent with it, as far as 16 MiB hold them.',
    '1',
  ),
  after: value(
    wholeNumber(0, 1000),
    'Quiet frames that are sent each time the changes of an event stop.',
    '0',
  ),
  keepEvery: value(
    duration(),
    'A quiet frame is sent when nothing was for this long, so that you see that it watches; 0: never.',
    '0',
  ),
  explain: value(path('DIR'), 'Write a PNG there for each change that shows what changed.'),
  maxFrame: value(
    size({ minBytes: 1024, maxBytes: 2 ** 30 }),
    'A larger frame is passed over.',
    '16MiB',
  ),
} as const;
