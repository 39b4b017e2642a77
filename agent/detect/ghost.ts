/**
 * Finds ghosts: what an object of the first frame leaves. Its outline is in the reference, and not in the frame (Cucchiara
 * et al. 2003). Pure.
 *
 * A ghost may be in parts: where a person is as bright as what is behind them, nothing differs. A small part tells little
 * alone, since what the person hid has an outline, too: parts beside a ghost are judged with it, as one outline.
 */
import { type Background, foreground } from './background.js';
import type { ComparedFrame } from './compared-frame.js';
import { type Region, extentOf } from './regions.js';
import { type Stillness, isStill } from './stationary.js';

/** A region without motion for this long is tested. */
const ghostStillness: Stillness = { seconds: 1, frames: 2 };
/** Smallest ratio of the contrast at a ghost's outline in the reference to that in the frame. */
const ghostContrast = 1.5;
/** Smallest share of a ghost's outline with more contrast in the reference: a bookshelf behind a person has some. */
const ghostOutline = 2 / 3;
/** Most cells between the parts of a thing: more are two things. */
const partGap = 1;

/** What is at the outline of regions: pairs of a cell inside and a neighbour cell that is no foreground. */
interface Outline {
  pairs: number;
  /** Pairs with more contrast in the reference. */
  vanished: number;
  /** Sums of contrasts, grey levels. */
  inReference: number;
  inFrame: number;
}

/** @param background after it has learned which cells are still @returns the regions of ghosts */
export function findGhosts(
  background: Background,
  frame: ComparedFrame,
  stepS: number,
): ReadonlySet<Region> {
  const { regions, grid } = frame;
  const isStillNow = (region: Region): boolean =>
    isStill(background, region, ghostStillness, stepS);
  const ghosts = new Set<Region>();
  for (const region of regions) {
    if (!isStillNow(region)) continue;
    const outline = outlineOf([region], background, frame);
    if (!hasVanished(outline) || outline.vanished <= ghostOutline * outline.pairs) continue;
    ghosts.add(region);
    const parts = regions.filter((each) => each === region || isBeside(each, region, grid.columns));
    if (parts.every(isStillNow) && hasVanished(outlineOf(parts, background, frame))) {
      for (const part of parts) ghosts.add(part);
    }
  }
  return ghosts;
}

/** True when more of the outline is in the reference than in the frame. */
function hasVanished({ inReference, inFrame }: Outline): boolean {
  return inReference > ghostContrast * inFrame;
}

function outlineOf(
  regions: readonly Region[],
  { reference }: Background,
  { luma, labels, grid: { columns, rows } }: ComparedFrame,
): Outline {
  const outline: Outline = { pairs: 0, vanished: 0, inReference: 0, inFrame: 0 };
  const compare = (inside: number, outside: number): void => {
    if (labels[outside] === foreground) return;
    const before = Math.abs(reference[inside]! - reference[outside]!);
    const now = Math.abs(luma[inside]! - luma[outside]!);
    outline.pairs += 1;
    outline.inReference += before;
    outline.inFrame += now;
    if (before > now) outline.vanished += 1;
  };
  for (const region of regions) {
    for (const cell of region) {
      const x = cell % columns;
      if (x > 0) compare(cell, cell - 1);
      if (x < columns - 1) compare(cell, cell + 1);
      if (cell >= columns) compare(cell, cell - columns);
      if (cell < columns * (rows - 1)) compare(cell, cell + columns);
    }
  }
  return outline;
}

/** True when no more than `partGap` cells are between a region's extent and the other region. */
function isBeside(region: Region, other: Region, columns: number): boolean {
  const { left, top, right, bottom } = extentOf(region, columns);
  const reach = partGap + 1;
  return other.some((cell) => {
    const column = cell % columns;
    const row = Math.floor(cell / columns);
    const isNearColumn = column >= left - reach && column <= right + reach;
    return isNearColumn && row >= top - reach && row <= bottom + reach;
  });
}
