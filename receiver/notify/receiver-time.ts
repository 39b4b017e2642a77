/** Times of a camera by the receiver's clock. Pure. */

/** Milliseconds since 1970 UTC, either way: a day less than a Date holds, so that every zone can show it. */
export const maxReceiverMs = 8.64e15 - 86_400_000;

/**
 * @param atMs by the camera's clock, any time that a peer states
 * @param clockErrorMs the camera's clock minus the receiver's
 */
export function receiverTime(atMs: number, clockErrorMs: number): number {
  return Math.min(maxReceiverMs, Math.max(-maxReceiverMs, atMs - clockErrorMs));
}
