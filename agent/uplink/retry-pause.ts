/** The pause that a receiver asks for, before the next connection or before an entry is sent again. Pure. */
import { maxRetryAfterMs } from './uplink-limits.js';

/** Pause when the receiver gives no `retryAfterMs`. */
const defaultRetryMs = 1000;

export function pauseOf(retryAfterMs = defaultRetryMs): number {
  return Math.min(retryAfterMs, maxRetryAfterMs);
}
