/** The table of the bench: for people as it grows, or in Markdown for the docs. Pure. */
import type { Figures, Row } from './measure.js';

export interface Result {
  readonly row: Row;
  readonly control: Figures;
  readonly attack: Figures;
}

/** What is aimed at: so many times the control, and no frame that waits longer. */
export const mostTimesControl = 3;
export const longestWaitMs = 1000;

export interface Spread {
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

export function spreadOf(waitsMs: readonly number[]): Spread {
  const sorted = [...waitsMs].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { median: at(0.5), p95: at(0.95), max: at(1) };
}

/** What a row breaks of the aim; empty: it keeps it. */
export function breaches({ control, attack }: Result): string[] {
  const [base, found] = [spreadOf(control.waitsMs), spreadOf(attack.waitsMs)];
  const broken: string[] = [];
  if (!(found.median <= mostTimesControl * base.median)) broken.push('median');
  if (!(found.p95 <= mostTimesControl * base.p95)) broken.push('p95');
  if (!(found.max <= longestWaitMs)) broken.push('max');
  if (attack.welcomeMs === undefined || attack.welcomeMs > longestWaitMs) broken.push('welcome');
  if (attack.lost > 0) broken.push('lost');
  if (!attack.isReceiverAlive) broken.push('ended');
  return broken;
}

const roles = { open: 'stranger, --open', closed: 'stranger', paired: 'paired camera' };
const columns = [
  ...['attack', 'by', 'attackers', 'a second', 'MB/s', 'control ms', 'attack ms', 'times'],
  ...['welcome ms', 'frames', 'lost', 'CPU', 'MiB', 'beyond the aim'],
];

export const header = columns;

export function cells(result: Result): string[] {
  const { row, control, attack } = result;
  const [base, found] = [spreadOf(control.waitsMs), spreadOf(attack.waitsMs)];
  const times = [found.median / base.median, found.p95 / base.p95];
  return [
    row.attack,
    roles[row.role],
    row.addresses === 1 ? `${row.attackers}` : `${row.attackers} from ${row.addresses}`,
    whole(attack.attemptsPerSecond),
    (attack.bytesPerSecond / 1e6).toFixed(1),
    spread(base),
    spread(found),
    times.map((each) => (Number.isNaN(each) ? '-' : each.toFixed(1))).join(' / '),
    attack.welcomeMs === undefined ? '-' : whole(attack.welcomeMs),
    `${attack.waitsMs.length}`,
    `${attack.lost}`,
    `${whole(attack.cpuShare * 100)} %`,
    whole(attack.peakBytes / 2 ** 20),
    breaches(result).join(', '),
  ];
}

/** A row without an attack. */
export function quietCells(role: Row['role'], figures: Figures): string[] {
  const blank = columns.map(() => '');
  const shown = [...blank];
  shown[0] = 'none';
  shown[1] = roles[role];
  shown[6] = spread(spreadOf(figures.waitsMs));
  shown[8] = figures.welcomeMs === undefined ? '-' : whole(figures.welcomeMs);
  shown[9] = `${figures.waitsMs.length}`;
  shown[10] = `${figures.lost}`;
  shown[11] = `${whole(figures.cpuShare * 100)} %`;
  shown[12] = whole(figures.peakBytes / 2 ** 20);
  return shown;
}

const widths = [30, 16, 10, 8, 6, 18, 21, 13, 10, 6, 4, 6, 5, 0];

export function plainLine(shown: readonly string[]): string {
  return shown.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' ');
}

export function markdown(lines: readonly (readonly string[])[]): string {
  const all = [header, header.map((_, at) => (at < 2 ? '---' : '--:')), ...lines];
  return all.map((shown) => `| ${shown.join(' | ')} |`).join('\n');
}

const whole = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(0));

function spread({ median, p95, max }: Spread): string {
  return [median, p95, max]
    .map((value) => (value < 10 ? value.toFixed(1) : whole(value)))
    .join(' / ');
}
