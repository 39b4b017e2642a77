/**
 * Updates the background model. Background cells follow the frame; foreground is excluded until it is stationary
 * (selective update), or a ghost. Pure.
 *
 * The criterion is motion, not age: every cell of a bag that was put down is still, some cells of a person who
 * stands are not.
 *
 * Constants in seconds (followS) hold at any frame rate: daylight and people keep their pace. Constants in frames hold
 * where a camera is fast or slow: one frame is little evidence, however long ago the frame before was.
 */
import { type Background, expectedDeviation, foreground, speckle } from './background.js';
import type { ComparedFrame } from './compared-frame.js';
import { findGhosts } from './ghost.js';
import { type Region, isLarge } from './regions.js';
import { absorbFrames, isStill, stillStepS, updateStationary } from './stationary.js';

/** Smallest deviation, grey levels: by quantization a cell of a still picture alternates between two values. */
const minMeanAbsDev = 0.5;
/** Largest deviation, grey levels: a larger one is an object, not noise. */
const maxMeanAbsDev = 40;
/** Time constant of the reference, seconds: slower than people (seconds), faster than daylight (minutes). */
const followS = 30;
/** Time constant of the deviation, seconds: longer than a visit, shorter than rising wind. */
const deviationS = 60;
/**
 * Fewest regions of a gust: a person is one region or a few, leaves, waves and snow are many that change at once. The
 * regions have at least two cells.
 */
const gustRegions = 8;
/** Weight of one frame of a gust in the deviation, except in large regions: wind after calm is learned in ten frames. */
const gustRate = 0.1;
/** Largest weight of one frame, for slow cameras. */
const maxLearningRate = 0.2;
/**
 * Largest weight of one frame in the deviation of foreground, at long intervals: a person who works in one place is
 * elsewhere in each frame, as a branch is. A branch is learned within 50 frames; a visit has fewer.
 */
const maxForegroundRate = 1 / 50;
/** Smallest weight of one frame in the deviation, for fast cameras: a hundred frames are enough. */
const minDeviationRate = 1 / 100;
/** A new model is the plain mean of this many frames, so that it covers a few swings of leaves. */
const startFrames = 30;
/** Weight of one frame in the blink rate: about 25 frames separate flicker from a person who passes. */
const blinkLearningRate = 0.04;

/** Time constant of the foreground's mean, seconds: people are slower than noise. */
const foregroundMeanS = 2;

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
  const deviationRate = deviationRateOf(startRate, rate(elapsedS, deviationS));
  const foregroundRate = deviationRateOf(
    startRate,
    Math.min(maxForegroundRate, rate(elapsedS, deviationS)),
  );
  const followRate = Math.max(startRate, Math.min(maxLearningRate, rate(elapsedS, followS)));
  const stepS = stillStepS(elapsedS, absorbS);
  updateStationary(background, frame.luma, stepS);
  const ghosts = findGhosts(background, frame, stepS);
  const isPutDown = (region: Region): boolean =>
    isStill(background, region, { seconds: absorbS, frames: absorbFrames }, stepS);
  for (const region of frame.regions) {
    const isLeaves = frame.isGusty && !isLarge(region, frame.minArea);
    const regionRate = isLeaves ? Math.max(gustRate, foregroundRate) : foregroundRate;
    learnForeground(background, frame.luma, region, regionRate, rate(elapsedS, foregroundMeanS));
    if (ghosts.has(region) || isPutDown(region)) absorb(background, frame.luma, region);
  }
  updateBlinkRate(background, frame.labels);
  learnBackground(
    background,
    frame,
    followRate,
    frame.isGusty ? Math.max(gustRate, deviationRate) : deviationRate,
  );
  background.labels = frame.labels;
}

/** @param differing all regions that differ, also those that are too small */
export function isGusty(differing: readonly Region[]): boolean {
  return differing.filter(({ length }) => length >= 2).length >= gustRegions;
}

/** Keeps the old reference as the second mode: when a parked car leaves, the yard is background again. */
export function absorb(
  { reference, secondMode }: Background,
  luma: Float32Array,
  cells: Iterable<number>,
): void {
  for (const cell of cells) {
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
    // The smaller distance: a person who stands adds little to the deviation, a swaying branch adds much.
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
  distance: number,
  deviationRate: number,
): void {
  const change = deviationRate * (Math.min(distance, maxMeanAbsDev) - meanAbsDev[cell]!);
  meanAbsDev[cell] = Math.max(minMeanAbsDev, meanAbsDev[cell]! + change);
}

/** The weight of one frame in the deviation, from that of its place in the model and of its time. */
function deviationRateOf(startRate: number, timeRate: number): number {
  return clamp(startRate + timeRate, minDeviationRate, maxLearningRate);
}

/** The weight of a new value in a running mean with the time constant `timeConstantS`. */
function rate(elapsedS: number, timeConstantS: number): number {
  return 1 - Math.exp(-elapsedS / timeConstantS);
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
