/**
 * The update of the background model: cells of the background follow the frame, foreground is left out until it is
 * stationary (selective update). Pure.
 *
 * Stillness decides, not age: a bag that was put down is still in each cell, a person who stands is not. A ghost, the
 * region that a person leaves who was in the first frame, has its outline in the reference and not in the frame
 * (Cucchiara et al. 2003); it becomes background at once.
 */
import {
  type Background,
  expectedDeviation,
  foreground,
  sigmaPerMad,
  speckle,
} from './background.js';
import type { Grid } from './grid.js';
import type { Region } from './regions.js';

/** A frame with its labels. */
export interface ComparedFrame {
  readonly luma: Float32Array;
  readonly grid: Grid;
  /** From `distances`, grey levels. */
  readonly distances: Float32Array;
  /** Per cell: 0 (background), `speckle` or `foreground`. */
  readonly labels: Uint8Array;
  /** The regions of the foreground. */
  readonly regions: readonly Region[];
}

/** Smallest deviation, grey levels: quantization makes a cell of a still picture alternate between two values. */
const minMeanAbsDev = 0.5;
/** Largest deviation, grey levels: more is an object, not noise. */
const maxMeanAbsDev = 40;
/** Time constant of the reference, seconds: between that of people (seconds) and of daylight (minutes). */
const followS = 30;
/** Time constant of the deviation, seconds: longer than a visit, shorter than the wind takes to rise. */
const deviationS = 60;
/** Largest weight of one frame, for slow cameras. */
const maxLearningRate = 0.2;
/** Smallest weight of one frame in the deviation, for fast cameras: a hundred frames suffice. */
const minDeviationRate = 1 / 100;
/** Frames whose plain mean a new model is: leaves need a few swings to show. */
const startFrames = 30;
/** Weight of one frame in the blink rate: some two dozen frames tell flicker from a passer-by. */
const blinkLearningRate = 0.04;

/** Frames that a stationary object is seen in at least: a person is in the same pose twice, not five times. */
const absorbFrames = 5;
/** A cell has moved when it leaves its stable value by this many standard deviations and grey levels. */
const movedDeviations = 4;
const movedGreys = 3;
/** Share of a stationary region's cells that are still: a twentieth of a person is a hand. */
const stationaryShare = 0.95;
/** Percentile of the cells' deviation that is taken as the camera's own noise. */
const noiseFloorPercentile = 0.8;
/** A region is tested for being a ghost after this time without motion, seconds. */
const ghostS = 2;
/** Ratio of the contrast at a ghost's outline in the reference to that in the frame. */
const ghostContrast = 2;
/** Time constant of the foreground's mean, seconds: people are slower than noise. */
const foregroundMeanS = 2;
/** Cells that the camera's own noise is estimated from. */
const noiseFloorSamples = 200;

/**
 * @param elapsedS since the frame before, seconds, above 0
 * @param absorbS after this time a stationary object becomes background, seconds
 */
export function learn(
  background: Background,
  frame: ComparedFrame,
  elapsedS: number,
  absorbS: number,
): void {
  background.frames += 1;
  const startRate = background.frames <= startFrames ? 1 / background.frames : 0;
  const deviationRate = clamp(
    startRate + rate(elapsedS, deviationS),
    minDeviationRate,
    maxLearningRate,
  );
  const followRate = Math.max(startRate, Math.min(maxLearningRate, rate(elapsedS, followS)));
  updateStationary(background, frame.luma, Math.min(elapsedS, absorbS / absorbFrames));
  for (const region of frame.regions) {
    learnForeground(background, frame.luma, region, deviationRate, rate(elapsedS, foregroundMeanS));
    const belongs =
      isStationary(background, region, absorbS) ||
      (isStationary(background, region, Math.min(ghostS, absorbS)) &&
        isGhost(background, frame, region));
    if (belongs) absorb(background, frame.luma, region);
  }
  updateBlinkRate(background, frame.labels);
  learnBackground(background, frame, followRate, deviationRate);
  background.labels = frame.labels;
}

/** Updates for each cell, background or not, for how long it has not moved. */
function updateStationary(background: Background, luma: Float32Array, elapsedS: number): void {
  const { lastStableLuma, stationaryS } = background;
  const floor = noiseFloor(background);
  for (let i = 0; i < luma.length; i++) {
    const deviation = Math.max(floor, expectedDeviation(background, i));
    if (
      Math.abs(luma[i]! - lastStableLuma[i]!) > Math.max(movedDeviations * deviation, movedGreys)
    ) {
      lastStableLuma[i] = luma[i]!;
      stationaryS[i] = 0;
    } else stationaryS[i]! += elapsedS;
  }
}

/** The camera's own noise, grey levels: also that of a still object. */
function noiseFloor({ meanAbsDev }: Background): number {
  const step = Math.ceil(meanAbsDev.length / noiseFloorSamples);
  const sample = new Float32Array(Math.ceil(meanAbsDev.length / step));
  for (let i = 0; i < sample.length; i++) sample[i] = meanAbsDev[i * step]!;
  sample.sort();
  return sigmaPerMad * sample[Math.floor(noiseFloorPercentile * sample.length)]!;
}

function isStationary({ stationaryS }: Background, region: Region, forS: number): boolean {
  let still = 0;
  for (const cell of region) if (stationaryS[cell]! >= forS) still += 1;
  return still >= stationaryShare * region.length;
}

/** True when the region's outline is in the reference rather than in the frame. */
function isGhost({ reference }: Background, frame: ComparedFrame, region: Region): boolean {
  const { luma, labels, grid } = frame;
  const { columns, rows } = grid;
  let inReference = 0;
  let inFrame = 0;
  const compare = (inside: number, outside: number): void => {
    if (labels[outside] === foreground) return;
    inReference += Math.abs(reference[inside]! - reference[outside]!);
    inFrame += Math.abs(luma[inside]! - luma[outside]!);
  };
  for (const cell of region) {
    const x = cell % columns;
    if (x > 0) compare(cell, cell - 1);
    if (x < columns - 1) compare(cell, cell + 1);
    if (cell >= columns) compare(cell, cell - columns);
    if (cell < columns * (rows - 1)) compare(cell, cell + columns);
  }
  return inReference > ghostContrast * inFrame;
}

/** The old reference stays as the second mode: when the car drives away, the yard is background again. */
function absorb({ reference, secondMode }: Background, luma: Float32Array, region: Region): void {
  for (const cell of region) {
    secondMode[cell] = reference[cell]!;
    reference[cell] = luma[cell]!;
  }
}

function learnForeground(
  background: Background,
  luma: Float32Array,
  region: Region,
  deviationRate: number,
  foregroundRate: number,
): void {
  const { reference, foregroundMean } = background;
  for (const cell of region) {
    const value = luma[cell]!;
    const moved = Math.abs(value - foregroundMean[cell]!);
    // The smaller of the two: a person who stands adds little, a branch that sways adds much.
    learnDeviation(
      background,
      cell,
      Math.min(Math.abs(value - reference[cell]!), moved),
      deviationRate,
    );
    const hasJumped = moved > 3 * expectedDeviation(background, cell);
    foregroundMean[cell]! += (hasJumped ? 1 : foregroundRate) * (value - foregroundMean[cell]!);
  }
}

function updateBlinkRate({ blinkRate, labels: before }: Background, labels: Uint8Array): void {
  for (let i = 0; i < labels.length; i++) {
    const hasFlipped = labels[i]! !== before[i]! && labels[i]! + before[i]! === speckle;
    blinkRate[i]! += blinkLearningRate * ((hasFlipped ? 1 : 0) - blinkRate[i]!);
  }
}

function learnBackground(
  background: Background,
  { luma, distances, labels }: ComparedFrame,
  followRate: number,
  deviationRate: number,
): void {
  const { reference, secondMode, foregroundMean } = background;
  for (let i = 0; i < luma.length; i++) {
    if (labels[i] === foreground) continue;
    const value = luma[i]!;
    if (Math.abs(value - secondMode[i]!) < Math.abs(value - reference[i]!)) {
      [reference[i], secondMode[i]] = [secondMode[i]!, reference[i]!];
    }
    reference[i]! += followRate * (value - reference[i]!);
    learnDeviation(background, i, distances[i]!, deviationRate);
    foregroundMean[i] = value;
  }
}

function learnDeviation(
  { meanAbsDev }: Background,
  cell: number,
  off: number,
  deviationRate: number,
): void {
  const change = deviationRate * (Math.min(off, maxMeanAbsDev) - meanAbsDev[cell]!);
  meanAbsDev[cell] = Math.max(minMeanAbsDev, meanAbsDev[cell]! + change);
}

/** The weight of a new value in a running mean with the time constant `timeS`. */
function rate(elapsedS: number, timeS: number): number {
  return 1 - Math.exp(-elapsedS / timeS);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
