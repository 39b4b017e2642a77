/** Finds the facts of a frame (frame-facts.ts) in what the detector compared. Pure. */
import type { Detection } from '../events/verdict.js';
import type { FrameFacts, Rule } from './frame-facts.js';
import { type CellMap, type Evidence, overlapsForeground } from './motion-detector.js';
import { type Region, peakIn } from './regions.js';
import { peakThreshold, sceneChangeRatio, trackedShare } from './thresholds.js';

/** A region of fewer cells is noise: it is near to nothing. */
const fewestCells = 2;

/** @param cellMap of the same frame; undefined: the frame is the first of its size */
export function factsOf(detection: Detection, cellMap: CellMap | undefined): FrameFacts {
  if (cellMap === undefined) return firstFrame;
  const { evidence } = cellMap;
  const { regions, lit, normalizedDistance, minArea, roiCount, isGusty } = evidence;
  const isChange = detection.kind === 'change' || detection.kind === 'scene';
  const nearest = nearestRegion(evidence);
  const neededCells = Math.ceil(nearest?.neededCells ?? minArea);
  return {
    rule: ruleOf(detection, evidence, nearest),
    strength: isChange ? detection.strength : (nearest?.strength ?? peakOf(normalizedDistance)),
    area: (nearest?.region.length ?? 0) / roiCount,
    neededArea: neededCells / roiCount,
    isTracked: nearest !== undefined && nearest.neededCells < minArea,
    foreground: sizeOf(regions) / roiCount,
    lit: lit.length / roiCount,
    isGusty,
    nearness: isChange || regions.length > 0 ? 1 : (nearest?.nearness ?? 0),
  };
}

const firstFrame: FrameFacts = {
  rule: 'first',
  ...{ strength: 0, area: 0, neededArea: 0, isTracked: false, foreground: 0, lit: 0 },
  ...{ isGusty: false, nearness: 0 },
};

interface NearRegion {
  readonly region: Region;
  readonly strength: number;
  readonly neededCells: number;
  readonly nearness: number;
}

function ruleOf(
  { kind, ratio }: Detection,
  { regions, lit, swayed }: Evidence,
  nearest: NearRegion | undefined,
): Rule {
  if (kind === 'scene') return ratio > sceneChangeRatio ? 'scene' : 'turned';
  if (kind !== 'quiet') return kind;
  if (regions.length > 0) return 'unconfirmed';
  if (swayed.length > 0) return 'swayed';
  if (lit.length > 0) return 'light';
  if (nearest === undefined) return 'still';
  if (nearest.strength > peakThreshold) return 'small';
  return nearest.region.length < nearest.neededCells ? 'slight' : 'faint';
}

/** The region that needs least to be a change; of several that are changes, the one that is farthest above its size. */
function nearestRegion(evidence: Evidence): NearRegion | undefined {
  const { regions, differing, normalizedDistance, minArea, labelsBefore } = evidence;
  const candidates =
    regions.length > 0 ? regions : differing.filter(({ length }) => length >= fewestCells);
  let nearest: NearRegion | undefined;
  let best = 0;
  for (const region of candidates) {
    const strength = peakIn(region, normalizedDistance);
    const neededCells = minArea * (overlapsForeground(region, labelsBefore) ? trackedShare : 1);
    const nearness = Math.min(1, region.length / neededCells, strength / peakThreshold);
    const score = regions.length > 0 ? region.length / neededCells : nearness;
    if (score <= best) continue;
    best = score;
    nearest = { region, strength, neededCells, nearness };
  }
  return nearest;
}

function sizeOf(regions: readonly Region[]): number {
  return regions.reduce((count, region) => count + region.length, 0);
}

function peakOf(normalizedDistance: Float32Array): number {
  return normalizedDistance.reduce((max, distance) => Math.max(max, distance), 0);
}
