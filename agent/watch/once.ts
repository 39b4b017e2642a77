/**
 * One shot for a timer: a frame is taken and judged with what the last run remembered, and what waits is
 * delivered, the frames of earlier runs too.
 */
import { OperationalError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { formatDuration } from '../../shared/cli/units.js';
import type { Delivery } from '../uplink/delivery.js';
import type { SpoolSet } from '../spool/spool-set.js';

export interface OnceParts {
  /** Takes and judges one frame, and spools what is to be sent now. */
  readonly take: () => Promise<void>;
  /** Begins to deliver. */
  readonly deliver: () => Delivery;
  readonly spools: SpoolSet;
  readonly remember: () => Promise<void>;
  readonly log: Log;
}

/**
 * What was judged is remembered as soon as its frame is safe: at once where the spool is on the disk and the disk
 * took it, else when it has arrived, so that a change that could not be delivered is a change again for the next run.
 * Killed before it was remembered, it is decided again by the next run on what was held; a frame that waits in the
 * spool is not taken twice.
 * @throws {OperationalError} what the source or the judge says, after what waited was delivered; UNDELIVERED:
 *   a frame that waits in memory only could not be delivered within `sendTimeoutMs`
 */
export async function runOnce(
  parts: OnceParts,
  sendTimeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { spools, log } = parts;
  const failure = await parts.take().then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const isSafe = !failure && spools.inMemoryCount === 0;
  if (isSafe) await parts.remember();
  const isInTime =
    spools.waitingCount === 0 || (await parts.deliver().finish(sendTimeoutMs, signal));
  const { onDisk, lost, isRecorded } = await spools.close();
  if (failure) {
    if (signal.aborted) return;
    throw failure.error;
  }
  if (onDisk > 0) log.warn('frames wait for the next run', { waiting: onDisk });
  if (lost > 0) {
    const why = isInTime ? '' : ` within ${formatDuration(sendTimeoutMs)}`;
    const noted = isRecorded ? ', which the receiver is told later' : '';
    throw new OperationalError(
      'UNDELIVERED',
      `the frame was not delivered${why}: it is lost${noted}`,
      {
        hint: isInTime
          ? 'the receiver does not take it'
          : 'the next run sees the change again; is the receiver running?',
      },
    );
  }
  if (!isSafe) await parts.remember();
}
