/**
 * Says of each frame whether something is in view that does not belong. Pure: pictures and times in,
 * findings out; what it remembers is a value that can be kept (memory.ts).
 */
import { maxBoxes } from '../../shared/protocol/limits.js';
import {
  type Background,
  distances,
  expectedDeviations,
  followLight,
  startBackground,
} from './background.js';
import { Comparison } from './compare.js';
import type { Grid, SmallPicture } from './grid.js';
import { type JudgedFrame, learn } from './learning.js';
import { lookedCells, type Mask } from './mask.js';
import { boxAround, extentOf, findRegions, type Region } from './regions.js';
import type { Box, Finding } from '../events/verdict.js';

export interface JudgeSettings {
  /**
   * 0..1, sensibly 0.5. How many times its usual deviation a place has to be off: 5 at 0.5, 12.5 at 0 and
   * 2 at 1.
   */
  readonly sensitivity: number;
  /** Smallest region that counts, as a share of the cells looked at, 0..1; sensibly 0.002. */
  readonly minArea: number;
  /** What keeps still for so long becomes part of the scene, milliseconds; sensibly 20,000. */
  readonly absorbMs: number;
  readonly mask?: Mask | undefined;
}

/** What has to outlive a process for the next one to go on as if it were the same. */
export interface JudgeMemory {
  readonly grid: Grid;
  readonly background: Background;
  /** Of the last frame, wall time. */
  readonly capturedAtMs: number;
}

/** What became of each cell in a judgement: for pictures that explain it. */
export interface Judgement {
  /** Per cell: 0 as usual, 1 changed but in too small a region, 2 changed. */
  readonly cells: Uint8Array;
  /** 1 for each cell that is looked at. */
  readonly looked: Uint8Array;
  readonly boxes: readonly Box[];
}

/**
 * Usual deviations that a place has to be off. Thousands of cells are looked at in each frame and their
 * noise is not quite normal: at 3 some are always off, at 5 hardly ever two that touch.
 */
const middleLimit = 5;
/** From the middle to either end of the sensitivity: 2 for a still cellar, 12.5 for a busy street. */
const limitSpan = 2.5;
/** Somewhere a thing must stand out by more than its edges: the region's strongest cell, in limits. */
const peakLimits = 1.5;
/** One cell alone is what an insect, a hot pixel or a JPEG block makes. */
const leastCells = 2;
/** What was in view a frame ago counts down to half the least area: people turn, and bow. */
const keptShare = 0.5;
/**
 * Frames that are nearer to each other have to show a thing twice, at places that touch: insects and drops
 * before the lens are elsewhere in the next one, people are not.
 */
const confirmBelowS = 0.75;
/** Light switched, camera moved: nothing in view is so large for long. */
const wholePicture = 0.6;
/** The median of a few hundred places is the picture's. */
const mostLightPlaces = 300;
/** Slower cameras learn as if they were at one frame a minute; so does a clock that leaps ahead. */
const longestElapsedS = 60;
/** For a clock that stands or goes back: as if the frame came from a fast camera. */
const shortestElapsedS = 0.04;

export class Judge {
  readonly #settings: JudgeSettings;
  readonly #limit: number;
  #memory: JudgeMemory | undefined;
  #tools: Tools | undefined;
  #lastJudgement: Judgement | undefined;

  /** @param memory of an earlier judge, which this one takes over */
  constructor(settings: JudgeSettings, memory?: JudgeMemory) {
    this.#settings = settings;
    this.#limit = middleLimit * limitSpan ** (1 - 2 * settings.sensitivity);
    this.#memory = memory;
  }

  /** Undefined before the first frame. The next frame changes what it holds: keep it as bytes. */
  get memory(): JudgeMemory | undefined {
    return this.#memory;
  }

  /** How the last finding came about; undefined when the frame was the first of its size. */
  get lastJudgement(): Judgement | undefined {
    return this.#lastJudgement;
  }

  /**
   * The first frame, and the first of another size, becomes the reference.
   * @param capturedAtMs wall time; a clock that jumps does no harm
   * @throws {OperationalError} MASK: it leaves nothing to look at in a frame of this size; nothing is learned
   */
  judge(picture: SmallPicture, capturedAtMs: number): Finding {
    const memory = this.#memory;
    if (memory === undefined || !isSameGrid(memory.grid, picture)) {
      return this.#startAfresh(picture, capturedAtMs);
    }
    this.#tools ??= makeTools(picture, this.#settings);
    const { grid, background } = memory;
    const elapsed = elapsedS(memory.capturedAtMs, capturedAtMs);
    followLight(background, picture.luma, this.#tools.lightPlaces);
    const frame = this.#compare(background, picture, this.#tools);
    const { regions, marks } = frame;
    const boxes = regions.slice(0, maxBoxes).map((region) => boxAround(region, picture));
    this.#lastJudgement = { cells: marks, looked: this.#tools.looked, boxes };

    const changedCells = regions.reduce((count, region) => count + region.length, 0);
    const ratio = changedCells / this.#tools.lookedCount;
    const strongest = Math.max(0, ...regions.map((region) => peak(region, frame.excess)));
    const strength = Math.round(100 * strongest) / 100;
    if (ratio > wholePicture) {
      this.#memory = { grid, capturedAtMs, background: startBackground(picture.luma) };
      return { kind: 'scene', ratio, boxes, strength };
    }
    const isConfirmed =
      elapsed >= confirmBelowS || regions.some((region) => wasNear(region, background, grid));
    learn(background, frame, elapsed, this.#settings.absorbMs / 1000);
    this.#memory = { grid, capturedAtMs, background };
    if (regions.length === 0 || !isConfirmed) return quiet;
    return { kind: 'change', ratio, boxes, strength };
  }

  #startAfresh(picture: SmallPicture, capturedAtMs: number): Finding {
    this.#tools = makeTools(picture, this.#settings);
    const { columns, rows, cellPx, frameWidthPx, frameHeightPx } = picture;
    const grid = { columns, rows, cellPx, frameWidthPx, frameHeightPx };
    const background = startBackground(picture.luma);
    this.#memory = { grid, background, capturedAtMs };
    this.#lastJudgement = undefined;
    return { kind: 'first', ratio: 0, boxes: [], strength: 0 };
  }

  #compare(
    background: Background,
    picture: SmallPicture,
    { comparison, looked, lookedCount }: Tools,
  ): ComparedFrame {
    const limit = this.#limit;
    const off = distances(background, picture.luma, picture);
    const excess = expectedDeviations(background);
    for (let i = 0; i < excess.length; i++) {
      excess[i] = (off[i]! * looked[i]!) / (limit * excess[i]!);
    }
    const marks = comparison.compare(excess);
    const least = Math.max(leastCells, this.#settings.minArea * lookedCount);
    const regions = findRegions(marks, picture).filter(
      (region) =>
        region.length >= least * (wasSeen(region, background) ? keptShare : 1) &&
        peak(region, excess) > peakLimits,
    );
    for (const region of regions) for (const cell of region) marks[cell] = 2;
    return { luma: picture.luma, grid: picture, distances: off, excess, marks, regions };
  }
}

interface ComparedFrame extends JudgedFrame {
  /** How far each cell is off, in limits: beyond 1 it differs. */
  readonly excess: Float32Array;
}

const quiet: Finding = { kind: 'quiet', ratio: 0, boxes: [], strength: 0 };

/** True when a place of the region was part of a region that counts in the frame before. */
function wasSeen(region: Region, { marks }: Background): boolean {
  return region.some((cell) => marks[cell] === 2);
}

/** True when something counted in the frame before where the region is, or within its own size of it. */
function wasNear(region: Region, { marks }: Background, { columns, rows }: Grid): boolean {
  const { left, top, right, bottom } = extentOf(region, columns);
  const width = right - left + 1;
  const height = bottom - top + 1;
  const lastColumn = Math.min(columns - 1, right + width);
  const lastRow = Math.min(rows - 1, bottom + height);
  for (let row = Math.max(0, top - height); row <= lastRow; row++) {
    for (let column = Math.max(0, left - width); column <= lastColumn; column++) {
      if (marks[row * columns + column] === 2) return true;
    }
  }
  return false;
}

function peak(region: Region, excess: Float32Array): number {
  return region.reduce((most, cell) => Math.max(most, excess[cell]!), 0);
}

/** What depends on the frame's size only. */
interface Tools {
  readonly comparison: Comparison;
  /** 1 for each cell that is looked at. */
  readonly looked: Uint8Array;
  readonly lookedCount: number;
  /** Where the light is measured, evenly spread over what is looked at. */
  readonly lightPlaces: Uint32Array;
}

function makeTools(grid: Grid, { mask }: JudgeSettings): Tools {
  const { columns, rows } = grid;
  const looked = mask ? lookedCells(mask, grid) : new Uint8Array(columns * rows).fill(1);
  const places = Uint32Array.from(looked.keys()).filter((cell) => looked[cell] === 1);
  const step = Math.ceil(places.length / mostLightPlaces);
  return {
    comparison: new Comparison(columns, rows),
    looked,
    lookedCount: places.length,
    lightPlaces: places.filter((_, i) => i % step === 0),
  };
}

function isSameGrid(a: Grid, b: Grid): boolean {
  return (
    a.frameWidthPx === b.frameWidthPx &&
    a.frameHeightPx === b.frameHeightPx &&
    // A later version of this program may divide the same frame otherwise.
    a.cellPx === b.cellPx
  );
}

function elapsedS(fromMs: number, toMs: number): number {
  const elapsed = (toMs - fromMs) / 1000;
  return elapsed > 0 ? Math.min(elapsed, longestElapsedS) : shortestElapsedS;
}
