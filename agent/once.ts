/**
 * One shot for a timer: a frame is taken, judged with what the last run remembered, and delivered before the
 * run ends. What was judged is remembered only when the frame has arrived, so that a change that could not
 * be delivered is a change again for the next run.
 */
import type { Clock } from '../shared/clock.js';
import { OperationalError } from '../shared/errors.js';
import { formatDuration } from '../shared/quantity.js';
import type { Spool } from './spool/spool.js';
import type { Uplink } from './uplink/uplink.js';

export interface OnceParts {
  /** Takes and judges one frame, and spools it if it is to be sent. */
  readonly take: () => Promise<void>;
  readonly uplink: Uplink;
  readonly spool: Spool;
  readonly remember: () => Promise<void>;
  readonly clock: Clock;
}

/**
 * @throws {OperationalError} what the source or the judge says; UNDELIVERED: the receiver was not to be had
 *   within `sendTimeoutMs`
 */
export async function runOnce(
  parts: OnceParts,
  sendTimeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  await parts.take();
  const delivered = new AbortController();
  parts.uplink.drain();
  const delivery = parts.uplink.run(AbortSignal.any([signal, delivered.signal]));
  const deadline = parts.clock.sleep(sendTimeoutMs, delivered.signal);
  await Promise.race([delivery, deadline]);
  delivered.abort();
  await delivery;
  if (parts.spool.waitingCount > 0) {
    throw new OperationalError(
      'UNDELIVERED',
      `the frame could not be delivered within ${formatDuration(sendTimeoutMs)} and is given up`,
      { hint: 'the next run sees the change again; is the receiver running?' },
    );
  }
  await parts.remember();
}
