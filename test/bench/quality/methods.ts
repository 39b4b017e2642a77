/** Ways to tell which frames changed: ours, and those that it is compared with, each with some settings. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrialSettings } from '../../../agent/replay/trial.js';
import { runPython, python } from './python.js';
import { hasMotion, watchWithMotion } from './motion.js';
import { differsByMae, differsByPixelmatch } from './naive.js';
import { decideWithAll } from './ours.js';
import type { GreyFrame } from './pixels.js';
import type { Sequence } from './sequence.js';

export interface Method {
  readonly name: string;
  /** What is chosen of its settings, in words; the first are its defaults, or what suits most cameras. */
  readonly choices: readonly string[];
  /** By sequence, by choice and by frame: whether something is in view. */
  readonly decide: (sequences: readonly Sequence[]) => Promise<boolean[][][]>;
}

const sensitivities = [0.5, 0.3, 0.4, 0.6, 0.7];
/** Smallest area, as a share of the picture. */
const areas = [0.002, 0.0005, 0.001, 0.004, 0.008, 0.016];
/** Changed pixels of all regions together, as a share of the picture: those of Motion. */
const thresholds = [0.005, 0.001, 0.002, 0.01, 0.02, 0.05];
/** Few: whole frames take long. */
const pixelmatchShares = [0.005, 0.002, 0.02];
const tutorialErrors = [700, 350, 1400, 2800];

const percent = (share: number): string => `${Math.round(share * 1e4) / 100} %`;

export const peerNames = [
  ...['MOG2 grey', 'MOG2 colour', 'KNN', 'MOG', 'Motion', 'pixelmatch', 'tutorial'],
];

/** Each of these names that this machine can run; of the others it says why not. */
export async function findMethods(
  names: readonly string[],
  settings: TrialSettings,
): Promise<Method[]> {
  const openCv = python === undefined ? [] : await runPython('blobs.py', ['--list'], []);
  const methods = [
    ours(settings),
    ...subtractions(openCv.filter((name) => names.includes(name))),
    ...(hasMotion ? [motion] : []),
    naive('pixelmatch', pixelmatchShares, differsByPixelmatch, percent),
    naive('tutorial', tutorialErrors, differsByMae, String),
  ];
  const found = names.map((name) => methods.find((method) => method.name === name));
  const missing = names.filter((_, index) => found[index] === undefined);
  for (const name of missing) {
    const packages = name === 'Motion' ? 'motion and python3-opencv' : 'python3-opencv';
    console.log(`${name} is left out: it needs Debian's ${packages}`);
  }
  return found.flatMap((method) => method ?? []);
}

function ours(settings: TrialSettings): Method {
  const grid = sensitivities.flatMap((sensitivity) =>
    areas.map((minArea) => ({ ...settings, sensitivity, minArea })),
  );
  return {
    name: 'ours',
    choices: [
      'as told',
      ...grid.map(
        ({ sensitivity, minArea }) =>
          `--sensitivity ${percent(sensitivity)} --min-area ${percent(minArea)}`,
      ),
    ],
    decide: (sequences) =>
      Promise.resolve(sequences.map((sequence) => decideWithAll(sequence, [settings, ...grid]))),
  };
}

/** By sequence, by method and by frame: the largest blob as a share of the picture. One process at a time. */
async function blobShares(
  sequences: readonly Sequence[],
  names: readonly string[],
): Promise<number[][][]> {
  const shares: number[][][] = [];
  for (const { paths } of sequences) {
    const lines = await runPython('blobs.py', names, paths);
    const rows = lines.map((line) => line.split(' ').map(Number));
    shares.push(names.map((_, which) => rows.map((row) => row[which]!)));
  }
  return shares;
}

function subtractions(names: readonly string[]): Method[] {
  // All in one pass, since each frame is decoded once for all.
  let shares: Promise<number[][][]> | undefined;
  return names.map((name, which) => ({
    name,
    choices: areas.map((area) => `largest blob ${percent(area)}`),
    async decide(sequences) {
      const found = await (shares ??= blobShares(sequences, names));
      return found.map((each) => areas.map((area) => each[which]!.map((share) => share > area)));
    },
  }));
}

const motion: Method = {
  name: 'Motion',
  choices: thresholds.map((threshold) => `threshold ${percent(threshold)}`),
  async decide(sequences) {
    const directory = mkdtempSync(join(tmpdir(), 'bench-motion-'));
    try {
      // One run with the lowest: Motion tells how many pixels changed.
      const shares = await watchWithMotion(sequences, Math.min(...thresholds), directory);
      return shares.map((frames) =>
        thresholds.map((threshold) => frames.map((share) => share > threshold)),
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
};

/** The frame is compared with the last one that differed, at first with the first. */
function naive(
  name: string,
  limits: readonly number[],
  differs: (reference: GreyFrame, frame: GreyFrame, limit: number) => boolean,
  describe: (limit: number) => string,
): Method {
  const decideOne = ({ labels, grey }: Sequence, limit: number): boolean[] => {
    let reference: GreyFrame | undefined;
    return labels.map((_, index) => {
      const frame = grey(index);
      const isChanged = reference !== undefined && differs(reference, frame, limit);
      if (isChanged || reference === undefined) reference = frame;
      return isChanged;
    });
  };
  return {
    name,
    choices: limits.map(describe),
    decide: (sequences) =>
      Promise.resolve(
        sequences.map((sequence) => limits.map((limit) => decideOne(sequence, limit))),
      ),
  };
}
