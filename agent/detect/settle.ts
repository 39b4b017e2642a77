/**
 * What is left where the light has changed, or the camera was turned, such as the rim of the light and moved edges, need
 * not be still for as long as a thing: a person moves. Pure.
 */
import { type Background, foreground } from './background.js';
import type { Region } from './regions.js';

/** It becomes background after this time without motion, seconds and frames. */
const settleS = 2;
const settleFrames = 2;

/** @param stepS `stillStepS` of the frame @returns what counts as passed of the time without motion, seconds */
export function settledS(absorbS: number, stepS: number): number {
  return Math.max(0, absorbS - Math.max(settleS, settleFrames * stepS));
}

/**
 * Takes a part of the time without motion as passed. Cells that were foreground before are left out: a person sits.
 * @param labels not 0 for each cell that differs
 * @param passedS from `settledS`
 */
export function settle(
  { stableMean, stationaryS, labels: before }: Background,
  luma: Float32Array,
  labels: Uint8Array,
  region: Region,
  passedS: number,
): void {
  for (const cell of region) {
    if (labels[cell] === 0 || before[cell] === foreground) continue;
    stableMean[cell] = luma[cell]!;
    stationaryS[cell] = passedS;
  }
}
