/** Which lines of a record belong to a stretch of a camera's local time. Pure. */
import type { LocalRange } from '../camera-zone.js';
import { parseFrameName } from '../../../shared/protocol/frame-path.js';
import type { FrameEntry } from '../frame-entry.js';
import { type RecordLine, isEntry } from '../record-entry.js';

const minuteMs = 60_000;
/** A note states no zone: zones are up to fourteen hours away from UTC. */
const zoneMs = 14 * 3_600_000;

/** A gap and a report belong to it when they reach into it. */
export function isSelected(line: RecordLine, { fromLocalMs, toLocalMs }: LocalRange): boolean {
  const overlaps = (firstMs: number, lastMs: number): boolean =>
    firstMs < toLocalMs && lastMs >= fromLocalMs;
  if (isEntry(line)) {
    const awayMs = line.utcOffsetMinutes * minuteMs;
    if (line.kind === 'frame') {
      return overlaps(line.capturedAtMs + awayMs, line.capturedAtMs + awayMs);
    }
    return overlaps(line.fromMs + awayMs, line.toMs + awayMs);
  }
  if (line.kind === 'summary') return overlaps(line.fromMs - zoneMs, line.toMs + zoneMs);
  if (line.kind === 'late') return overlaps(line.capturedAtMs - zoneMs, line.capturedAtMs + zoneMs);
  // Of an event: its frames are in this day.
  return line.names?.some((name) => isNameSelected(name, { fromLocalMs, toLocalMs })) ?? true;
}

/** Whether it is a frame that arrived in the stretch, by the zone of its line. */
export function hasArrivedIn(
  line: RecordLine,
  { fromLocalMs, toLocalMs }: LocalRange,
): line is FrameEntry {
  if (line.kind !== 'frame' || line.receivedAtMs === undefined) return false;
  const localMs = line.receivedAtMs + line.utcOffsetMinutes * minuteMs;
  return fromLocalMs <= localMs && localMs < toLocalMs;
}

function isNameSelected(name: string, { fromLocalMs, toLocalMs }: LocalRange): boolean {
  const moment = parseFrameName(name);
  if (moment === undefined) return false;
  const localMs = moment.capturedAtMs + moment.utcOffsetMinutes * minuteMs;
  return fromLocalMs <= localMs && localMs < toLocalMs;
}
