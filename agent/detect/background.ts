/**
 * The background model: for each cell a running mean (the reference), a second mode, and the mean absolute
 * deviation from them. learning.ts updates it. Pure.
 *
 * Background subtraction, much simplified from these methods:
 * - running mean and mean absolute deviation with selective update: Wren et al., "Pfinder", PAMI 1997;
 * - two modes per cell: a mixture of Gaussians as in MOG2 has several (Zivkovic, ICPR 2004);
 * - ghost suppression (learning.ts): Cucchiara et al., PAMI 2003;
 * - a blink accumulator that raises the threshold where a cell flickers: `m_oBlinksFrame` of SuBSENSE
 *   (St-Charles et al., IEEE Trans. Image Processing 2015).
 * Relatives: ViBe (Barnich and Van Droogenbroeck, IEEE Trans. Image Processing 2011), which keeps samples instead
 * of a mean; Motion's alg.c, which labels connected changed pixels and keeps the regions above a threshold.
 */
import type { Grid } from './grid.js';

/** Labels of a cell; 0 is background. `speckle` differs in too small a region, `foreground` in a large enough one. */
export const speckle = 1;
export const foreground = 2;

/** One number per cell in each array. Brightness is 0..255; illumination compensation may exceed that a little. */
export interface Background {
  /** Number of frames learned from. */
  frames: number;
  /** Mean brightness that a frame is compared with. */
  readonly reference: Float32Array;
  /** The reference before it was replaced, which may return; `never` until then. */
  readonly secondMode: Float32Array;
  /** Mean absolute deviation from the reference, grey levels. */
  readonly meanAbsDev: Float32Array;
  /** Share of frames in which the cell changes between background and speckle, 0..1 (SuBSENSE: blinks). */
  readonly blinkRate: Float32Array;
  /** Running mean over seconds while the cell is foreground; else its value in the last frame. */
  readonly foregroundMean: Float32Array;
  /** Mean brightness since the last motion; the cell has stayed within its noise of it since. */
  readonly stableMean: Float32Array;
  /** Time since the last motion, seconds. */
  readonly stationaryS: Float32Array;
  /** Of the last frame: 0 (background), `speckle` or `foreground`. */
  labels: Uint8Array;
}

/** Placeholder of `secondMode`: far from every brightness, under any illumination. */
const never = -1e6;
/** Before the noise is measured: that of a cheap camera in the evening, grey levels. */
const initialMeanAbsDev = 3;
/** A normal distribution's standard deviation is 1.25 times its mean deviation. */
export const sigmaPerMad = 1.25;
/** Deviation by flicker and exposure, as a share of the brightness. */
const flicker = 0.012;
/** The threshold grows by this factor times the blink rate: threefold for a cell that blinks in every second frame. */
const blinkFactor = 4;
/** Added before a ratio of brightness is taken, grey levels: in the dark one grey level is a large ratio. */
export const darkLevel = 8;
/** Largest illumination gain between two frames that is compensated; a larger one is a covered lens. */
const maxGain = 1.5;
/** Smallest gain that is compensated: below it the noise of the median dominates, and the reference follows anyway. */
const minGain = 0.001;
/** Share of a difference that is ignored where a neighbour cell explains it: edges move in a shaking camera. */
const neighbourShare = 0.3;
/** Differences up to this many grey levels skip the neighbour and second mode checks. */
const smallestGreys = 1;

export function startBackground(luma: Float32Array): Background {
  const cells = luma.length;
  return {
    frames: 1,
    reference: luma.slice(),
    secondMode: new Float32Array(cells).fill(never),
    meanAbsDev: new Float32Array(cells).fill(initialMeanAbsDev),
    blinkRate: new Float32Array(cells),
    foregroundMean: luma.slice(),
    stableMean: luma.slice(),
    stationaryS: new Float32Array(cells),
    labels: new Uint8Array(cells),
  };
}

/**
 * Scales the background to the frame's illumination: clouds, exposure and gain change all cells alike.
 * @param sampleCells cells that the illumination is measured at; foreground of the last frame is excluded
 */
export function compensateIllumination(
  background: Background,
  luma: Float32Array,
  sampleCells: Uint32Array,
): void {
  const { reference, labels } = background;
  const ratios = new Float32Array(sampleCells.length);
  let count = 0;
  for (const cell of sampleCells) {
    if (labels[cell] === foreground) continue;
    ratios[count++] = (luma[cell]! + darkLevel) / (reference[cell]! + darkLevel);
  }
  if (count === 0) return;
  const median = ratios.subarray(0, count).sort()[count >> 1]!;
  const gain = Math.min(maxGain, Math.max(1 / maxGain, median));
  if (Math.abs(gain - 1) < minGain) return;
  const shift = darkLevel * (gain - 1);
  for (const levels of [
    reference,
    background.secondMode,
    background.foregroundMean,
    background.stableMean,
  ]) {
    for (let i = 0; i < levels.length; i++) levels[i] = levels[i]! * gain + shift;
  }
}

/**
 * Distance of each cell from the nearer of its two modes, grey levels.
 * @param result where to put them: a buffer that serves every frame
 */
export function distances(
  background: Background,
  luma: Float32Array,
  grid: Grid,
  result: Float32Array = new Float32Array(luma.length),
): Float32Array {
  const { reference, secondMode } = background;
  for (let i = 0; i < luma.length; i++) {
    const value = luma[i]!;
    const distance = Math.abs(value - reference[i]!);
    if (distance <= smallestGreys) result[i] = distance;
    else {
      const explained = distance - neighbourDistance(reference, value, i, grid);
      const toSecondMode = Math.abs(value - secondMode[i]!);
      result[i] = Math.min(distance - neighbourShare * explained, toSecondMode);
    }
  }
  return result;
}

/** Distance of a brightness from the range of the reference in a cell and its eight neighbours. */
function neighbourDistance(
  reference: Float32Array,
  value: number,
  cell: number,
  { columns, rows }: Grid,
): number {
  const x = cell % columns;
  const left = x > 0 ? -1 : 0;
  const right = x < columns - 1 ? 1 : 0;
  const isBrighter = value > reference[cell]!;
  let nearest = reference[cell]!;
  for (let row = cell - columns; row <= cell + columns; row += columns) {
    if (row < 0 || row >= columns * rows) continue;
    for (let at = row + left; at <= row + right; at++) {
      const level = reference[at]!;
      if (isBrighter ? level > nearest : level < nearest) nearest = level;
    }
  }
  return isBrighter ? Math.max(0, value - nearest) : Math.max(0, nearest - value);
}

/** Standard deviation of a cell, grey levels. */
export function expectedDeviation({ meanAbsDev, reference }: Background, cell: number): number {
  return Math.max(sigmaPerMad * meanAbsDev[cell]!, flicker * reference[cell]!);
}

/**
 * Standard deviation of each cell, raised by its blink rate: the threshold is a multiple of it.
 * @param result as of `distances`
 */
export function decisionDeviations(
  background: Background,
  result: Float32Array = new Float32Array(background.meanAbsDev.length),
): Float32Array {
  const { meanAbsDev, reference, blinkRate } = background;
  for (let i = 0; i < result.length; i++) {
    const usual = Math.max(sigmaPerMad * meanAbsDev[i]!, flicker * reference[i]!);
    result[i] = usual * (1 + blinkFactor * blinkRate[i]!);
  }
  return result;
}
