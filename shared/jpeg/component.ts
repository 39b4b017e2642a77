/** One component of a frame: how it is sampled, and the means of its blocks as they are read. Pure. */
import { damaged } from './frame-error.js';
import { type Tiles, makeTiles } from './tiles.js';

/** What the frame header says of a component (ITU-T T.81, B.2.2). */
export interface ComponentHeader {
  readonly id: number;
  /** Sampling factors H and V: blocks in an MCU, horizontally and vertically, 1..4. */
  readonly hSampling: number;
  readonly vSampling: number;
  /** Destination of its quantization table, 0..3. */
  readonly quantization: number;
}

export interface FrameHeader {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly components: readonly ComponentHeader[];
  /** The largest sampling factors, Hmax and Vmax. */
  readonly maxHSampling: number;
  readonly maxVSampling: number;
}

/**
 * Grey levels that a mean may lie beyond 0..255, beside half a step of its quantization: encoders that
 * sharpen do overshoot. Data that were read wrongly lead further away, block by block.
 */
const overshoot = 32;

export class Component {
  readonly header: ComponentHeader;
  /** Of the component's own samples: 8 for a mean a block, 4 for one a quarter. */
  readonly tilePx: 4 | 8;
  /** Blocks of the component's own samples, the last ones cut by the frame's edge. */
  readonly blocksAcross: number;
  readonly blocksDown: number;
  /** Means of tiles, row by row, `stride` a row, as many as whole MCUs have. */
  readonly means: Float32Array;
  readonly stride: number;

  /** DC of the block before, in quantization steps (PRED in T.81, F.1.1.5.1). */
  dcPredictor = 0;
  /** What one quantization step of DC adds to the mean. */
  dcScale = 0;
  minMean = 0;
  maxMean = 0;
  isRead = false;

  readonly #widthPx: number;
  readonly #heightPx: number;
  #quantization: Uint16Array = new Uint16Array(64);
  /** By how much of a block is inside the frame, width × 9 + height. */
  #tiles: (Tiles | undefined)[] = [];

  constructor(frame: FrameHeader, header: ComponentHeader, tilePx: 4 | 8) {
    this.header = header;
    this.tilePx = tilePx;
    this.#widthPx = Math.ceil((frame.widthPx * header.hSampling) / frame.maxHSampling);
    this.#heightPx = Math.ceil((frame.heightPx * header.vSampling) / frame.maxVSampling);
    this.blocksAcross = Math.ceil(this.#widthPx / 8);
    this.blocksDown = Math.ceil(this.#heightPx / 8);
    const mcusAcross = Math.ceil(frame.widthPx / (8 * frame.maxHSampling));
    const mcusDown = Math.ceil(frame.heightPx / (8 * frame.maxVSampling));
    const tiles = 8 / tilePx;
    this.stride = mcusAcross * header.hSampling * tiles;
    this.means = new Float32Array(this.stride * mcusDown * header.vSampling * tiles);
  }

  /** @param quantization its steps in zigzag order @throws {OperationalError} FRAME: it was read before */
  startScan(quantization: Uint16Array): void {
    if (this.isRead) throw damaged('a part of the picture stands there twice');
    this.isRead = true;
    this.#quantization = quantization;
    this.#tiles = [];
    // The first coefficient is 8 times the mean of the samples less 128 (T.81, A.3.1 and A.3.3).
    this.dcScale = quantization[0]! / 8;
    this.minMean = -overshoot - this.dcScale / 2;
    this.maxMean = 255 + overshoot + this.dcScale / 2;
  }

  /** True where the last column or row of blocks reaches beyond the frame's edge. */
  get isCut(): boolean {
    return this.#widthPx % 8 !== 0 || this.#heightPx % 8 !== 0;
  }

  /** The tiles of a block that lies at minMean partly inside the frame. */
  tilesAt(column: number, row: number): Tiles {
    const width = Math.min(8, this.#widthPx - 8 * column);
    const height = Math.min(8, this.#heightPx - 8 * row);
    return (this.#tiles[9 * width + height] ??= makeTiles(
      this.tilePx,
      width,
      height,
      this.#quantization,
    ));
  }
}

export function beyondRange(): Error {
  return damaged('parts of it are far darker than black or brighter than white');
}
