/** Whether the flags of a receiver say how to announce. Loads none of the notices. */
import type { OptionValues } from '../../shared/cli/option-table.js';
import type { notifyOptions } from '../notify/notify-options.js';

export type NoticeWays = Pick<
  OptionValues<typeof notifyOptions>,
  'onEvent' | 'onEnd' | 'onSilent' | 'onBack' | 'onProblem' | 'onResolved' | 'notify' | 'mqtt'
>;

export function isAnnouncing(options: NoticeWays): boolean {
  const { onEvent, onEnd, onSilent, onBack, onProblem, onResolved, notify, mqtt } = options;
  const ones = [onEvent, onEnd, onSilent, onBack, onProblem, onResolved, mqtt];
  return notify.length > 0 || ones.some((each) => each !== undefined);
}
