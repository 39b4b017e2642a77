/** Exponential backoff with a cap and jitter. Pure. */

export interface BackoffSettings {
  readonly firstMs: number;
  readonly capMs: number;
}

/**
 * @param failures number of consecutive failures, from 1
 * @param random 0 ≤ random ≤ 1; spreads the pause over 50..100 % of its size, so that many machines do not
 *   reconnect to a receiver at the same moment
 */
export function backoffMs(failures: number, random: number, settings: BackoffSettings): number {
  const full = Math.min(settings.capMs, settings.firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full * (0.5 + random / 2));
}
