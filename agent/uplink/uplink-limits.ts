/** The agent's limits for values that a receiver sends. SECURITY.md lists them. Pure. */

/** More unanswered frames do not use a line better, and each one is sent again after a broken connection. */
export const maxFramesInFlight = 64;

/** Smallest frame size limit of a receiver, bytes: with a smaller one every frame would wait. */
export const minFrameLimitBytes = 1024;

/** Shortest pause before the next connection, whatever the receiver asks for: prevents a reconnect loop. */
export const minRetryAfterMs = 500;

/**
 * Longest pause that a receiver may ask for, before the next connection or before a frame is sent again: the agent's
 * own longest pause between attempts, and enough for the minute of a quota.
 */
export const maxRetryAfterMs = 60_000;
