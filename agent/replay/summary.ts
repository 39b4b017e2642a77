/** The result of a replay as text: a table of the events and the sums, at most 80 columns wide. Pure. */
import type { Grid } from '../detect/grid.js';
import type { Box } from '../events/verdict.js';
import type { EventTally, Tally } from './tally.js';

type FrameSize = Pick<Grid, 'frameWidthPx' | 'frameHeightPx'>;

/** Room for a file's name in the last column. */
const nameWidth = 14;

/**
 * @param isWallTime false: times are counted from the first frame
 * @param frameSize of the frames; undefined when none could be decoded
 */
export function eventTable(
  tally: Tally,
  isWallTime: boolean,
  frameSize: FrameSize | undefined,
): string[] {
  const rows = [...tally.events.values()].map((event, index) => [
    String(index + 1),
    isWallTime ? wallTime(event.firstChangeAtMs) : sinceStart(event.firstChangeAtMs),
    length(event),
    String(event.changed),
    String(event.sent),
    percent(event.largestRatio),
    frameSize && event.largestBox ? place(event.largestBox, frameSize) : '',
    // Names of frames with wall time repeat the time, and have no room.
    ...(isWallTime ? [] : [shortened(event.firstChange)]),
  ]);
  if (rows.length === 0) return ['no event'];
  const head = ['', isWallTime ? 'began (UTC)' : 'began', 'lasted', 'changed', 'sent', 'largest'];
  return layOut([[...head, 'where', ...(isWallTime ? [] : ['first frame'])], ...rows]);
}

/** One sentence of sums. */
export function sums(tally: Tally): string {
  const { frames, changed, events, sent, sentFor, skipped } = tally;
  const why = [...sentFor].map(([reason, count]) => `${count} ${reason}`).join(', ');
  return (
    `${count(frames, 'frame')}: ${changed} changed, in ${count(events.size, 'event')}; ` +
    `${sent} sent${why === '' ? '' : ` (${why})`}` +
    (skipped > 0 ? `; ${skipped} skipped` : '')
  );
}

/** Aligns columns: numbers to the right, words to the left. */
export function layOut(rows: readonly (readonly string[])[]): string[] {
  const columns = rows[0]?.map((_, column) => rows.map((row) => row[column] ?? '')) ?? [];
  const padded = columns.map((cells) => {
    const width = Math.max(...cells.map((cell) => cell.length));
    const isNumeric = cells.slice(1).every((cell) => /^[\d.:* /%-]*m?s?$/.test(cell));
    return cells.map((cell) => (isNumeric ? cell.padStart(width) : cell.padEnd(width)));
  });
  return rows.map((_, row) =>
    padded
      .map((cells) => cells[row] ?? '')
      .join('  ')
      .trimEnd(),
  );
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function wallTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

/** `0:01:02.5`: hours, minutes and seconds after the first frame. */
function sinceStart(ms: number): string {
  const tenths = Math.floor(ms / 100);
  const [hours, minutes] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60];
  const seconds = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  return `${hours}:${String(minutes).padStart(2, '0')}:${seconds}`;
}

function length({ firstChangeAtMs, lastChangeAtMs }: EventTally): string {
  const seconds = (lastChangeAtMs - firstChangeAtMs) / 1000;
  if (seconds < 600) return `${seconds.toFixed(1)} s`;
  return `${Math.round(seconds / 60)} min`;
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}

/** The ninth of the picture that holds the centre of the box: `top left` … `bottom right`. */
function place([left, top, width, height]: Box, size: FrameSize): string {
  const third = (at: number, whole: number) => Math.min(2, Math.floor((3 * at) / whole));
  const column = ['left', 'middle', 'right'][third(left + width / 2, size.frameWidthPx)];
  const row = ['top', 'centre', 'bottom'][third(top + height / 2, size.frameHeightPx)];
  return `${row} ${column}`;
}

/** Keeps the end of a long name: it identifies the frame. */
function shortened(name: string): string {
  return name.length <= nameWidth ? name : `…${name.slice(1 - nameWidth)}`;
}
