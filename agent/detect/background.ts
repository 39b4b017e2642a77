/**
 * What the camera sees when nothing happens, cell by cell: the reference, what else the place has shown, and
 * how far from it the place usually is. How it learns is in learning.ts. Pure.
 */
import type { Grid } from './grid.js';

/** One number a cell in each array. Brightness is 0..255; following the light may lead a little beyond. */
export interface Background {
  /** Frames learned from. */
  frames: number;
  /** What a frame is compared with. */
  readonly reference: Float32Array;
  /** What the place showed before its reference was replaced, and may show again; `never` until then. */
  readonly other: Float32Array;
  /** Usual distance from the reference, grey levels. */
  readonly noise: Float32Array;
  /** How often the place begins or ceases to differ without anything being there: share of frames, 0..1. */
  readonly restless: Float32Array;
  /** Mean of the last moments, where something is in front; elsewhere the last frame. */
  readonly settled: Float32Array;
  /** What the place has shown, within its noise, since it last moved. */
  readonly anchor: Float32Array;
  /** How long ago that was, seconds. */
  readonly stillS: Float32Array;
  /** Of the last frame: 0 as usual, 1 differs in too small a region, 2 in a region that counts. */
  marks: Uint8Array;
}

/** So far from any brightness that nothing is ever near it, whatever the light does. */
const never = -1e6;
/** Until noise is learned, suppose what a cheap camera shows in the evening. */
const firstNoise = 3;
/** A normal distribution's standard deviation is 1.25 times its mean deviation. */
export const deviationOfNoise = 1.25;
/** Lamps flicker and exposure hunts by a share of the brightness; what is dark differs by less. */
const flicker = 0.012;
/** A place that begins to differ in every second frame has to be off three times as far as a quiet one. */
const restlessFactor = 4;
/** Added before dividing: in the dark one grey level is no tenfold light. */
const darkLevel = 8;
/** One frame's change of light that is followed at once; beyond it something covers the lens. */
const mostGain = 1.5;
/** Less than a frame's noise does to the median: where it is quiet the reference follows by itself. */
const leastGain = 0.001;
/** Edges wander with a shaking camera: so much of a difference is forgiven where a neighbour shows it too. */
const neighbourShare = 0.3;
/** A smaller difference counts for nothing whoever forgives it. */
const smallestGreys = 1;

export function startBackground(luma: Float32Array): Background {
  const cells = luma.length;
  return {
    frames: 1,
    reference: luma.slice(),
    other: new Float32Array(cells).fill(never),
    noise: new Float32Array(cells).fill(firstNoise),
    restless: new Float32Array(cells),
    settled: luma.slice(),
    anchor: luma.slice(),
    stillS: new Float32Array(cells),
    marks: new Uint8Array(cells),
  };
}

/**
 * Brings the background to the frame's light: clouds, exposure and gain change all places alike.
 * @param places the cells to measure the light at; those that something was in front of are passed over
 */
export function followLight(background: Background, luma: Float32Array, places: Uint32Array): void {
  const { reference, marks } = background;
  const ratios = new Float32Array(places.length);
  let count = 0;
  for (const cell of places) {
    if (marks[cell] === 2) continue;
    ratios[count++] = (luma[cell]! + darkLevel) / (reference[cell]! + darkLevel);
  }
  if (count === 0) return;
  const median = ratios.subarray(0, count).sort()[count >> 1]!;
  const gain = Math.min(mostGain, Math.max(1 / mostGain, median));
  if (Math.abs(gain - 1) < leastGain) return;
  const shift = darkLevel * (gain - 1);
  for (const levels of [reference, background.other, background.settled, background.anchor]) {
    for (let i = 0; i < levels.length; i++) levels[i] = levels[i]! * gain + shift;
  }
}

/** How far each cell is from what it may show, grey levels. */
export function distances(background: Background, luma: Float32Array, grid: Grid): Float32Array {
  const { reference, other } = background;
  const result = new Float32Array(luma.length);
  for (let i = 0; i < luma.length; i++) {
    const value = luma[i]!;
    const distance = Math.abs(value - reference[i]!);
    if (distance <= smallestGreys) result[i] = distance;
    else {
      const forgiven = distance - neighbourDistance(reference, value, i, grid);
      const toOther = Math.abs(value - other[i]!);
      result[i] = Math.min(distance - neighbourShare * forgiven, toOther);
    }
  }
  return result;
}

/** How far a brightness lies outside what the reference shows at a cell and the eight around it. */
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

/** Grey levels that a cell is off as a matter of course. */
export function usualDeviation({ noise, reference }: Background, cell: number): number {
  return Math.max(deviationOfNoise * noise[cell]!, flicker * reference[cell]!);
}

/** The same of each cell, for deciding: more where the place is restless. */
export function expectedDeviations(background: Background): Float32Array {
  const { noise, reference, restless } = background;
  const result = new Float32Array(noise.length);
  for (let i = 0; i < result.length; i++) {
    const usual = Math.max(deviationOfNoise * noise[i]!, flicker * reference[i]!);
    result[i] = usual * (1 + restlessFactor * restless[i]!);
  }
  return result;
}
