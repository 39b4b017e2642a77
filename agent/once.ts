/**
 * One shot for a timer: a frame is taken and judged with what the last run remembered, and what waits is
 * delivered, the frames of earlier runs too.
 */
import { OperationalError } from '../shared/errors.js';
import type { Log } from '../shared/log.js';
import { formatDuration } from '../shared/quantity.js';
import type { Delivery } from './delivery.js';
import type { SpoolSet } from './spool/spool-set.js';

export interface OnceParts {
  /** Takes and judges one frame, and spools what is to be sent now. */
  readonly take: () => Promise<void>;
  /** Begins to deliver. */
  readonly deliver: () => Delivery;
  readonly spools: SpoolSet;
  /** True when what waits outlives the process. */
  readonly isKept: boolean;
  readonly remember: () => Promise<void>;
  readonly log: Log;
}

/**
 * What was judged is remembered as soon as its frame is safe: at once where the spool is on the disk, else
 * when it has arrived, so that a change that could not be delivered is a change again for the next run. Killed
 * before it was remembered, it is decided again by the next run on what was held; a frame that waits in the
 * spool is not taken twice.
 * @throws {OperationalError} what the source or the judge says, after what waited was delivered; UNDELIVERED:
 *   a frame that waits in memory only could not be delivered within `sendTimeoutMs`
 */
export async function runOnce(
  parts: OnceParts,
  sendTimeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { spools, isKept, log } = parts;
  const failure = await parts.take().then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  if (isKept && !failure) await parts.remember();
  if (spools.waitingCount > 0) await parts.deliver().finish(sendTimeoutMs, signal);
  if (failure) {
    if (signal.aborted) return;
    throw failure.error;
  }
  const waiting = spools.waitingCount;
  if (waiting > 0 && !isKept) {
    const limit = formatDuration(sendTimeoutMs);
    throw new OperationalError(
      'UNDELIVERED',
      `the frame was not delivered within ${limit}: it is lost`,
      {
        hint: 'the next run sees the change again; is the receiver running?',
      },
    );
  }
  if (waiting > 0) log.warn('frames wait for the next run', { waiting });
  if (!isKept) await parts.remember();
}
