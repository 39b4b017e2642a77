/**
 * How often the agent must be heard of, and how long it may pause, so that systemd's watchdog restarts a
 * wedged agent and never one that waits for a camera. Pure.
 */

export interface WatchdogPlan {
  /** What to ask of systemd; undefined: what the unit says is enough, or there is no watchdog. */
  readonly askForMs: number | undefined;
  /** From one word to the next at the least: each costs a process. */
  readonly everyMs: number;
  /** The longest pause between two attempts. */
  readonly pauseCapMs: number;
}

/** Without a watchdog: an operator looks at the status now and then. */
const statusEveryMs = 5000;
/** Where no watchdog wants it shorter. */
export const longestPauseMs = 60_000;

/**
 * @param watchdogMs the unit's WatchdogSec=; undefined: none
 * @param attemptMs the longest that an attempt may take, from the end of the pause before it
 */
export function planWatchdog(watchdogMs: number | undefined, attemptMs: number): WatchdogPlan {
  if (watchdogMs === undefined) {
    return { askForMs: undefined, everyMs: statusEveryMs, pauseCapMs: longestPauseMs };
  }
  // Attempt and pause fill three quarters of it at most, a word that is held back an eighth.
  const neededMs = Math.max(watchdogMs, 2 * attemptMs);
  return {
    askForMs: neededMs > watchdogMs ? neededMs : undefined,
    everyMs: Math.min(statusEveryMs, neededMs / 8),
    pauseCapMs: Math.min(longestPauseMs, (neededMs * 3) / 4 - attemptMs),
  };
}
