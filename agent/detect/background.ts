/**
 * The background model: for each cell a running mean (the reference), a second mode, and the mean absolute
 * deviation from them. How it is updated: learning.ts. Pure.
 *
 * After the field's background subtraction, much simplified: selective update of a running mean and deviation
 * (Wren et al., Pfinder, 1997), two modes a cell as in MOG2 (Zivkovic 2004), and a blink rate that raises the
 * threshold where a cell flickers (SuBSENSE, St-Charles et al. 2015).
 */
import type { Grid } from './grid.js';

/** Labels of a cell: as the background; differs in a region that is too small; differs in a region that is a change. */
export const speckle = 1;
export const foreground = 2;

/** One number a cell in each array. Brightness is 0..255; compensating the illumination may lead a little beyond. */
export interface Background {
  /** Frames learned from. */
  frames: number;
  /** What a frame is compared with. */
  readonly reference: Float32Array;
  /** What the cell showed before its reference was replaced, and may show again; `never` until then. */
  readonly secondMode: Float32Array;
  /** Mean absolute deviation from the reference, grey levels. */
  readonly meanAbsDev: Float32Array;
  /** Share of frames in which the cell changes between background and speckle, 0..1 (SuBSENSE: blinks). */
  readonly blinkRate: Float32Array;
  /** Mean of the last moments where the cell is foreground; elsewhere its value in the last frame. */
  readonly foregroundMean: Float32Array;
  /** The value that the cell has kept, within its noise, since it last moved. */
  readonly lastStableLuma: Float32Array;
  /** For how long it has kept it, seconds. */
  readonly stationaryS: Float32Array;
  /** Of the last frame: 0 (background), `speckle` or `foreground`. */
  labels: Uint8Array;
}

/** No brightness is near it, under any illumination. */
const never = -1e6;
/** Before the noise is known: that of a cheap camera in the evening. */
const initialMeanAbsDev = 3;
/** A normal distribution's standard deviation is 1.25 times its mean deviation. */
export const sigmaPerMad = 1.25;
/** Deviation by flicker and exposure, as a share of the brightness. */
const flicker = 0.012;
/** A cell that blinks in every second frame has three times the threshold of a quiet one. */
const blinkFactor = 4;
/** Added before a ratio of brightness is taken: one grey level in the dark is not a tenfold illumination. */
const darkLevel = 8;
/** Largest illumination gain between two frames that is compensated; beyond it something covers the lens. */
const maxGain = 1.5;
/** Smallest gain that is compensated: the noise of the median is larger, and the reference follows anyway. */
const minGain = 0.001;
/** With a shaking camera edges move between cells: the share of a difference that is ignored where a neighbour explains it. */
const neighbourShare = 0.3;
/** Differences up to this many grey levels are not looked at more closely. */
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
    lastStableLuma: luma.slice(),
    stationaryS: new Float32Array(cells),
    labels: new Uint8Array(cells),
  };
}

/**
 * Scales the background to the frame's illumination: clouds, exposure and gain change all cells alike.
 * @param sampleCells the cells to measure the illumination at; foreground of the last frame is left out
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
    background.lastStableLuma,
  ]) {
    for (let i = 0; i < levels.length; i++) levels[i] = levels[i]! * gain + shift;
  }
}

/** Distance of each cell from the nearer of its two modes, grey levels. */
export function distances(background: Background, luma: Float32Array, grid: Grid): Float32Array {
  const { reference, secondMode } = background;
  const result = new Float32Array(luma.length);
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

/** The same for each cell, raised by its blink rate: what the threshold is a multiple of. */
export function decisionDeviations(background: Background): Float32Array {
  const { meanAbsDev, reference, blinkRate } = background;
  const result = new Float32Array(meanAbsDev.length);
  for (let i = 0; i < result.length; i++) {
    const usual = Math.max(sigmaPerMad * meanAbsDev[i]!, flicker * reference[i]!);
    result[i] = usual * (1 + blinkFactor * blinkRate[i]!);
  }
  return result;
}
