/** A frame beside the background model: what the parts of the detector judge. */
import type { Grid } from './grid.js';
import type { Region } from './regions.js';

export interface ComparedFrame {
  readonly luma: Float32Array;
  readonly grid: Grid;
  /** From `distances`, grey levels. */
  readonly distances: Float32Array;
  /** Distance divided by the threshold of the cell: above 1 the cell differs. */
  readonly normalizedDistance: Float32Array;
  /** Per cell: 0 (background), `speckle` or `foreground`. */
  readonly labels: Uint8Array;
  /** The regions of the foreground. */
  readonly regions: readonly Region[];
  /** Smallest region that is a change, cells. */
  readonly minArea: number;
  readonly isGusty: boolean;
}
