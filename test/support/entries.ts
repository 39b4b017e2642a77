/** Spool entries for tests. */
import { type Entry, sha256Of } from '../../agent/spool/entry.js';
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
