/** What a receiver cannot make the agent do, whatever it says. SECURITY.md lists it. Pure. */

/** More frames sent and unanswered fill no line better, and each is loaded again after a cut. */
export const maxFramesInFlight = 64;

/** A receiver that takes no frame of this size takes none: every frame would wait. */
export const minFrameLimitBytes = 1024;

/** A receiver that says goodbye and asks us back at once would have us connect without end. */
export const minReturnMs = 500;

/**
 * The longest pause that a receiver may ask for, before the next connection or before a frame is sent again:
 * as long as the agent's own longest pause between attempts, and enough for the minute of a quota.
 */
export const maxReturnMs = 60_000;
