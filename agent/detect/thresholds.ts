/** The limits of strength and size that the detector and the words about it share. Pure. */

/**
 * Threshold at sensitivity 0.5, in standard deviations. A frame has thousands of cells, and their noise has heavier
 * tails than a normal distribution: at 3 some cells exceed it in each frame, at 5 two neighbours hardly ever do.
 */
const thresholdSigmas = 5;
/** Ratio of the threshold at either end of the sensitivity to the default: 2 for a cellar, 12.5 for a busy street. */
const sensitivityFactor = 2.5;
/** The strongest cell of a region exceeds the threshold by this factor; moved edges do not. */
export const peakThreshold = 1.5;
/** A region that overlaps the last foreground needs this share of the minimum area: people turn and bend. */
export const trackedShare = 0.5;
/** A larger changed share of the picture is a new scene: a switched light, a moved camera. */
export const sceneChangeRatio = 0.6;

/** @param sensitivity 0..1 @returns the threshold, in standard deviations of a cell */
export function thresholdOf(sensitivity: number): number {
  return thresholdSigmas * sensitivityFactor ** (1 - 2 * sensitivity);
}

/** The inverse of `thresholdOf`; below 0 or above 1 for a threshold that no sensitivity has. */
export function sensitivityFor(threshold: number): number {
  return (1 - Math.log(threshold / thresholdSigmas) / Math.log(sensitivityFactor)) / 2;
}
