/** How long to wait before trying again: doubling, capped, jittered. Pure. */

export interface BackoffSettings {
  readonly firstMs: number;
  readonly capMs: number;
}

/**
 * @param failures failures in a row so far, from 1
 * @param random 0 ≤ random < 1; spreads the pause over 50..100 % of its size, so that many machines that
 *   lost the same receiver do not all come back in the same moment
 */
export function backoffMs(failures: number, random: number, settings: BackoffSettings): number {
  const full = Math.min(settings.capMs, settings.firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full * (0.5 + random / 2));
}
