/** One component of a frame: its sampling, and the means of its blocks. Pure. */
import { damaged } from './frame-error.js';
import { type Tiles, makeTiles } from './tiles.js';

/** A component in the frame header (ITU-T T.81, B.2.2). */
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
 * A mean may exceed 0..255 by this many grey levels plus half a quantization step: sharpening encoders overshoot.
 * Damaged data drift further with each block.
 */
const overshoot = 32;

export class Component {
  readonly header: ComponentHeader;
  /** In samples of the component: 8: one mean per block, 4: one per quarter of a block. */
  readonly tilePx: 4 | 8;
  /** Blocks inside the frame; its edge may cut the last ones. */
  readonly blocksAcross: number;
  readonly blocksDown: number;
  /** Means of tiles, row by row, `stride` per row; covers whole MCUs. */
  readonly means: Float32Array;
  readonly stride: number;

  /** DC of the previous block, in quantization steps (PRED in T.81, F.1.1.5.1). */
  dcPredictor = 0;
  /** Grey levels of the mean per quantization step of DC. */
  dcScale = 0;
  minMean = 0;
  maxMean = 0;
  isRead = false;

  readonly #widthPx: number;
  readonly #heightPx: number;
  #quantization: Uint16Array = new Uint16Array(64);
  /** Indexed by the part of a block that is inside the frame: width × 9 + height. */
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

  /** @param quantization steps in zigzag order @throws {OperationalError} FRAME: a second scan */
  startScan(quantization: Uint16Array): void {
    if (this.isRead) throw damaged(`component ${this.header.id} has more than one scan`);
    this.isRead = true;
    this.#quantization = quantization;
    this.#tiles = [];
    // DC is 8 × (mean of the samples − 128) (T.81, A.3.1 and A.3.3).
    this.dcScale = quantization[0]! / 8;
    this.minMean = -overshoot - this.dcScale / 2;
    this.maxMean = 255 + overshoot + this.dcScale / 2;
  }

  /** True: the frame's edge cuts the last column or row of blocks. */
  get isCut(): boolean {
    return this.#widthPx % 8 !== 0 || this.#heightPx % 8 !== 0;
  }

  /** The tiles of a block that is at least partly inside the frame. */
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
  return damaged('a DC coefficient is out of range');
}
