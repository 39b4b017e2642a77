/** Frames, gaps and reports of a camera `yard`, for the tests of the store; frames are a millisecond apart. */
import { createHash } from 'node:crypto';
import { numberedName } from '../../../shared/protocol/frame-path.js';
import type { FrameToStore, Gap, Report } from '../../../receiver/store/store-port.js';
import { makeJpeg } from '../../support/pictures.js';

export const epoch = '0123456789abcdef0123456789abcdef';
export const day = 'yard/2026_11_22';
const firstAtMs = Date.UTC(2026, 10, 22, 7, 30, 15, 0);
export const receivedAtMs = Date.UTC(2026, 10, 22, 8);

/** A frame with unique bytes and a unique time. */
export function frameOf(sequence: number, changes: Partial<FrameToStore> = {}): FrameToStore {
  const { jpeg = makeJpeg(sequence) } = changes;
  return {
    camera: 'yard',
    jpeg,
    sha256: createHash('sha256').update(jpeg).digest('hex'),
    capturedAtMs: firstAtMs + sequence,
    receivedAtMs,
    utcOffsetMinutes: 0,
    id: { epoch, sequence },
    verdict: undefined,
    ...changes,
  };
}

/** The name of such a frame. @param number among frames with the same plain name */
export function nameOf(sequence: number, number = 1): string {
  const ms = String(sequence).padStart(3, '0');
  return `${day}/${numberedName(`2026_11_22_07_30_15_${ms}+0000`, number)}`;
}

export function gapOf(sequence: number, changes: Partial<Gap> = {}): Gap {
  return {
    camera: 'yard',
    id: { epoch, sequence },
    count: 5,
    capturedAtMs: firstAtMs + sequence,
    lastCapturedAtMs: firstAtMs + sequence + 1000,
    receivedAtMs,
    utcOffsetMinutes: 0,
    why: 'size',
    ...changes,
  };
}

/** Of the minute that ends `sequence` minutes after the first frame. */
export function reportOf(sequence: number, changes: Partial<Report['report']> = {}): Report {
  const toMs = firstAtMs + sequence * 60_000;
  const report = {
    ...{ fromMs: toMs - 60_000, toMs, utcOffsetMinutes: 0, state: 'watching', everyMs: 60_000 },
    ...{ compared: 60, changed: 0, skipped: 0, waiting: 0, dropped: 0 },
    ...changes,
  };
  return {
    ...{ camera: 'yard', id: { epoch, sequence }, report, receivedAtMs, utcOffsetMinutes: 0 },
    ...{ capturedAtMs: report.toMs - 1, clockErrorMs: undefined },
  };
}
