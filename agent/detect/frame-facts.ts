/**
 * What the detector found in a frame: figures beside their limits, and the rule that decided. For `--explain` and for
 * the page of `agent replay`; it decides nothing. Pure, and imports nothing: the page runs in a browser.
 */

/**
 * first: the frame is the background. change: it has foreground. scene: more than 60 % of the picture changed.
 * turned: a part of the edges in all places changed and kept still. Of quiet frames: unconfirmed: a region is large and
 * strong enough, and has to be in the next frame too. light: a region has the texture of the background. swayed: a
 * region is the background, a little aside. small, faint, slight: the nearest region is too small, too faint, or both. still: no region of two cells or more differs.
 */
export type Rule =
  | 'first'
  | 'change'
  | 'scene'
  | 'turned'
  | 'unconfirmed'
  | 'light'
  | 'swayed'
  | 'small'
  | 'faint'
  | 'slight'
  | 'still';

export interface FrameFacts {
  readonly rule: Rule;
  /**
   * Distance of the strongest cell from the background, in thresholds: of a change, as in the verdict; else of the region
   * that is nearest to a change; where no region differs, of any watched cell.
   */
  readonly strength: number;
  /** Size of that region, as a share of the watched area; 0: no region differs. */
  readonly area: number;
  /** Smallest region that is a change there, as a share of the watched area; after rounding up to whole cells. */
  readonly neededArea: number;
  /** Something was there in the frame before: half the size is needed. */
  readonly isTracked: boolean;
  /** Share of the watched area that is foreground. */
  readonly foreground: number;
  /** Share of the watched area that is the same under another light. */
  readonly lit: number;
  /** Many regions change at once, as leaves in the wind: their noise is learned faster. */
  readonly isGusty: boolean;
  /** 1: a change; below 1: the share of size or strength that the nearest region has of what a change needs. */
  readonly nearness: number;
}

/** Smallest nearness of a near miss: half the size or half the strength. */
const nearMissFrom = 0.5;

/** No change, and nearly one: worth a look by who tunes the flags. */
export function isNearMiss({ rule, nearness }: FrameFacts): boolean {
  if (rule === 'unconfirmed' || rule === 'light' || rule === 'swayed') return true;
  return ['small', 'faint', 'slight'].includes(rule) && nearness >= nearMissFrom;
}
