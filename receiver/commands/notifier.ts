/** The notifier of `receiver notify`, and of a receiver with the same flags. */
import { setMaxListeners } from 'node:events';
import type { Log } from '../../shared/cli/log.js';
import type { OptionValues } from '../../shared/cli/option-table.js';
import type { Clock } from '../../shared/clock.js';
import { type NoticeBucket, noticeFrames } from '../notify/notice-frames.js';
import { Notifier } from '../notify/notifier.js';
import type { notifyOptions } from '../notify/notify-options.js';
import { lockNotifyState, makeNotifyDirectory } from '../notify/notify-state.js';
import { openWays } from '../notify/open-ways.js';
import type { Way } from '../notify/notice-queue.js';
import { openMqtt } from './notify-mqtt.js';
import { readSecretFile } from './secret-file.js';

type Options = OptionValues<typeof notifyOptions>;

export interface NoticePlace {
  /** Of the captures, for messages. */
  readonly place: string;
  /** Captures directory, or the mirror of a bucket. */
  readonly directory: string;
  readonly bucket: NoticeBucket | undefined;
}

interface Parts {
  readonly clock: Clock;
  readonly log: Log;
}

/** Events of several cameras that begin within it are one notice. */
const mergeMs = 10_000;

/** @returns the programs and addresses of the options @throws {UsageError} the secret cannot be read */
export async function waysOf(
  options: Options,
  { directory, bucket }: NoticePlace,
  clock: Clock,
): Promise<readonly Way[]> {
  const secret = await readSecretFile('--notify-secret-file', options.notifySecretFile);
  return openWays({ ...options, secret, frames: noticeFrames(directory, bucket), clock });
}

/**
 * Locks the state directory, and reads it.
 * @param state directory @returns announces until the signal aborts @throws {OperationalError} STATE
 */
export async function openNotifier(
  options: Options,
  { ways, place, directory, bucket, state }: NoticePlace & { ways: readonly Way[]; state: string },
  { clock, log }: Parts,
): Promise<(signal: AbortSignal) => Promise<void>> {
  await makeNotifyDirectory(state);
  const lock = await lockNotifyState(state);
  const { lateAfter, silentAfter, cooldown, quiet, lowDisk } = options;
  const times = { lateAfterMs: lateAfter, silentAfterMs: silentAfter, cooldownMs: cooldown };
  const notices = { ...times, mergeMs, quiet };
  const parts = { clock, log, random: Math.random };
  const notifier = await Notifier.open({ directory, bucket, state, notices, lowDisk, ways }, parts);
  const isAlone = ways.length === 0 && options.mqtt !== undefined;
  const publish = await openMqtt(options, { directory, bucket, state, notices, isAlone }, parts);
  const names = [...ways, ...(options.mqtt === undefined ? [] : [options.mqtt])];
  const by = names.map(({ name }) => name).join(', ') || 'the log';
  log.info('announcing', { dir: place, by });
  return async (signal) => {
    // Each way listens, while it waits or sends.
    setMaxListeners(0, signal);
    try {
      await Promise.all([isAlone ? undefined : notifier.run(signal), publish?.(signal)]);
    } finally {
      await lock.close();
    }
  };
}
