/**
 * How the background learns from a frame that has been judged: quiet places follow, what is in front is left
 * out of the reference until it has proved to be part of the scene. Pure.
 *
 * Motion, not age, tells what belongs: a bag that was put down keeps still in every cell, somebody who
 * stands does not. What has just been uncovered (a ghost: somebody who was in view when the reference was
 * made) shows its outline in the reference and not in the frame, and belongs at once.
 */
import { type Background, deviationOfNoise, usualDeviation } from './background.js';
import type { Grid } from './grid.js';
import type { Region } from './regions.js';

/** A frame with what was found in it. */
export interface JudgedFrame {
  readonly luma: Float32Array;
  readonly grid: Grid;
  /** From `distances`, grey levels. */
  readonly distances: Float32Array;
  /** Per cell: 0 as usual, 1 differs in too small a region, 2 in a region that counts. */
  readonly marks: Uint8Array;
  /** Those that count. */
  readonly regions: readonly Region[];
}

/** A JPEG rounds the brightness of a cell to a grey level or more: a still picture flips between two. */
const leastNoise = 0.5;
/** More is somebody in front, not the place's noise. */
const mostNoise = 40;
/** Daylight moves in minutes, people in seconds: where it is quiet, the reference follows in between. */
const followS = 30;
/** Longer than a visit, so that a visitor is not learned as noise; shorter than the wind takes to rise. */
const noiseS = 60;
/** However slow the camera, a look or two is not learned from. */
const mostRate = 0.2;
/** However fast the camera, a hundred looks tell the noise. */
const leastNoiseRate = 1 / 100;
/** A new background is the mean of this many frames: rustling leaves take a few swings to show. */
const startFrames = 30;
/** Two dozen looks tell a place that flickers from one that somebody passed. */
const restlessRate = 0.04;

/** What stays must be seen to do so: somebody who stands is caught in the same pose twice, not five times. */
const absorbFrames = 5;
/** A cell that leaves its anchor by so many deviations, and by so many grey levels, has moved. */
const movedDeviations = 4;
const movedGreys = 3;
/** A bag is still all over; a twentieth of somebody who stands is a hand. */
const stillShare = 0.95;
/** So much of the cells is noisier than a shaking camera makes the rest: a still thing may be as noisy. */
const noisyShare = 0.8;
/** A ghost is left of somebody who has just gone: a moment without motion is enough to look for one. */
const ghostS = 2;
/** A ghost's outline stands in the reference at least so much stronger than in the frame. */
const ghostContrast = 2;
/** A place in front of which something is settles to its mean over so long: people are slower than noise. */
const settleS = 2;
/** Enough places to know the noise of the whole picture. */
const noisePlaces = 200;

/**
 * @param elapsedS since the frame before, seconds, above 0
 * @param absorbS what keeps still for so long becomes part of the reference, seconds
 */
export function learn(
  background: Background,
  frame: JudgedFrame,
  elapsedS: number,
  absorbS: number,
): void {
  background.frames += 1;
  const startRate = background.frames <= startFrames ? 1 / background.frames : 0;
  const noiseRate = clamp(startRate + rate(elapsedS, noiseS), leastNoiseRate, mostRate);
  const followRate = Math.max(startRate, Math.min(mostRate, rate(elapsedS, followS)));
  noteStillness(background, frame.luma, Math.min(elapsedS, absorbS / absorbFrames));
  for (const region of frame.regions) {
    learnInFront(background, frame.luma, region, noiseRate, rate(elapsedS, settleS));
    const belongs =
      hasKeptStill(background, region, absorbS) ||
      (hasKeptStill(background, region, Math.min(ghostS, absorbS)) &&
        isGhost(background, frame, region));
    if (belongs) absorb(background, frame.luma, region);
  }
  noteRestlessness(background, frame.marks);
  learnQuiet(background, frame, followRate, noiseRate);
  background.marks = frame.marks;
}

/** Counts for each cell how long ago it moved, whether anything is in front of it or not. */
function noteStillness(background: Background, luma: Float32Array, elapsedS: number): void {
  const { anchor, stillS } = background;
  const common = commonDeviation(background);
  for (let i = 0; i < luma.length; i++) {
    const deviation = Math.max(common, usualDeviation(background, i));
    if (Math.abs(luma[i]! - anchor[i]!) > Math.max(movedDeviations * deviation, movedGreys)) {
      anchor[i] = luma[i]!;
      stillS[i] = 0;
    } else stillS[i]! += elapsedS;
  }
}

/** What the camera itself does to most places, grey levels: a still thing in front of it does the same. */
function commonDeviation({ noise }: Background): number {
  const step = Math.ceil(noise.length / noisePlaces);
  const sample = new Float32Array(Math.ceil(noise.length / step));
  for (let i = 0; i < sample.length; i++) sample[i] = noise[i * step]!;
  sample.sort();
  return deviationOfNoise * sample[Math.floor(noisyShare * sample.length)]!;
}

function hasKeptStill({ stillS }: Background, region: Region, forS: number): boolean {
  let still = 0;
  for (const cell of region) if (stillS[cell]! >= forS) still += 1;
  return still >= stillShare * region.length;
}

/** True when the region's outline is to be seen in the reference rather than in the frame. */
function isGhost({ reference }: Background, frame: JudgedFrame, region: Region): boolean {
  const { luma, marks, grid } = frame;
  const { columns, rows } = grid;
  let inReference = 0;
  let inFrame = 0;
  const compare = (inside: number, outside: number): void => {
    if (marks[outside] === 2) return;
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

/** What was there is not forgotten: when the car drives away, the yard is the yard again. */
function absorb({ reference, other }: Background, luma: Float32Array, region: Region): void {
  for (const cell of region) {
    other[cell] = reference[cell]!;
    reference[cell] = luma[cell]!;
  }
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
    const moved = Math.abs(value - settled[cell]!);
    // Somebody who stands teaches little noise, a branch that sways much.
    learnNoise(background, cell, Math.min(Math.abs(value - reference[cell]!), moved), noiseRate);
    const hasJumped = moved > 3 * usualDeviation(background, cell);
    settled[cell]! += (hasJumped ? 1 : settleRate) * (value - settled[cell]!);
  }
}

function noteRestlessness({ restless, marks: before }: Background, marks: Uint8Array): void {
  for (let i = 0; i < marks.length; i++) {
    const hasFlipped = marks[i]! !== before[i]! && marks[i]! + before[i]! === 1;
    restless[i]! += restlessRate * ((hasFlipped ? 1 : 0) - restless[i]!);
  }
}

function learnQuiet(
  background: Background,
  { luma, distances, marks }: JudgedFrame,
  followRate: number,
  noiseRate: number,
): void {
  const { reference, other, settled } = background;
  for (let i = 0; i < luma.length; i++) {
    if (marks[i] === 2) continue;
    const value = luma[i]!;
    if (Math.abs(value - other[i]!) < Math.abs(value - reference[i]!)) {
      [reference[i], other[i]] = [other[i]!, reference[i]!];
    }
    reference[i]! += followRate * (value - reference[i]!);
    learnNoise(background, i, distances[i]!, noiseRate);
    settled[i] = value;
  }
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
