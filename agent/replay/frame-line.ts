/** The outcome of a stored frame as a line of JSON. Pure. */
import { isSent } from '../events/verdict.js';
import type { Outcome } from './trial.js';

/**
 * `{"frame","changed","event","sent","reason","ratio","boxes","strength","ms"}`; `event` and `reason` are
 * null when there is none. `error` is present when the frame could not be decoded.
 * @param folder undefined: all frames are of one folder, and the line does not name it
 */
export function frameLine(outcome: Outcome, folder: string | undefined): string {
  const { name, ms, verdict, error } = outcome;
  return JSON.stringify({
    frame: name,
    ...(folder !== undefined && { folder }),
    changed: verdict?.changed ?? false,
    event: verdict?.event ?? null,
    sent: verdict !== undefined && isSent(verdict),
    reason: verdict?.reason ?? null,
    ratio: verdict?.ratio ?? 0,
    boxes: verdict?.boxes ?? [],
    strength: verdict?.strength ?? 0,
    ms: Math.round(ms * 1000) / 1000,
    ...(error !== undefined && { error }),
  });
}
