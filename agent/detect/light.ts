/**
 * Tells a thing from light: a lamp, a sun patch or a shadow changes the brightness of a part of the picture and keeps
 * its texture; a thing covers the texture. Pure.
 *
 * The texture is the contrast of neighbour cells: their difference divided by their sum. Light on both scales both,
 * and the contrast stays.
 */
import { type Background, darkLevel, sigmaPerMad } from './background.js';
import type { Grid, SmallPicture } from './grid.js';
import { absorb } from './learning.js';
import { type Region, isLargeArea } from './regions.js';
import { settle, settledS } from './settle.js';

/** With fewer pairs of neighbour cells a region is judged pair by pair: a small thing may resemble a few by chance. */
const minPairs = 30;
/** Smallest energy of a contrast that is texture, in multiples of that of the noise: a white wall has none. */
const evidentEnergy = 4;
/** Smallest share of the pairs that have texture: one edge that a thing and its background share does not tell. */
const texturedShare = 0.25;
/** In a small region, a contrast is kept when it differs by at most this share of the larger, or by the noise. */
const keptShare = 1 / 3;
/** Smallest similarity of a region that is lit. */
const litSimilarity = 0.8;
/** Within a lit region, a neighbourhood with a smaller similarity is a thing: the person who switches the light. */
const thingSimilarity = 0.5;
/** Most cells of a region that its texture is measured at: a person in view must not cost more than that. */
const maxSampleCells = 100;
/** Farthest cell of a neighbourhood, in each direction. */
const reach = 2;
/** Within a lit region, largest ratio of a cell's gain to the region's median gain where there is no texture. */
const maxGainRatio = 1.25;

/** Cells beyond this multiple of their threshold have another light when their second mode explains them. */
const returnedDistance = 2;
/** Number of cells that the return of a light is measured at. */
const maxReturnedSamples = 1000;

/** Sums over pairs of neighbour cells. */
interface Texture {
  pairs: number;
  /** Pairs with more contrast in the reference than noise has. */
  textured: number;
  /** Energy of the contrasts in the reference and in the frame, what both have in common, and that of the noise. */
  inReference: number;
  inFrame: number;
  common: number;
  noise: number;
}

/** What `absorbLight` needs of a frame. */
export interface LightFrame {
  readonly picture: SmallPicture;
  /** Not 0 for each cell that differs; becomes 0 for lit cells. */
  readonly labels: Uint8Array;
  readonly regions: readonly Region[];
  /** Of each cell, grey levels; `threshold` is a multiple of it. */
  readonly deviations: Float32Array;
  readonly threshold: number;
  /** 1 for each cell in the region of interest. */
  readonly roi: Uint8Array;
  /** Smallest region that is a change, cells. */
  readonly minArea: number;
}

/**
 * Makes lit cells background. What is left where a light was switched, such as the rim of the light, shadows and what is
 * too bright, need not be still for as long as a thing: a person moves.
 * @param stepS `stillStepS` of the frame
 * @returns the cells
 */
export function absorbLight(
  background: Background,
  frame: LightFrame,
  absorbS: number,
  stepS: number,
): readonly number[] {
  const { picture, labels, regions } = frame;
  const { luma } = picture;
  const afterS = settledS(absorbS, stepS);
  const hasReturned = regions.length > 0 && isLightBack(background, frame);
  const cells: number[] = [];
  for (const region of regions) {
    const lit = litCells(region, background, luma, labels, picture);
    if (lit.length > 0) {
      absorb(background, luma, lit);
      for (const cell of lit) labels[cell] = 0;
      cells.push(...lit);
    }
    if (lit.length > 0 || hasReturned) settle(background, luma, labels, region, afterS);
  }
  return cells;
}

/** True when the light is again what it was before: the second mode explains a large region. */
function isLightBack(
  { reference }: Background,
  { picture: { luma }, labels, deviations, threshold, roi, minArea }: LightFrame,
): boolean {
  const beyond = returnedDistance * threshold;
  const step = Math.ceil(luma.length / maxReturnedSamples);
  let count = 0;
  for (let i = 0; i < luma.length; i += step) {
    if (labels[i] !== 0 || roi[i] === 0) continue;
    if (Math.abs(luma[i]! - reference[i]!) > beyond * deviations[i]!) count += 1;
  }
  return isLargeArea(count * step, minArea);
}

/**
 * @param labels not 0 for each cell that differs
 * @returns the cells of a region that are the same under another light; none when the region is a thing
 */
function litCells(
  region: Region,
  background: Background,
  luma: Float32Array,
  labels: Uint8Array,
  grid: Grid,
): Region {
  const step = Math.ceil(region.length / maxSampleCells);
  const sample = step === 1 ? region : region.filter((_, i) => i % step === 0);
  const whole = textureOf(sample, background, luma, labels, grid);
  if (whole.textured < texturedShare * whole.pairs) return none;
  const isLit =
    whole.pairs < minPairs
      ? keepsContrasts(region, background, luma, labels, grid)
      : similarity(whole) >= litSimilarity;
  if (!isLit) return none;
  const gain = (cell: number): number =>
    (luma[cell]! + darkLevel) / (background.reference[cell]! + darkLevel);
  const medianGain = Float32Array.from(region, gain).sort()[region.length >> 1]!;
  return region.filter((cell) => {
    const near = neighbourhood(cell, labels, grid);
    const local = textureOf(near, background, luma, labels, grid);
    if (local.inReference + local.inFrame > 2 * evidentEnergy * local.noise) {
      return similarity(local) >= thingSimilarity;
    }
    const ratio = gain(cell) / medianGain;
    return ratio < maxGainRatio && ratio > 1 / maxGainRatio;
  });
}

const none: Region = new Uint32Array(0);

/** 1: the frame has the texture of the reference; 0: nothing in common. */
function similarity({ inReference, inFrame, common, noise }: Texture): number {
  return (2 * common) / (inReference + Math.max(0, inFrame - noise));
}

function neighbourhood(cell: number, labels: Uint8Array, { columns, rows }: Grid): number[] {
  const cells: number[] = [];
  const x = cell % columns;
  const y = (cell - x) / columns;
  for (let row = Math.max(0, y - reach); row <= Math.min(rows - 1, y + reach); row++) {
    for (let at = Math.max(0, x - reach); at <= Math.min(columns - 1, x + reach); at++) {
      if (labels[row * columns + at] !== 0) cells.push(row * columns + at);
    }
  }
  return cells;
}

/**
 * True when a small region keeps its contrasts one by one, significantly more of them than half: a thing keeps some by
 * chance, and their number varies by half of the root of all. At its rim a light makes contrasts that were not there:
 * these do not count.
 */
function keepsContrasts(
  region: Region,
  { reference, meanAbsDev }: Background,
  luma: Float32Array,
  labels: Uint8Array,
  grid: Grid,
): boolean {
  let [count, kept] = [0, 0];
  forEachPair(region, labels, grid, (a, b) => {
    const before = contrast(reference, a, b);
    const now = contrast(luma, a, b);
    const noise = contrastNoise(meanAbsDev, luma, a, b);
    const larger = Math.max(Math.abs(before), Math.abs(now));
    if (larger * larger <= evidentEnergy * noise) return;
    const isNew = before * before <= evidentEnergy * noise;
    if (isNew && (isAtRim(a, labels, grid) || isAtRim(b, labels, grid))) return;
    count += 1;
    if (Math.abs(now - before) <= Math.max(keptShare * larger, Math.sqrt(noise))) kept += 1;
  });
  return count > 0 && kept >= count / 2 + Math.sqrt(count);
}

/** True when a cell beside it does not differ. */
function isAtRim(cell: number, labels: Uint8Array, { columns, rows }: Grid): boolean {
  const column = cell % columns;
  return (
    (column > 0 && labels[cell - 1] === 0) ||
    (column < columns - 1 && labels[cell + 1] === 0) ||
    (cell >= columns && labels[cell - columns] === 0) ||
    (cell < columns * (rows - 1) && labels[cell + columns] === 0)
  );
}

function textureOf(
  cells: Iterable<number>,
  { reference, meanAbsDev }: Background,
  luma: Float32Array,
  labels: Uint8Array,
  grid: Grid,
): Texture {
  const texture = { pairs: 0, textured: 0, inReference: 0, inFrame: 0, common: 0, noise: 0 };
  forEachPair(cells, labels, grid, (a, b) => {
    const before = contrast(reference, a, b);
    const now = contrast(luma, a, b);
    const noise = contrastNoise(meanAbsDev, luma, a, b);
    texture.pairs += 1;
    texture.inReference += before * before;
    texture.inFrame += now * now;
    texture.common += before * now;
    texture.noise += noise;
    if (before * before > evidentEnergy * noise) texture.textured += 1;
  });
  return texture;
}

/** The pairs of these cells with the cells to the right and below that differ too. */
function forEachPair(
  cells: Iterable<number>,
  labels: Uint8Array,
  { columns, rows }: Grid,
  visit: (a: number, b: number) => void,
): void {
  for (const cell of cells) {
    if (cell % columns < columns - 1 && labels[cell + 1] !== 0) visit(cell, cell + 1);
    if (cell < columns * (rows - 1) && labels[cell + columns] !== 0) visit(cell, cell + columns);
  }
}

function contrast(levels: Float32Array, a: number, b: number): number {
  return (levels[a]! - levels[b]!) / sumOf(levels, a, b);
}

/** Energy of the noise in a contrast. */
function contrastNoise(meanAbsDev: Float32Array, luma: Float32Array, a: number, b: number): number {
  const deviation = (sigmaPerMad * (meanAbsDev[a]! + meanAbsDev[b]!)) / sumOf(luma, a, b);
  return (deviation * deviation) / 2;
}

function sumOf(levels: Float32Array, a: number, b: number): number {
  return Math.max(0, levels[a]! + levels[b]!) + 2 * darkLevel;
}
