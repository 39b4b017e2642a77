/** The notices beside the receiver: `--notify`, `--mqtt`, `--on-event` and the other flags of `receiver notify`. */
import type { Environment } from '../../shared/cli/command.js';
import { UsageError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import type { OptionValues } from '../../shared/cli/option-table.js';
import type { Clock } from '../../shared/clock.js';
import type { notifyOptions } from '../notify/notify-options.js';
import type { ReadRecords } from './read-records.js';
import { isAnnouncing } from './notice-ways.js';

interface Settings {
  /** Undefined: nothing is read. */
  readonly records: ReadRecords | undefined;
  readonly env: Environment;
  /** It listens; false: it ends with the connections that it has. */
  readonly isLasting: boolean;
}

/**
 * A receiver without notices does not load them. They follow the records, as in a process of their own: storing never waits.
 * @returns announces until the signal aborts, and never rejects; undefined: nothing says how to announce
 * @throws {UsageError} @throws {OperationalError} STATE
 */
export async function noticesFor(
  options: OptionValues<typeof notifyOptions>,
  { records, env, isLasting }: Settings,
  parts: { readonly clock: Clock; readonly log: Log },
): Promise<((signal: AbortSignal) => Promise<void>) | undefined> {
  if (!isAnnouncing(options) || records === undefined) return undefined;
  if (!isLasting) {
    throw new UsageError('a receiver of one connection announces nothing', {
      hint: 'announce by a process of its own: receiver notify',
    });
  }
  const { openNotifier, waysOf } = await import('./notifier.js');
  const { defaultNotifyState } = await import('../notify/notify-state.js');
  // The state directory of a receiver's service is that of its captures.
  const state = options.state ?? defaultNotifyState({ ...env, STATE_DIRECTORY: undefined });
  const ways = await waysOf(options, records, parts.clock);
  const announce = await openNotifier(options, { ...records, ways, state }, parts);
  return (signal) =>
    announce(signal).catch((error: unknown) =>
      parts.log.error('nothing is announced any more', { error }),
    );
}
