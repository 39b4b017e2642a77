/** Entries of a camera `yard` on 2026-11-22 in a zone one hour east, for tests of what reads records. */
import type { FrameEntry } from '../../../receiver/archive/frame-entry.js';
import type { GapEntry, ReportEntry } from '../../../receiver/archive/record-entry.js';

export const epoch = '5f3a9c0174be2d865f3a9c0174be2d86';
const offset = 60;
/** Midnight of the camera's day. */
export const midnightMs = Date.UTC(2026, 10, 22) - offset * 60_000;
export const dayRange = {
  fromLocalMs: Date.UTC(2026, 10, 22),
  toLocalMs: Date.UTC(2026, 10, 23),
};
/** `at('08:30:15')` */
export function at(clock: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number);
  return midnightMs + ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

/** Gives each entry the next number of the epoch. */
export class CameraEntries {
  sequence = 0;

  frame(atMs: number, changes: Partial<FrameEntry> = {}): FrameEntry {
    this.sequence += 1;
    return {
      ...{ kind: 'frame', camera: 'yard', epoch, sequence: this.sequence, capturedAtMs: atMs },
      ...{ utcOffsetMinutes: offset, name: 'a.jpg', sha256: 'a'.repeat(64), byteCount: 1000 },
      ...{ reason: 'change', changed: true, receivedAtMs: atMs + 200, proof: 'signed' },
      ...changes,
    };
  }

  gap(fromMs: number, toMs: number, changes: Partial<GapEntry> = {}): GapEntry {
    this.sequence += 1;
    return {
      ...{ kind: 'gap', camera: 'yard', epoch, sequence: this.sequence, count: 1, why: 'size' },
      ...{ fromMs, toMs, utcOffsetMinutes: offset, receivedAtMs: toMs + 200, proof: 'signed' },
      ...changes,
    };
  }

  report(fromMs: number, toMs: number, changes: Partial<ReportEntry> = {}): ReportEntry {
    this.sequence += 1;
    return {
      ...{ kind: 'report', camera: 'yard', epoch, sequence: this.sequence, fromMs, toMs },
      ...{ utcOffsetMinutes: offset, state: 'watching', compared: 60, changed: 0, skipped: 0 },
      ...{ waiting: 0, dropped: 0, everyMs: 60_000, ended: [], receivedAtMs: toMs + 200 },
      ...{ proof: 'signed' },
      ...changes,
    };
  }
}
