/**
 * How well changes are told, on folders of frames with labels.csv: the agent beside OpenCV's MOG2 (grey and colour), KNN
 * and MOG, Motion by its own program, a naive pixelmatch and the tutorial's mean error. Each method has some settings;
 * each sequence is judged by the setting that is best for the others.
 * `npm run bench -- quality DIR… [--fps NAME=12,…] [--methods ours,Motion] [--stress] [--each] [--detection 'FLAG …']`
 * DIR has labels.csv or folders that have; NAME is a part of a folder's name. --stress judges the agent on altered
 * sequences, too; --each shows all measures by sequence. Motion takes as long as the longest sequence, at 5 a second.
 */
import { parseArgs } from 'node:util';
import { replayProgram } from '../../agent/replay/replay-options.js';
import { settingsOf } from '../../agent/replay/replay-settings.js';
import type { TrialSettings } from '../../agent/replay/trial.js';
import { readCommandLine } from '../../shared/cli/option-table.js';
import { alterations } from './quality/alterations.js';
import { leaveOneOut } from './quality/leave-one-out.js';
import { findMethods, type Method, peerNames } from './quality/methods.js';
import { decideWithAll } from './quality/ours.js';
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

/** Each method's scores, by sequence and by choice. */
async function judge(sequences: readonly Sequence[], methods: readonly Method[]) {
  const judged: { method: Method; scores: readonly (readonly Score[])[] }[] = [];
  for (const method of methods) {
    const decisions = await method.decide(sequences);
    const scores = decisions.map((choices, index) =>
      choices.map((changed) => scoreSequence(sequences[index]!.labels, changed)),
    );
    judged.push({ method, scores });
  }
  return judged;
}

async function compare(
  sequences: readonly Sequence[],
  methods: readonly Method[],
  each: boolean,
): Promise<void> {
  const judged = await judge(sequences, methods);
  const leftOut = judged.map(({ method, scores }) => ({ method, ...leaveOneOut(scores) }));
  console.log(`With the first of their settings:\n${titles}`);
  for (const { method, scores } of judged) {
    const first = scores.map((choices) => choices[0]!);
    if (each) printEach(method.name, sequences, first);
    printMeans(`${method.name}: ${method.choices[0] ?? ''}`, first);
  }
  console.log(`\nEach sequence with the setting that is best for the others:\n${titles}`);
  for (const { method, chosen, scores } of leftOut) {
    if (each) printEach(method.name, sequences, scores);
    printMeans(method.name, scores);
    for (const choice of new Set(chosen)) {
      const count = chosen.filter((each) => each === choice).length;
      console.log(`  ${method.choices[choice] ?? ''}: ${count} of ${chosen.length}`);
    }
  }
  const names = leftOut.map(({ method }) => method.name);
  console.log(`\nrecall-FAR of these, and the best:\n${line('', [...names, 'best'])}`);
  for (const [index, { name }] of sequences.entries()) {
    const gains = leftOut.map(({ scores }) => measureOf(scores[index]!, 'gain'));
    const shown = gains.map((gain) => show(gain, 'gain'));
    const most = show(Math.max(...gains.map((gain) => gain ?? -1)), 'gain');
    const best = names.filter((_, which) => shown[which] === most);
    console.log(line(name, [...shown, `  ${best.join(', ')}`]));
  }
}

/** The agent on altered sequences. */
function stress(sequences: readonly Sequence[], settings: TrialSettings, each: boolean): void {
  console.log(`\nAltered sequences, ours:\n${titles}`);
  const rows = alterations.map(({ name, alter }) => {
    const altered = sequences.flatMap((sequence) => alter(sequence) ?? []);
    const scores = altered.map((sequence) =>
      scoreSequence(sequence.labels, decideWithAll(sequence, [settings])[0]!),
    );
    if (each) printEach('ours', altered, scores);
    printMeans(name, scores);
    return columns.map(([measure]) => macro(scores, measure));
  });
  const cells = columns.map(([measure], column) => {
    const values = rows.flatMap((row) => row[column] ?? []);
    return show(values.reduce((sum, value) => sum + value, 0) / values.length, measure);
  });
  console.log(line('mean of these', cells));
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
const methods = await findMethods(values.methods?.split(',') ?? ['ours', ...peerNames], settings);
const sequences = await Promise.all(folders.map((folder) => readSequence(folder, fpsOf(folder))));
await compare(sequences, methods, values.each);
if (values.stress) stress(sequences, settings, values.each);
