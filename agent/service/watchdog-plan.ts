/**
 * How often the agent reports to systemd, and how long it may pause, so that the watchdog restarts a hung agent and
 * never one that waits for a camera. Pure.
 */

export interface WatchdogPlan {
  /** Watchdog time to request from systemd; undefined: the unit's is enough, or there is no watchdog. */
  readonly neededWatchdogMs: number | undefined;
  /** Minimum time between two messages: each costs a process. */
  readonly intervalMs: number;
  /** Maximum pause between two attempts. */
  readonly pauseCapMs: number;
}

/** How often the status line of `systemctl status` is updated. */
const statusIntervalMs = 5000;
/** Maximum pause where no watchdog requires a shorter one. */
export const longestPauseMs = 60_000;

/**
 * @param watchdogMs the unit's WatchdogSec=; undefined: none
 * @param attemptMs maximum time of one attempt, from the end of the pause before it
 */
export function planWatchdog(watchdogMs: number | undefined, attemptMs: number): WatchdogPlan {
  if (watchdogMs === undefined) {
    return {
      neededWatchdogMs: undefined,
      intervalMs: statusIntervalMs,
      pauseCapMs: longestPauseMs,
    };
  }
  // Attempt and pause take at most three quarters of the watchdog time, a delayed message an eighth.
  const neededMs = Math.max(watchdogMs, 2 * attemptMs);
  return {
    neededWatchdogMs: neededMs > watchdogMs ? neededMs : undefined,
    intervalMs: Math.min(statusIntervalMs, neededMs / 8),
    pauseCapMs: Math.min(longestPauseMs, (neededMs * 3) / 4 - attemptMs),
  };
}
