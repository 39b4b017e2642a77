/** One component of a frame: how it is sampled, and the means of its blocks as they are read. Pure. */
import { damaged } from './frame-error.js';
import { type Tiles, makeTiles } from './tiles.js';

/** What the frame header says of a component (ITU-T T.81, B.2.2). */
export interface ComponentHeader {
  readonly id: number;
  /** Sampling factors: blocks across and down in an MCU, 1..4. */
  readonly across: number;
  readonly down: number;
  /** Destination of its quantization table, 0..3. */
  readonly quantization: number;
}

export interface FrameHeader {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly components: readonly ComponentHeader[];
  /** The largest sampling factors. */
  readonly across: number;
  readonly down: number;
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

  /** The first coefficient of the block before, in steps of the quantization. */
  prediction = 0;
  /** What a step of the first coefficient adds to the mean. */
  step = 0;
  least = 0;
  most = 0;
  isRead = false;

  readonly #widthPx: number;
  readonly #heightPx: number;
  #quantization: Uint16Array = new Uint16Array(64);
  /** By how much of a block is inside the frame, across × 9 + down. */
  #tiles: (Tiles | undefined)[] = [];

  constructor(frame: FrameHeader, header: ComponentHeader, tilePx: 4 | 8) {
    this.header = header;
    this.tilePx = tilePx;
    this.#widthPx = Math.ceil((frame.widthPx * header.across) / frame.across);
    this.#heightPx = Math.ceil((frame.heightPx * header.down) / frame.down);
    this.blocksAcross = Math.ceil(this.#widthPx / 8);
    this.blocksDown = Math.ceil(this.#heightPx / 8);
    const mcusAcross = Math.ceil(frame.widthPx / (8 * frame.across));
    const mcusDown = Math.ceil(frame.heightPx / (8 * frame.down));
    const tiles = 8 / tilePx;
    this.stride = mcusAcross * header.across * tiles;
    this.means = new Float32Array(this.stride * mcusDown * header.down * tiles);
  }

  /** @param quantization its steps in zigzag order @throws {OperationalError} FRAME: it was read before */
  startScan(quantization: Uint16Array): void {
    if (this.isRead) throw damaged('a part of the picture stands there twice');
    this.isRead = true;
    this.#quantization = quantization;
    this.#tiles = [];
    // The first coefficient is 8 times the mean of the samples less 128 (T.81, A.3.1 and A.3.3).
    this.step = quantization[0]! / 8;
    this.least = -overshoot - this.step / 2;
    this.most = 255 + overshoot + this.step / 2;
  }

  /** True where the last column or row of blocks reaches beyond the frame's edge. */
  get isCut(): boolean {
    return this.#widthPx % 8 !== 0 || this.#heightPx % 8 !== 0;
  }

  /** The tiles of a block that lies at least partly inside the frame. */
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
