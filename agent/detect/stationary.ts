/**
 * For how long each cell has been still: a thing that was put down is still, a person never quite. Pure.
 *
 * Stillness is asked for in seconds and in frames, and both must have passed: seconds at five frames a second, where
 * anybody keeps a pose for some frames; frames at one a minute, where two alike may be chance.
 */
import { type Background, expectedDeviation, sigmaPerMad } from './background.js';
import type { Region } from './regions.js';

/** How long something must be still. */
export interface Stillness {
  readonly seconds: number;
  /** Frames that show it as it was in the frame before. */
  readonly frames: number;
}

/** Share of a stationary region's cells that are still: the other twentieth may be a moving hand. */
const stationaryShare = 0.95;
/** Fewest frames that show a stationary object: a person keeps a pose for two frames, not for five. */
export const absorbFrames = 5;
/**
 * A cell has moved when it differs from its mean since the last motion by this many standard deviations and grey levels.
 * The mean, not one value: noise decays after motion, since exposure and the encoder settle, and one value of the
 * beginning would be as noisy.
 */
const movedDeviations = 4;
const movedGreys = 3;
/** Largest deviation of a still cell, as a multiple of the camera's own: a person who sits teaches a cell more. */
const maxStillNoise = 2;
/** Percentile of per-cell deviation taken as the camera's own noise floor. */
const noiseFloorPercentile = 0.8;
/** Number of cells that the noise floor is estimated from. */
const noiseFloorSamples = 200;

/** Updates the time since the last motion, for cells of any label. */
export function updateStationary(background: Background, luma: Float32Array, stepS: number): void {
  const { stableMean, stationaryS } = background;
  const floor = noiseFloor(background);
  for (let i = 0; i < luma.length; i++) {
    const usual = Math.max(floor, expectedDeviation(background, i));
    const deviation = Math.min(usual, maxStillNoise * floor);
    const change = luma[i]! - stableMean[i]!;
    if (Math.abs(change) > Math.max(movedDeviations * deviation, movedGreys)) {
      stableMean[i] = luma[i]!;
      stationaryS[i] = 0;
    } else {
      stationaryS[i]! += stepS;
      stableMean[i]! += (stepS / (stationaryS[i]! + stepS)) * change;
    }
  }
}

/** Standard deviation of the camera's own noise, grey levels; a still object has the same noise. */
function noiseFloor({ meanAbsDev }: Background): number {
  const step = Math.ceil(meanAbsDev.length / noiseFloorSamples);
  const sample = new Float32Array(Math.ceil(meanAbsDev.length / step));
  for (let i = 0; i < sample.length; i++) sample[i] = meanAbsDev[i * step]!;
  sample.sort();
  return sigmaPerMad * sample[Math.floor(noiseFloorPercentile * sample.length)]!;
}

/**
 * What one frame counts as time without motion, seconds: so little that an object is absorbed after `absorbFrames` at
 * the soonest.
 */
export function stillStepS(elapsedS: number, absorbS: number): number {
  return Math.min(elapsedS, absorbS / absorbFrames);
}

/** @param stepS of this frame @returns the share of the regions' cells that have been still for so long */
export function stillShare(
  { stationaryS }: Background,
  regions: readonly Region[],
  { seconds, frames }: Stillness,
  stepS: number,
): number {
  const forS = Math.max(seconds, frames * stepS);
  let [count, still] = [0, 0];
  for (const region of regions) {
    count += region.length;
    for (const cell of region) if (stationaryS[cell]! >= forS) still += 1;
  }
  return count === 0 ? 0 : still / count;
}

/** True when a region is stationary, for so long. */
export function isStill(
  background: Background,
  region: Region,
  stillness: Stillness,
  stepS: number,
): boolean {
  return stillShare(background, [region], stillness, stepS) >= stationaryShare;
}
