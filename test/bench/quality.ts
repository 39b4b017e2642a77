/**
 * How well changes are told, on folders of frames with labels.csv: the agent beside OpenCV's MOG2 (grey and colour), KNN
 * and MOG, Motion by its own program, a naive pixelmatch and the tutorial's mean error. Each method has some settings;
 * each sequence is judged by the setting that is best for the others.
 * `npm run bench -- quality DIR… [--fps NAME=12,…] [--methods ours,Motion] [--stress] [--each] [--detection='FLAG …']`
 * DIR has labels.csv or folders that have; NAME is a part of a folder's name. --stress judges the agent on altered
 * sequences and in moving light, too; --methods none --stress does only this. --each shows all measures by sequence.
 * Motion takes as long as the longest sequence, at 5 a second. Cells are stored for the next run, which judges --stress
 * in seconds.
 */
import { parseArgs } from 'node:util';
import { replayProgram } from '../../agent/replay/replay-options.js';
import { settingsOf } from '../../agent/replay/replay-settings.js';
import { readCommandLine } from '../../shared/cli/option-table.js';
import { leaveOneOut } from './quality/leave-one-out.js';
import { findMethods, type Method, peerNames } from './quality/methods.js';
import { decideWithAll } from './quality/ours.js';
import { type Measure, type Score, macro, measureOf, scoreSequence } from './quality/score.js';
import { type Sequence, labelledFolders, readSequence } from './quality/sequence.js';
import { type StoreCells, openStoredCells } from './quality/stored-cells.js';
import { type Stress, stresses } from './quality/stresses.js';

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
const titles = line(
  '',
  columns.map(([, title]) => title),
);

function show(value: number | undefined, measure: Measure): string {
  if (value === undefined) return '-';
  const isCount = measure.endsWith('1000') || measure === 'medianDelay';
  return value.toFixed(isCount ? 1 : 3);
}

function line(name: string, cells: readonly string[]): string {
  return `${name.padEnd(38)}${cells.map((cell) => cell.padStart(12)).join('')}`;
}

function printEach(method: string, sequences: readonly Sequence[], scores: readonly Score[]): void {
  for (const [index, { name }] of sequences.entries()) {
    const cells = columns.map(([measure]) => show(measureOf(scores[index]!, measure), measure));
    console.log(line(`${name.slice(0, 24)}  ${method}`, cells));
  }
}

function printMeans(title: string, scores: readonly Score[]): void {
  const cells = columns.map(([measure]) => show(macro(scores, measure), measure));
  console.log(line(title, cells));
}

/** Judges each method, and prints its rows as soon as they are known. */
async function compare(
  sequences: readonly Sequence[],
  methods: readonly Method[],
  each: boolean,
): Promise<void> {
  const leftOut: { name: string; scores: readonly Score[] }[] = [];
  console.log(titles);
  for (const { name, choices, decide } of methods) {
    const decisions = await decide(sequences);
    const scored = decisions.map((found, index) =>
      found.map((changed) => scoreSequence(sequences[index]!.labels, changed)),
    );
    const first = scored.map((scores) => scores[0]!);
    if (each) printEach(name, sequences, first);
    printMeans(`${name}: ${choices[0] ?? ''}`, first);
    const { chosen, scores } = leaveOneOut(scored);
    if (each) printEach(`${name}, left out`, sequences, scores);
    printMeans(`${name}: best for the others`, scores);
    for (const choice of new Set(chosen)) {
      const count = chosen.filter((other) => other === choice).length;
      console.log(`  ${choices[choice] ?? ''}: for ${count} of ${chosen.length}`);
    }
    leftOut.push({ name, scores });
  }
  const names = leftOut.map(({ name }) => name);
  console.log('\nrecall-FAR, each sequence with the settings that are best for the others:');
  console.log(line('', [...names, 'best']));
  for (const [index, { name }] of sequences.entries()) {
    const gains = leftOut.map(({ scores }) => measureOf(scores[index]!, 'gain'));
    const shown = gains.map((gain) => show(gain, 'gain'));
    const most = show(Math.max(...gains.map((gain) => gain ?? -1)), 'gain');
    const best = names.filter((_, which) => shown[which] === most);
    console.log(line(name, [...shown, `  ${best.join(', ')}`]));
  }
}

/** The agent on altered sequences, a row each. */
function stress(
  { title, alterations, hasMean }: Stress,
  sequences: readonly Sequence[],
  storeCells: StoreCells,
): void {
  console.log(`\n${title}, ours:\n${titles}`);
  const rows = alterations.map(({ name, isOfFrames, alter }) => {
    const altered = sequences.flatMap((sequence) => {
      const made = alter(sequence);
      if (made === undefined) return [];
      return isOfFrames ? storeCells(sequence, made, name) : made;
    });
    const scores = altered.map((sequence) =>
      scoreSequence(sequence.labels, decideWithAll(sequence, [settings])[0]!),
    );
    if (values.each) printEach('ours', altered, scores);
    printMeans(name, scores);
    return columns.map(([measure]) => macro(scores, measure));
  });
  if (!hasMean) return;
  const cells = columns.map(([measure], column) => {
    const found = rows.flatMap((row) => row[column] ?? []);
    return show(found.reduce((sum, value) => sum + value, 0) / found.length, measure);
  });
  console.log(line(`mean of these ${rows.length}`, cells));
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
const folders = labelledFolders(positionals);
if (folders.length === 0) {
  console.error('npm run bench -- quality DIR…: no folder there has a labels.csv');
  process.exit(2);
}
if (values.methods === 'none' && !values.stress) {
  console.error('npm run bench -- quality: --methods none has nothing to do without --stress');
  process.exit(2);
}
const names = values.methods?.split(',') ?? ['ours', ...peerNames];
const methods = await findMethods(values.methods === 'none' ? [] : names, settings);
const storeCells = await openStoredCells();
const sequences: Sequence[] = [];
for (const folder of folders) {
  const sequence = await readSequence(folder, fpsOf(folder));
  sequences.push(storeCells(sequence, sequence, 'as it is'));
}
if (methods.length > 0) await compare(sequences, methods, values.each);
if (values.stress) for (const each of stresses) stress(each, sequences, storeCells);
