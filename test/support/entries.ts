/** Spool entries for tests. */
import { type Entry, type SpooledReport, sha256Of } from '../../agent/spool/entry.js';
import { makeJpeg } from './pictures.js';

/** A frame's entry: picture `number`, captured `number` seconds into a day. */
export function frameEntry(number: number): Entry {
  const body = makeJpeg(number);
  return {
    header: {
      type: 'frame',
      capturedAtMs: Date.UTC(2026, 10, 22) + number * 1000,
      utcOffsetMinutes: 60,
      sha256: sha256Of(body),
      verdict: { reason: 'change', ratio: 0.1, boxes: [[0, 0, 8, 8]], event: 'e1' },
    },
    body,
  };
}

/** A report about the minute `number` of a day. */
export function reportEntry(number: number): Entry & { readonly header: SpooledReport } {
  const fromMs = Date.UTC(2026, 10, 22) + number * 60_000;
  const header: SpooledReport = {
    ...{ type: 'report', number, fromMs, toMs: fromMs + 60_000, utcOffsetMinutes: 60 },
    ...{ state: 'watching', compared: 60, changed: 1, skipped: 0, longestPauseMs: 1000 },
    ...{ waiting: 0, dropped: 0, everyMs: 60_000 },
  };
  return { header, body: Buffer.alloc(0) };
}
