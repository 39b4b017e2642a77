/**
 * Motion detector: background subtraction on the means of cells (background.ts names the methods). The input is
 * pictures and times, the output detections; the state is a value that kept-state.ts can store. Pure.
 */
import { maxBoxes } from '../../shared/protocol/protocol-limits.js';
import {
  type Background,
  distances,
  decisionDeviations,
  compensateIllumination,
  foreground,
  startBackground,
} from './background.js';
import { Comparison } from './compare.js';
import { isConfirmed } from './confirmation.js';
import type { Grid, SmallPicture } from './grid.js';
import { absorbLight } from './light.js';
import type { ComparedFrame } from './compared-frame.js';
import { isGusty, learn } from './learning.js';
import { roiMask, type Mask } from './mask.js';
import { countTiles, hasTurned, isNewScene } from './new-scene.js';
import { boxAround, findRegions, peakIn, type Region } from './regions.js';
import { settle, settledS } from './settle.js';
import { stillStepS } from './stationary.js';
import { hasSwayed } from './sway.js';
import { peakThreshold, sceneChangeRatio, thresholdOf, trackedShare } from './thresholds.js';
import type { Box, Detection } from '../events/verdict.js';

export interface DetectorSettings {
  /**
   * 0..1, default 0.5. Sets the threshold in standard deviations of the cell: 12.5 at 0, 5 at 0.5, 2 at 1.
   */
  readonly sensitivity: number;
  /** Smallest region that is a change, as a share of the cells in the region of interest, 0..1; default 0.002. */
  readonly minArea: number;
  /** A stationary object becomes background after this time, milliseconds; default 20,000. */
  readonly absorbMs: number;
  readonly mask?: Mask | undefined;
}

/** What the next process needs to continue. */
export interface DetectorState {
  readonly grid: Grid;
  readonly background: Background;
  /** Of the last frame, wall time. */
  readonly capturedAtMs: number;
}

/** The label of each cell in the last frame, for `--explain`. */
export interface CellMap {
  /** Per cell: 0 (background), `speckle` or `foreground`. */
  readonly labels: Uint8Array;
  /** 1 for each cell in the region of interest. */
  readonly roi: Uint8Array;
  readonly boxes: readonly Box[];
  readonly evidence: Evidence;
}

/** What the detector compared in a frame: frame-facts.ts makes figures and words of it. */
export interface Evidence extends Pick<
  ComparedFrame,
  'normalizedDistance' | 'regions' | 'minArea' | 'isGusty'
> {
  /** All regions that differ, largest first, also those that are too small, too faint, or light. */
  readonly differing: readonly Region[];
  /** The cells that are the same under another light. */
  readonly lit: readonly number[];
  /** The regions that are the background, a little aside. */
  readonly swayed: readonly Region[];
  /** Number of cells in the region of interest. */
  readonly roiCount: number;
  /** Of the frame before. */
  readonly labelsBefore: Uint8Array;
}

/** Fewest cells of a region: an insect, a hot pixel or a JPEG artefact changes one cell. */
const minRegionCells = 2;
/** Number of cells that the illumination is measured at: a few hundred give the median of the picture. */
const maxSampleCells = 300;
/** Frame interval that is assumed when the clock stops or goes back; seconds. */
const minElapsedS = 0.04;

export class MotionDetector {
  readonly #settings: DetectorSettings;
  /** In standard deviations of the cell. */
  readonly #threshold: number;
  #state: DetectorState | undefined;
  #gridTools: GridTools | undefined;
  #lastCellMap: CellMap | undefined;

  /** @param state of an earlier detector; this one continues it and changes it in place */
  constructor(settings: DetectorSettings, state?: DetectorState) {
    this.#settings = settings;
    this.#threshold = thresholdOf(settings.sensitivity);
    this.#state = state;
  }

  /** Undefined before the first frame. `detect` changes it in place: encode it before the next frame. */
  get state(): DetectorState | undefined {
    return this.#state;
  }

  /** The labels of the last frame; undefined when that frame was the first of its size. */
  get lastCellMap(): CellMap | undefined {
    return this.#lastCellMap;
  }

  /**
   * Compares a frame with the background and updates the background. The first frame of a size becomes the reference.
   * @param capturedAtMs wall time; a jump of the clock affects one frame only
   * @throws {OperationalError} MASK: it excludes every cell of a frame of this size; the model does not change
   */
  detect(picture: SmallPicture, capturedAtMs: number): Detection {
    const state = this.#state;
    if (state === undefined || !isSameGrid(state.grid, picture)) {
      return this.#reset(picture, capturedAtMs);
    }
    this.#gridTools ??= makeGridTools(picture, this.#settings);
    const { grid, background } = state;
    const elapsed = elapsedS(state.capturedAtMs, capturedAtMs);
    compensateIllumination(background, picture.luma, this.#gridTools.sampleCells);
    const absorbS = this.#settings.absorbMs / 1000;
    const stepS = stillStepS(elapsed, absorbS);
    const frame = this.#compare(background, picture, this.#gridTools, absorbS, stepS);
    const { regions, labels } = frame;
    const { roi, roiCount } = this.#gridTools;
    const boxes = regions.slice(0, maxBoxes).map((region) => boxAround(region, picture));
    this.#lastCellMap = { labels, roi, boxes, evidence: { ...frame, roiCount } };

    const ratio = sizeOf(regions) / roiCount;
    const strongest = Math.max(
      0,
      ...regions.map((region) => peakIn(region, frame.normalizedDistance)),
    );
    const strength = Math.round(100 * strongest) / 100;
    if (ratio > sceneChangeRatio) {
      this.#state = { grid, capturedAtMs, background: startBackground(picture.luma) };
      return { kind: 'scene', ratio, boxes, strength };
    }
    const isChange = isConfirmed(frame, background, grid, elapsed);
    learn(background, frame, elapsed, absorbS);
    if (isNewScene(background, frame, this.#gridTools.roiTiles, absorbS, stepS)) {
      this.#state = { grid, capturedAtMs, background: startBackground(picture.luma) };
      return { kind: 'scene', ratio, boxes, strength };
    }
    this.#state = { grid, capturedAtMs, background };
    if (!isChange) return quiet;
    return { kind: 'change', ratio, boxes, strength };
  }

  #reset(picture: SmallPicture, capturedAtMs: number): Detection {
    this.#gridTools = makeGridTools(picture, this.#settings);
    const { columns, rows, cellPx, frameWidthPx, frameHeightPx } = picture;
    const grid = { columns, rows, cellPx, frameWidthPx, frameHeightPx };
    const background = startBackground(picture.luma);
    this.#state = { grid, background, capturedAtMs };
    this.#lastCellMap = undefined;
    return { kind: 'first', ratio: 0, boxes: [], strength: 0 };
  }

  #compare(
    background: Background,
    picture: SmallPicture,
    { comparison, roi, roiCount, roiTiles, minArea, buffers }: GridTools,
    absorbS: number,
    stepS: number,
  ): ComparedFrame & Pick<Evidence, 'differing' | 'lit' | 'swayed' | 'labelsBefore'> {
    const distance = distances(background, picture.luma, picture, buffers.distances);
    const threshold = this.#threshold;
    const deviations = decisionDeviations(background, buffers.deviations);
    const normalizedDistance = new Float32Array(distance.length);
    for (let i = 0; i < distance.length; i++) {
      normalizedDistance[i] = (distance[i]! * roi[i]!) / (threshold * deviations[i]!);
    }
    const labels = comparison.compare(normalizedDistance);
    const isLargeEnough = (region: Region): boolean =>
      region.length >=
        minArea * (overlapsForeground(region, background.labels) ? trackedShare : 1) &&
      peakIn(region, normalizedDistance) > peakThreshold;
    const differing = findRegions(labels, picture);
    let regions = differing.filter(isLargeEnough);
    let lit: readonly number[] = [];
    if (sizeOf(regions) <= sceneChangeRatio * roiCount) {
      const lightFrame = { picture, labels, regions, deviations, threshold, roi, minArea };
      lit = absorbLight(background, lightFrame, absorbS, stepS);
      if (lit.length > 0) {
        regions = findRegions(labels, picture).filter(isLargeEnough);
      }
    }
    // What was foreground stays it: a visitor in front of a texture may resemble it in one frame.
    const swayed = regions.filter(
      (region) =>
        !overlapsForeground(region, background.labels) &&
        hasSwayed(region, background.reference, picture.luma, picture),
    );
    regions = regions.filter((region) => !swayed.includes(region));
    if (hasTurned(differing, background.labels, picture, roiTiles)) {
      // Less this frame, which shows motion; `learn` counts it as one without.
      const passedS = settledS(absorbS, stepS) - stepS;
      for (const region of differing) settle(background, picture.luma, labels, region, passedS);
    }
    for (const region of regions) for (const cell of region) labels[cell] = foreground;
    return {
      luma: picture.luma,
      grid: picture,
      distances: distance,
      normalizedDistance,
      labels,
      regions,
      minArea,
      isGusty: isGusty(differing),
      ...{ differing, lit, swayed, labelsBefore: background.labels },
    };
  }
}

const quiet: Detection = { kind: 'quiet', ratio: 0, boxes: [], strength: 0 };

/** @param labels of the last frame: true when a cell of the region was foreground in it */
export function overlapsForeground(region: Region, labels: Uint8Array): boolean {
  return region.some((cell) => labels[cell] === foreground);
}

/** Number of cells. */
function sizeOf(regions: readonly Region[]): number {
  return regions.reduce((count, region) => count + region.length, 0);
}

/** Depends on the frame size and the settings only. */
interface GridTools {
  readonly comparison: Comparison;
  /** 1 for each cell in the region of interest. */
  readonly roi: Uint8Array;
  readonly roiCount: number;
  /** Number of tiles in the region of interest, for `isNewScene`. */
  readonly roiTiles: number;
  /** Smallest region that is a change, cells. */
  readonly minArea: number;
  /** Cells that the illumination is measured at, evenly spread over the region of interest. */
  readonly sampleCells: Uint32Array;
  /** One number per cell; a frame's are overwritten by the next frame's. */
  readonly buffers: { readonly distances: Float32Array; readonly deviations: Float32Array };
}

function makeGridTools(grid: Grid, { mask, minArea }: DetectorSettings): GridTools {
  const { columns, rows } = grid;
  const roi = mask ? roiMask(mask, grid) : new Uint8Array(columns * rows).fill(1);
  const roiCells = Uint32Array.from(roi.keys()).filter((cell) => roi[cell] === 1);
  const step = Math.ceil(roiCells.length / maxSampleCells);
  return {
    comparison: new Comparison(columns, rows),
    roi,
    roiCount: roiCells.length,
    roiTiles: countTiles([roiCells], grid),
    minArea: Math.max(minRegionCells, minArea * roiCells.length),
    sampleCells: roiCells.filter((_, i) => i % step === 0),
    buffers: {
      distances: new Float32Array(columns * rows),
      deviations: new Float32Array(columns * rows),
    },
  };
}

function isSameGrid(a: Grid, b: Grid): boolean {
  return (
    a.frameWidthPx === b.frameWidthPx &&
    a.frameHeightPx === b.frameHeightPx &&
    // Another version of this program may have used another cell size.
    a.cellPx === b.cellPx
  );
}

function elapsedS(fromMs: number, toMs: number): number {
  const elapsed = (toMs - fromMs) / 1000;
  return elapsed > 0 ? elapsed : minElapsedS;
}
