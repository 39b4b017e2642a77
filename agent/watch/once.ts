/**
 * One-shot run for a timer: takes a frame, compares it with the background model of the last run, and delivers
 * what waits, frames of earlier runs too.
 */
import { OperationalError } from '../../shared/cli/errors.js';
import { formatDuration } from '../../shared/cli/units.js';
import type { DetectionPipeline } from '../detect/pipeline.js';
import type { Reporter } from '../reports/reporter.js';
import type { SpoolSet } from '../spool/spool-set.js';
import type { Delivery } from '../uplink/delivery.js';
import { type CycleParts, takeFrame } from './take-frame.js';

export interface OnceParts extends CycleParts {
  readonly pipeline: Pick<DetectionPipeline, 'process' | 'hasChange' | 'keepState'>;
  readonly outbox: Pick<SpoolSet, 'add' | 'waitingCount' | 'inMemoryCount' | 'close'>;
  readonly delivery: Pick<Delivery, 'finish'>;
  /** Undefined: the agent makes no reports. */
  readonly reports: Pick<Reporter, 'failed' | 'finishRun'> | undefined;
}

/**
 * The state is written as soon as the frame is safe: at once where the spool on the disk holds it, else after
 * delivery, so that the next run detects an undelivered change again. When the run is killed before that, the next
 * run decides again on the buffered frames; a frame that waits in the spool is not spooled twice.
 * @throws {OperationalError} from source or detector, after waiting frames were delivered; UNDELIVERED: a frame
 *   that waits in memory only could not be delivered within `sendTimeoutMs`
 */
export async function runOnce(
  parts: OnceParts,
  sendTimeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { pipeline, outbox, reports, log } = parts;
  const failure = await takeFrame(parts, signal).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const isSafe = !failure && outbox.inMemoryCount === 0;
  if (isSafe) await pipeline.keepState();
  if (failure && !signal.aborted) reports?.failed(failure.error);
  const isWaiting = outbox.waitingCount > 0;
  const isDue = await reports?.finishRun(isWaiting);
  const isInTime = !(isWaiting || isDue) || (await parts.delivery.finish(sendTimeoutMs, signal));
  const { onDisk, lost, isRecorded } = await outbox.close();
  if (failure) {
    if (signal.aborted) return;
    throw failure.error;
  }
  if (onDisk > 0) log.warn('frames wait for the next run', { waiting: onDisk });
  if (lost > 0) {
    const limit = isInTime ? '' : ` within ${formatDuration(sendTimeoutMs)}`;
    const gap = isRecorded ? '; the next run reports the gap to the receiver' : '';
    throw new OperationalError('UNDELIVERED', `frame lost: not delivered${limit}${gap}`, {
      hint: isInTime
        ? 'the receiver does not accept the frame: see its log'
        : 'check that the receiver runs; the next run detects the change again',
    });
  }
  if (!isSafe) await pipeline.keepState();
}
