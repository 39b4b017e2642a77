/**
 * The JSON of what is reported and not sent yet: `reports.json` in the state directory. Decoding never throws: for
 * foreign or damaged bytes it returns the reason. Pure.
 */
import * as v from 'valibot';
import { count, epoch, wallTimeMs } from '../../shared/protocol/fields.js';
import { openEvent } from './event-tracker.js';
import { stretch } from './stretch.js';

const receiver = v.object({
  /** Of its spool, when this was written. */
  epoch,
  lastSequence: count,
  /** Frames that the spool has dropped in this epoch. */
  dropped: count,
  /** The epoch before this one, until a report in the spool names it. */
  before: v.optional(v.object({ epoch, sequence: count })),
  /** Oldest first; those in the spool are not here. */
  stretches: v.array(stretch),
});
export type ReceiverState = v.InferOutput<typeof receiver>;

const reportState = v.object({
  version: v.literal(1),
  /** Wall time of this write. */
  savedAtMs: wallTimeMs,
  nextNumber: count,
  /** The stretch that has not ended, as far as known when this was written. */
  current: v.optional(v.object({ current: stretch, sinceComparedMs: count })),
  /** The event that has not ended. */
  event: v.optional(openEvent),
  /** One-shot runs: the time between the last two, and when a run last connected for its reports. */
  pauseMs: v.optional(count),
  triedAtMs: v.optional(wallTimeMs),
  /** By the name of the spool's folder. */
  receivers: v.record(v.string(), receiver),
});
export type ReportState = v.InferOutput<typeof reportState>;

export function encodeReportState(state: Omit<ReportState, 'version'>): Buffer {
  return Buffer.from(`${JSON.stringify({ version: 1, ...state })}\n`);
}

/** @returns the state, or the reason why the bytes cannot be used */
export function decodeReportState(bytes: Buffer): ReportState | string {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return 'not JSON, or cut off';
  }
  const result = v.safeParse(reportState, value);
  if (result.success) return result.output;
  const where = v.getDotPath(result.issues[0]) ?? '';
  return where === 'version' ? 'written by another version' : `invalid ${where}`;
}
