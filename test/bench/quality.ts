/**
 * How well changes are told, on folders of frames with labels.csv: the agent beside a naive pixelmatch, the
 * tutorial's mean error and, where installed, OpenCV's MOG2.
 * `npm run bench -- quality DIR… [--fps NAME=12,…] [--methods ours,MOG2] [--stress] [--each] [--detection 'FLAG …']`
 * DIR has labels.csv or folders that have; NAME is a part of a folder's name. --stress adds altered
 * sequences, a sweep over two flags, and each sequence judged by what is best for the others;
 * --each shows them by sequence.
 */
import { parseArgs } from 'node:util';
import { replayProgram } from '../../agent/replay/replay-options.js';
import { settingsOf } from '../../agent/replay/replay-settings.js';
import type { TrialSettings } from '../../agent/replay/trial.js';
import { readCommandLine } from '../../shared/cli/option-table.js';
import { alterations } from './quality/alterations.js';
import { decideWithAll, peers } from './quality/methods.js';
import { python } from './quality/mog2.js';
import { type Measure, type Score, macro, measureOf, scoreSequence } from './quality/score.js';
import { type Sequence, labelledFolders, readSequence } from './quality/sequence.js';

const columns: readonly (readonly [Measure, string])[] = [
  ['gain', 'recall-FAR'],
  ['recall', 'recall'],
  ['falseAlarmRate', 'FAR'],
  ['eventRecall', 'events'],
  ['medianDelay', 'delay'],
  ['nuisancesPer1000', 'nuisances'],
  ['burstsPer1000', 'bursts'],
  ['f1', 'F1'],
];
const sweptSensitivities = [0.3, 0.4, 0.5, 0.6, 0.7];
const sweptMinAreas = [0.0005, 0.001, 0.002, 0.004, 0.008];

/** By method and sequence. */
type Scores = Map<string, Map<string, Score>>;

function scoreOf({ labels }: Sequence, changed: readonly boolean[]): Score {
  return scoreSequence(labels, changed);
}

async function scoreAll(
  sequences: readonly Sequence[],
  methods: readonly string[],
  settings: TrialSettings,
): Promise<Scores> {
  const scores: Scores = new Map(methods.map((name) => [name, new Map<string, Score>()]));
  for (const sequence of sequences) {
    for (const [name, found] of scores) {
      const peer = peers.find((each) => each.name === name);
      const changed = peer ? await peer.decide(sequence) : decideWithAll(sequence, [settings])[0]!;
      found.set(sequence.name, scoreOf(sequence, changed));
    }
  }
  return scores;
}

function show(value: number | undefined, measure: Measure): string {
  if (value === undefined) return '-';
  const isCount = measure.endsWith('1000') || measure === 'medianDelay';
  return value.toFixed(isCount ? 1 : 2);
}

const line = (name: string, cells: readonly string[]): string =>
  `${name.padEnd(38)}${cells.map((cell) => cell.padStart(11)).join('')}`;

const titles = line(
  '',
  columns.map(([, title]) => title),
);

function printEach(scores: Scores): void {
  const names = [...(scores.values().next().value ?? new Map<string, Score>()).keys()];
  for (const sequence of names) {
    for (const [method, found] of scores) {
      const score = found.get(sequence)!;
      const cells = columns.map(([measure]) => show(measureOf(score, measure), measure));
      console.log(line(`${sequence.slice(0, 24)}  ${method}`, cells));
    }
  }
}

function printMeans(title: string, scores: Scores): void {
  for (const [method, found] of scores) {
    const cells = columns.map(([measure]) => show(macro([...found.values()], measure), measure));
    console.log(line(`${title}  ${method}`, cells));
  }
}

async function stress(
  sequences: readonly Sequence[],
  methods: readonly string[],
  settings: TrialSettings,
  each: boolean,
): Promise<void> {
  console.log(`\nAltered sequences, means:\n${titles}`);
  /** By method, then for each alteration the measures. */
  const means = new Map<string, (number | undefined)[][]>(methods.map((name) => [name, []]));
  for (const { name, alter } of alterations) {
    const scores = await scoreAll(
      sequences.flatMap((each) => alter(each) ?? []),
      methods,
      settings,
    );
    if (each) printEach(scores);
    printMeans(name, scores);
    for (const [method, found] of scores) {
      means.get(method)!.push(columns.map(([measure]) => macro([...found.values()], measure)));
    }
  }
  for (const [method, rows] of means) {
    const cells = columns.map(([measure], column) => {
      const values = rows.flatMap((row) => row[column] ?? []);
      return show(values.reduce((sum, value) => sum + value, 0) / values.length, measure);
    });
    console.log(line(`mean of these  ${method}`, cells));
  }
}

/** Quality by two flags, and what it is when no sequence has had a part in the choice that it is judged by. */
function sweep(sequences: readonly Sequence[], settings: TrialSettings): void {
  const grid = sweptSensitivities.flatMap((sensitivity) =>
    sweptMinAreas.map((minArea) => ({ ...settings, sensitivity, minArea })),
  );
  /** By setting, then by sequence. */
  const scores = grid.map((): Score[] => []);
  for (const sequence of sequences) {
    for (const [which, changed] of decideWithAll(sequence, grid).entries()) {
      scores[which]!.push(scoreOf(sequence, changed));
    }
  }
  console.log('\nrecall-FAR by --sensitivity (down) and --min-area (across):');
  console.log(
    line(
      '',
      sweptMinAreas.map((area) => `${area * 100}%`),
    ),
  );
  for (const sensitivity of sweptSensitivities) {
    const row = scores.filter((_, which) => grid[which]!.sensitivity === sensitivity);
    console.log(
      line(
        `${sensitivity * 100}%`,
        row.map((each) => show(macro(each, 'gain'), 'gain')),
      ),
    );
  }
  const leftOut = sequences.map((_, index) => {
    const others = scores.map((each) => macro(each.toSpliced(index, 1), 'gain') ?? 0);
    return scores[others.indexOf(Math.max(...others))]![index]!;
  });
  console.log('\nEach sequence with the setting of these that is best for the others, mean:');
  console.log(titles);
  const cells = columns.map(([measure]) => show(macro(leftOut, measure), measure));
  console.log(line('ours', cells));
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    fps: { type: 'string', default: '' },
    methods: { type: 'string' },
    stress: { type: 'boolean', default: false },
    each: { type: 'boolean', default: false },
    detection: { type: 'string', default: '' },
  },
});
const told = values.fps
  .split(',')
  .filter(Boolean)
  .map((each) => each.split('='));
const fpsOf = (folder: string): number | undefined => {
  const found = told.find(([name = '']) => folder.split('/').at(-1)?.includes(name));
  return found === undefined ? undefined : Number(found[1]);
};
const flags = values.detection.split(/\s+/).filter(Boolean);
const { options } = readCommandLine(replayProgram, flags, {});
const settings = { ...settingsOf(options), mask: undefined };
const methods = values.methods?.split(',') ?? ['ours', ...peers.map(({ name }) => name)];
if (python === undefined && methods.includes('MOG2')) {
  console.log('MOG2 is left out: no OpenCV; apt-get install python3-opencv\n');
  methods.splice(methods.indexOf('MOG2'), 1);
}
const folders = labelledFolders(positionals);
if (folders.length === 0) {
  console.error('npm run bench -- quality DIR…: no folder there has a labels.csv');
  process.exit(2);
}
const sequences = await Promise.all(folders.map((folder) => readSequence(folder, fpsOf(folder))));
const plain = await scoreAll(sequences, methods, settings);
console.log(titles);
printEach(plain);
console.log('\nMean over the sequences that have frames with and without somebody:');
printMeans('as they are', plain);
if (values.stress) {
  await stress(
    sequences,
    methods.filter((name) => name === 'ours' || name === 'MOG2'),
    settings,
    values.each,
  );
  sweep(sequences, settings);
}
