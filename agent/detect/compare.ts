/** Labels the cells of a frame that differ from the reference, with pixelmatch. Pure. */
import pixelmatch from 'pixelmatch';

/** Grey of the reference in both images: normalized distance 0. */
const middle = 128;
/** Greys that represent a normalized distance of 1: fine steps, and a range up to a distance of 4. */
const limitGreys = 31;
/** For two greys with difference d pixelmatch compares 0.5053 d² with 35215 threshold². */
const threshold = (limitGreys + 0.5) * Math.sqrt(0.5053 / 35215);
/** Nearer cells are drawn as the reference itself, which pixelmatch skips: in a quiet frame, nearly all. */
const clearlyEqual = 0.5;
/** A pixel of each grey, as one number. */
const greyPixels = new Uint32Array(
  Uint8Array.from({ length: 256 * 4 }, (_, at) => (at % 4 === 3 ? 255 : at >> 2)).buffer,
);

export class Comparison {
  readonly #columns: number;
  readonly #rows: number;
  readonly #reference: Uint8Array;
  readonly #frame: Uint8Array;
  readonly #differing: Uint8Array;
  /** The bytes of the frame and of what differs, a pixel at a time. */
  readonly #framePixels: Uint32Array;
  readonly #differingPixels: Uint32Array;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
    // Not slices of another buffer: pixelmatch throws when the byte offset is not a multiple of 4.
    const bytes = columns * rows * 4;
    this.#reference = new Uint8Array(bytes);
    new Uint32Array(this.#reference.buffer).fill(greyPixels[middle]!);
    this.#frame = new Uint8Array(bytes);
    this.#differing = new Uint8Array(bytes);
    this.#framePixels = new Uint32Array(this.#frame.buffer);
    this.#differingPixels = new Uint32Array(this.#differing.buffer);
  }

  /**
   * @param normalizedDistance distance of each cell from the reference divided by the threshold of that cell: a
   *   cell differs above 1 or below -1
   * @returns 1 for each cell that differs
   */
  compare(normalizedDistance: Float32Array): Uint8Array {
    const frame = this.#framePixels;
    const equal = greyPixels[middle]!;
    for (let i = 0; i < frame.length; i++) {
      const distance = normalizedDistance[i]!;
      if (distance < clearlyEqual && distance > -clearlyEqual) frame[i] = equal;
      else {
        const grey = Math.round(distance * limitGreys) + middle;
        frame[i] = greyPixels[grey < 1 ? 1 : grey > 255 ? 255 : grey]!;
      }
    }
    const changed = new Uint8Array(frame.length);
    const count = pixelmatch(
      this.#reference,
      this.#frame,
      this.#differing,
      this.#columns,
      this.#rows,
      {
        threshold,
        // Cells are means of pixels: what pixelmatch takes for an anti-aliased edge is a small moving object.
        includeAA: true,
        diffMask: true,
      },
    );
    if (count === 0) return changed;
    const differing = this.#differingPixels;
    for (let i = 0; i < changed.length; i++) if (differing[i] !== 0) changed[i] = 1;
    // With `diffMask` pixelmatch writes only differing pixels; the others would keep the last result.
    differing.fill(0);
    return changed;
  }
}
