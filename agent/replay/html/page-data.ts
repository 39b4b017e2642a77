/**
 * What the page of `agent replay --html` gets: the program writes it into the page as JSON, and the page draws it. Frames
 * are columns, one array for each field, since a page has up to 100,000 of them. Types only.
 */
import type { Rule } from '../../detect/frame-facts.js';

export interface PageData {
  readonly version: string;
  /** As they would be typed: `--sensitivity 50%`; those that are not the default come first. */
  readonly flags: readonly { readonly text: string; readonly isDefault: boolean }[];
  /** `--sensitivity`, 0..1. */
  readonly sensitivity: number;
  /** True: the replay was interrupted. */
  readonly isPartial: boolean;
  readonly sequences: readonly PageSequence[];
}

/** Frames of one camera. */
export interface PageSequence {
  readonly folder: string;
  /** One sentence. */
  readonly sums: string;
  /** False: times are counted from the first frame. */
  readonly isWallTime: boolean;
  readonly grids: readonly PageGrid[];
  readonly frames: FrameColumns;
  /** By the numbers in `frames.event`: first and last frame with a change. */
  readonly events: readonly (readonly [first: number, last: number])[];
  /** Ascending by frame. */
  readonly pictures: readonly PagePicture[];
  /** Of quiet frames, each n-th has a picture. */
  readonly quietStep: number;
}

export interface PageGrid {
  readonly columns: number;
  readonly rows: number;
  readonly cellPx: number;
  readonly frameWidthPx: number;
  readonly frameHeightPx: number;
  /** Cells that the mask excludes. */
  readonly excluded: Runs;
  /** For each cell, in how many frames it was foreground in a change, 0..255 of `mostChanges`; base64. */
  readonly changes: string;
  /** Of the cell that changed most. */
  readonly mostChanges: number;
}

/** Cells with a label, in their order: start, length and label of each run. */
export type Runs = readonly number[];

export interface FrameColumns {
  readonly name: readonly string[];
  readonly capturedAtMs: readonly number[];
  /** 'skipped': it cannot be read or decoded. */
  readonly rule: readonly (Rule | 'skipped')[];
  /** Why the frame is sent; '': it is not. */
  readonly reason: readonly string[];
  /** -1: of no event. */
  readonly event: readonly number[];
  readonly grid: readonly number[];
  readonly strength: readonly number[];
  readonly area: readonly number[];
  readonly neededArea: readonly number[];
  /** 1: something was there in the frame before. */
  readonly isTracked: readonly number[];
  readonly foreground: readonly number[];
  readonly lit: readonly number[];
  readonly nearness: readonly number[];
  /** 1: many regions change at once. */
  readonly isGusty: readonly number[];
  /** Left, top, width and height in pixels of the frame. */
  readonly boxes: readonly (readonly (readonly number[])[])[];
  /** Of skipped frames. */
  readonly error: Readonly<Record<number, string>>;
}

export interface PagePicture {
  readonly frame: number;
  /** A small JPEG, base64. */
  readonly jpeg: string;
  /** The labels of the detector: 1 speckle, 2 foreground; 3: the same under another light. */
  readonly cells: Runs;
}
