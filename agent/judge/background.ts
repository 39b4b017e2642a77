/**
 * What the camera sees when nothing happens, cell by cell: the reference, how restless each place is, and
 * for places that differ, what they have settled to. It learns from every frame. Pure.
 */
import type { Region } from './regions.js';

export interface Background {
  /** Frames learned from. */
  frames: number;
  /** What a frame is compared with, 0..255. */
  readonly reference: Float32Array;
  /** Usual distance from the reference, grey levels. */
  readonly noise: Float32Array;
  /** Where something is in front: what the place shows now. Elsewhere the last frame. */
  readonly settled: Float32Array;
  /** Where something is in front: for how long all of it has kept still, seconds. */
  readonly stillS: Float32Array;
}

/** Until noise is learned, suppose what a cheap camera shows in the evening. */
const firstNoise = 3;
/** A JPEG rounds the brightness of a cell to a grey level or more: a still picture flips between two. */
const leastNoise = 0.5;
/** More is somebody in front, not the place's noise. */
const mostNoise = 40;
/** A normal distribution's standard deviation is 1.25 times its mean deviation. */
const deviationOfNoise = 1.25;
/** Lamps flicker and exposure hunts by a share of the brightness; what is dark differs by less. */
const flicker = 0.012;
/** Added before dividing: in the dark one grey level is no tenfold light. */
const darkLevel = 8;
/** One frame's change of light that is followed at once; beyond it something covers the lens. */
const mostGain = 1.5;

/** Daylight moves in minutes, people in seconds: where it is quiet, the reference follows in between. */
const followS = 30;
/** Longer than a visit, so that a visitor is not learned as noise; shorter than the wind takes to rise. */
const noiseS = 60;
/** However slow the camera, a look or two is not learned from; however fast, 200 looks tell the noise. */
const mostRate = 0.1;
const leastNoiseRate = 1 / 200;
/** A new background is the mean of this many frames: rustling leaves take a few swings to show. */
const startFrames = 30;

/** What stays for this long without moving belongs to the scene: a parked car, a moved chair. */
const absorbS = 60;
/** Seen still in at least so many frames; a person is caught in the same pose twice, not five times. */
const absorbFrames = 5;
/** A cell that leaves what it has settled to by so many deviations has moved; noise does so in 0.3 %. */
const movedDeviations = 3;
/** Somebody who stands still moves somewhere: a twentieth of a person is a hand. */
const movingShare = 0.05;
/** What a place has settled to is its mean over so long: people are slower than noise. */
const settleS = 2;

export function startBackground(luma: Float32Array): Background {
  return {
    frames: 1,
    reference: luma.slice(),
    noise: new Float32Array(luma.length).fill(firstNoise),
    settled: luma.slice(),
    stillS: new Float32Array(luma.length),
  };
}

/**
 * Brings the background to the frame's light: clouds, exposure and gain change all places alike.
 * @param places the cells to measure the light at, at least one
 */
export function followLight(background: Background, luma: Float32Array, places: Uint32Array): void {
  const { reference, settled } = background;
  const ratios = Float32Array.from(
    places,
    (cell) => (luma[cell]! + darkLevel) / (reference[cell]! + darkLevel),
  );
  const median = ratios.sort()[ratios.length >> 1]!;
  const gain = clamp(median, 1 / mostGain, mostGain);
  for (let i = 0; i < reference.length; i++) {
    reference[i] = (reference[i]! + darkLevel) * gain - darkLevel;
    settled[i] = (settled[i]! + darkLevel) * gain - darkLevel;
  }
}

/** How far each cell is from the reference, in the deviations usual at its place; negative: darker. */
export function deviations(background: Background, luma: Float32Array): Float32Array {
  const result = new Float32Array(luma.length);
  for (let i = 0; i < luma.length; i++) {
    result[i] = (luma[i]! - background.reference[i]!) / usualDeviation(background, i);
  }
  return result;
}

/** Grey levels that a cell is off as a matter of course. */
function usualDeviation({ noise, reference }: Background, cell: number): number {
  return Math.max(deviationOfNoise * noise[cell]!, flicker * reference[cell]!);
}

/**
 * Learns from a frame that has been judged.
 * @param inFront the regions that something is in front of: their reference stays, until they have kept
 *   still for a minute
 * @param elapsedS since the frame before, seconds, above 0
 */
export function learn(
  background: Background,
  luma: Float32Array,
  inFront: readonly Region[],
  elapsedS: number,
): void {
  background.frames += 1;
  const startRate = background.frames <= startFrames ? 1 / background.frames : 0;
  const noiseRate = clamp(startRate + rate(elapsedS, noiseS), leastNoiseRate, mostRate);
  const followRate = Math.max(startRate, Math.min(mostRate, rate(elapsedS, followS)));
  const covered = new Uint8Array(luma.length);
  for (const region of inFront) {
    for (const cell of region) covered[cell] = 1;
    noteStillness(background, luma, region, Math.min(elapsedS, absorbS / absorbFrames));
    learnInFront(background, luma, region, noiseRate, rate(elapsedS, settleS));
  }
  const { reference, settled, stillS } = background;
  for (let i = 0; i < luma.length; i++) {
    if (covered[i] === 1) continue;
    const off = luma[i]! - reference[i]!;
    reference[i]! += followRate * off;
    learnNoise(background, i, Math.abs(off), noiseRate);
    settled[i] = luma[i]!;
    stillS[i] = 0;
  }
}

/** Counts for how long a region has kept still, and makes what has done so for long part of the reference. */
function noteStillness(
  background: Background,
  luma: Float32Array,
  region: Region,
  elapsedS: number,
): void {
  const { reference, stillS } = background;
  let moved = 0;
  for (const cell of region) if (hasMoved(background, luma, cell)) moved += 1;
  const isStill = moved <= movingShare * region.length;
  let longStill = 0;
  for (const cell of region) {
    stillS[cell] = isStill ? stillS[cell]! + elapsedS : 0;
    if (stillS[cell] >= absorbS) longStill += 1;
  }
  if (longStill < (1 - movingShare) * region.length) return;
  for (const cell of region) reference[cell] = luma[cell]!;
}

function learnInFront(
  background: Background,
  luma: Float32Array,
  region: Region,
  noiseRate: number,
  settleRate: number,
): void {
  const { reference, settled } = background;
  for (const cell of region) {
    const value = luma[cell]!;
    const isMoved = hasMoved(background, luma, cell);
    const off = Math.abs(value - reference[cell]!);
    // Somebody who stands teaches little noise, a branch that sways much.
    learnNoise(background, cell, Math.min(off, Math.abs(value - settled[cell]!)), noiseRate);
    settled[cell]! += (isMoved ? 1 : settleRate) * (value - settled[cell]!);
  }
}

function hasMoved(background: Background, luma: Float32Array, cell: number): boolean {
  const moved = Math.abs(luma[cell]! - background.settled[cell]!);
  return moved > movedDeviations * usualDeviation(background, cell);
}

function learnNoise({ noise }: Background, cell: number, off: number, noiseRate: number): void {
  const change = noiseRate * (Math.min(off, mostNoise) - noise[cell]!);
  noise[cell] = Math.max(leastNoise, noise[cell]! + change);
}

/** The share of a new value in a mean that forgets within `timeS`. */
function rate(elapsedS: number, timeS: number): number {
  return 1 - Math.exp(-elapsedS / timeS);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
