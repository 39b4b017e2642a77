/** Whether the flags of a receiver say how to announce. Loads none of the notices. */
import type { OptionValues } from '../../shared/cli/option-table.js';
import type { notifyOptions } from '../notify/notify-options.js';

export type NoticeWays = Pick<
  OptionValues<typeof notifyOptions>,
  | 'onEvent'
  | 'onEnd'
  | 'onSilent'
  | 'onBack'
  | 'onLate'
  | 'onProblem'
  | 'onResolved'
  | 'notify'
  | 'mqtt'
>;

/** Those keys, for a hint. */
export const someWays =
  '--on-event, --on-end, --on-silent, --on-back, --on-late, --on-problem, --on-resolved, --notify or --mqtt';

export function isAnnouncing(options: NoticeWays): boolean {
  const { onEvent, onEnd, onSilent, onBack, onLate, onProblem, onResolved, notify, mqtt } = options;
  const ones = [onEvent, onEnd, onSilent, onBack, onLate, onProblem, onResolved, mqtt];
  return notify.length > 0 || ones.some((each) => each !== undefined);
}
