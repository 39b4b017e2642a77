/** Prints a camera's day for people: its line, what is worth naming, totals. Pure. */
import { counted, humanDuration, humanSize } from '../../shared/cli/humanize.js';
import { type Offset, localMsAt } from './camera-zone.js';
import type { CameraReport } from './captures-reader.js';
import type { Stretch } from './day-line.js';

/** Lines of one kind; further ones are counted. */
const maxLines = 20;
/** A smaller difference of the clocks is not worth a line. */
const minClockErrorMs = 2000;
/** A frame that has waited for less is on its way. */
const minWaitMs = 120_000;
const dayMs = 86_400_000;

const marks = {
  quiet: '-',
  changed: '#',
  'not-watched': 'x',
  unknown: '?',
  frames: '+',
  none: ' ',
} as const;
type Mark = (typeof marks)[keyof typeof marks];

export const legend =
  `${marks.quiet} watched and quiet   ${marks.changed} changed   ${marks['not-watched']} not watched   ` +
  `${marks.unknown} unknown   ${marks.frames} frames of a camera that does not report\n`;

/** @param cells characters of the line of the day */
export function reportText(report: CameraReport, cells: number, nowMs: number): string {
  const { camera, fromMs, toMs, offsets } = report;
  const isDay = toMs - fromMs <= 1.1 * dayMs;
  const time = (ms: number): string => timeText(ms, offsets, isDay);
  const head = `${camera}  ${dateText(fromMs, offsets)}`;
  const end = isDay ? '' : ` to ${dateText(toMs - 1, offsets)}`;
  const lines = [
    `${head}${end}  ${offsetText(offsets)}`,
    ...(isDay ? [`  ${ruler(cells)}`] : []),
    `  ${lineText(report, cells)}`,
    ...stateLines(report, time, nowMs),
    ...entryLines(report, time),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

/** What the cells show: what is worst in each; quiet only when all of it was watched and quiet. */
export function lineText(report: CameraReport, cells: number): string {
  const { fromMs, toMs, stretches } = report;
  const cellMs = (toMs - fromMs) / cells;
  const found = Array.from({ length: cells }, () => new Set<Mark>());
  for (const { fromMs: startMs, toMs: endMs, state } of stretches) {
    const first = Math.floor((startMs - fromMs) / cellMs);
    const last = Math.ceil((endMs - fromMs) / cellMs) - 1;
    const mark = state === 'before' ? marks.none : marks[state];
    for (let cell = first; cell <= Math.max(first, last); cell += 1) found[cell]?.add(mark);
  }
  if (!report.doesReport) {
    for (const [minute, count] of report.frameMinutes.entries()) {
      const cell = Math.floor((minute * cells) / report.frameMinutes.length);
      if (count > 0) found[cell]?.add(marks.frames);
    }
  }
  const worstFirst = [
    marks.changed,
    marks['not-watched'],
    marks.unknown,
    marks.quiet,
    marks.frames,
  ];
  return found.map((each) => worstFirst.find((mark) => each.has(mark)) ?? marks.none).join('');
}

/** Each third hour. */
function ruler(cells: number): string {
  return Array.from({ length: 8 }, (_, at) =>
    String(at * 3)
      .padStart(2, '0')
      .padEnd(cells / 8),
  ).join('');
}

type TimeText = (ms: number) => string;

function stateLines(report: CameraReport, time: TimeText, nowMs: number): string[] {
  const { durationsMs, stretches, silentSinceMs, clockErrorMs, doesReport } = report;
  if (!doesReport) return ['  does not report: only its frames and gaps are known'];
  const sums = [
    ['watched and quiet', durationsMs.quiet],
    ['changed', durationsMs.changed],
    ['not watched', durationsMs['not-watched']],
    ['unknown', durationsMs.unknown],
  ] as const;
  const notWatched = stretches.filter(({ state }) => state === 'not-watched');
  const unknown = stretches.filter(({ cause }) => cause === 'no-report');
  const removed = stretches.filter(({ cause }) => cause === 'removed');
  const late = stretches.find(({ cause }) => cause === 'not-yet');
  return [
    `  ${sums.map(([name, ms]) => `${name} ${spanText(ms)}`).join(', ')}`,
    ...limited(notWatched.map((each) => stretchLine('not watched', each, time, causeText(each)))),
    ...limited(unknown.map((each) => stretchLine('unknown', each, time, 'no report covers it'))),
    ...limited(
      removed.map((each) => stretchLine('unknown', each, time, 'its reports are deleted')),
    ),
    ...(late ? [`  not yet reported  since ${time(late.fromMs)}`] : []),
    ...(silentSinceMs === undefined
      ? []
      : [
          `  silent       since ${time(silentSinceMs)}, ${humanDuration(nowMs - silentSinceMs)}: ` +
            `nothing arrived, and it reports every ${humanDuration(report.everyMs ?? 0)}`,
        ]),
    ...waitingLines(report),
    ...(Math.abs(clockErrorMs ?? 0) > minClockErrorMs ? [clockLine(clockErrorMs ?? 0)] : []),
    ...limited(
      report.clockSteps.map(({ atMs, byMs }) => {
        const way = byMs < 0 ? 'back' : 'forward';
        return `  clock step   ${time(atMs)}  ${spanText(Math.abs(byMs))} ${way}`;
      }),
    ),
  ];
}

/** At the camera's last report. */
function waitingLines({ waiting, offsets }: CameraReport): string[] {
  if (waiting === undefined || waiting.atMs - waiting.oldestMs < minWaitMs) return [];
  const since = `${dateText(waiting.oldestMs, offsets)} ${timeText(waiting.oldestMs, offsets, true)}`;
  return [
    `  waiting      ${counted(waiting.frames, 'frame')} at the camera, the oldest of ${since}`,
  ];
}

function clockLine(errorMs: number): string {
  const size = spanText(Math.abs(errorMs));
  return `  wrong clock  ${size} ${errorMs < 0 ? 'behind' : 'ahead of'} this receiver's`;
}

const causeText = ({ cause, why }: Stretch): string =>
  cause === 'off' ? 'no agent ran' : `camera ${cause ?? ''}${why === undefined ? '' : `: ${why}`}`;

function stretchLine(name: string, { fromMs, toMs }: Stretch, time: TimeText, why: string) {
  return `  ${name.padEnd(11)}  ${time(fromMs)} to ${time(toMs)}  ${why}`;
}

function entryLines(report: CameraReport, time: TimeText): string[] {
  const { frames, events, gaps, missing, proofs, problems } = report;
  const flawed = Object.entries(proofs).filter(([proof]) => proof !== 'signed');
  const notes = flawed.map(([proof, count]) => `${count} ${proof}`).join(', ');
  const others =
    report.flawedOthers > 0 ? `, ${report.flawedOthers} other entries with a flaw` : '';
  const dropped = gaps.reduce((sum, { count }) => sum + count, 0);
  return [
    `  frames       ${frames.count}, ${frames.changed} changed, ${humanSize(frames.bytes)}` +
      `${notes === '' ? '' : `; ${notes}`}${others}`,
    ...(report.unclockedFrames > 0
      ? [
          `  no clock     ${counted(report.unclockedFrames, 'frame')} of an unknown time, in unclocked/`,
        ]
      : []),
    ...removalLines(report, time),
    ...(events.length > 0 ? [`  events       ${eventSum(report)}`] : []),
    ...limited(
      events.map(({ event, firstAtMs, lastAtMs, frames: count, state }) => {
        const note = state === 'open' || state === 'cut' ? `, ${state}` : '';
        return `  event        ${time(firstAtMs)} to ${time(lastAtMs)}  ${event}, ${counted(count, 'frame')}${note}`;
      }),
    ),
    ...(gaps.length > 0
      ? [`  dropped      ${counted(dropped, 'frame')} in ${counted(gaps.length, 'gap')}`]
      : []),
    ...limited(
      gaps.map(({ fromMs, toMs, count, why }) => {
        return `  gap          ${time(fromMs)} to ${time(toMs)}  ${counted(count, 'frame')}, ${why}`;
      }),
    ),
    ...(missing.count > 0
      ? [
          `  missing      ${counted(missing.count, 'number')} that no entry has: ${rangesText(report)}`,
        ]
      : []),
    ...(report.skippedLines > 0
      ? [`  record       ${counted(report.skippedLines, 'line')} skipped: unknown or cut off`]
      : []),
    ...problems.map((each) => `  record       ${each}`),
  ];
}

function removalLines({ deletedFrames, summaries }: CameraReport, time: TimeText): string[] {
  const deleted =
    deletedFrames > 0 ? [`  deleted      ${counted(deletedFrames, 'frame')} of these`] : [];
  const lines = summaries.map(({ why, fromMs, toMs, frames, gaps, reports }) => {
    const parts = [
      counted(frames, 'frame'),
      ...(gaps > 0 ? [counted(gaps, 'gap')] : []),
      ...(reports > 0 ? [counted(reports, 'report')] : []),
    ];
    return `  ${why.padEnd(11)}  ${time(fromMs)} to ${time(toMs)}  ${parts.join(', ')}, also from the record`;
  });
  return [...deleted, ...limited(lines)];
}

function eventSum({ events }: CameraReport): string {
  const states = (['open', 'cut'] as const).map((state) => {
    const count = events.filter((each) => each.state === state).length;
    return count === 0 ? '' : `, ${count} ${state}`;
  });
  return `${events.length}${states.join('')}`;
}

function rangesText({ missing: { ranges } }: CameraReport): string {
  const texts = ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  return texts.slice(0, maxLines).join(' ') + (texts.length > maxLines ? ' …' : '');
}

function limited(lines: readonly string[]): string[] {
  const rest = lines.length - maxLines;
  return rest <= 1 ? [...lines] : [...lines.slice(0, maxLines), `               and ${rest} more`];
}

/** `22 h 10 min`, `3 min 5 s`, `0 s`; rounded up, so that a short stretch is not none. */
function spanText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  if (minutes === 0) return `${seconds} s`;
  return seconds % 60 > 0 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
}

const localText = (ms: number, offsets: readonly Offset[]): string =>
  new Date(Math.max(-8.64e15, Math.min(8.64e15, localMsAt(ms, offsets)))).toISOString();

const dateText = (ms: number, offsets: readonly Offset[]): string =>
  localText(ms, offsets).slice(0, -14);

/** @param isDay the date is not printed */
function timeText(ms: number, offsets: readonly Offset[], isDay: boolean): string {
  const text = localText(ms, offsets);
  return isDay ? text.slice(-13, -5) : `${text.slice(-19, -14)} ${text.slice(-13, -5)}`;
}

function offsetText(offsets: readonly Offset[]): string {
  return [...new Set(offsets.map(({ utcOffsetMinutes: offset }) => offset))]
    .map((offset) => {
      const digits = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60];
      const text = digits.map((each) => String(each).padStart(2, '0')).join(':');
      return `${offset < 0 ? '-' : '+'}${text}`;
    })
    .join(' ');
}
