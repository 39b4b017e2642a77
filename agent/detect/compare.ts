/** Labels the cells of a frame that differ from the reference, with pixelmatch. Pure. */
import pixelmatch from 'pixelmatch';

/** Grey of the reference in both images: normalized distance 0. */
const middle = 128;
/** Greys that represent a normalized distance of 1: fine steps, and a range up to a distance of 4. */
const limitGreys = 31;
/** For two greys with difference d pixelmatch compares 0.5053 d² with 35215 threshold². */
const threshold = (limitGreys + 0.5) * Math.sqrt(0.5053 / 35215);

export class Comparison {
  readonly #columns: number;
  readonly #rows: number;
  readonly #reference: Uint8Array;
  readonly #frame: Uint8Array;
  readonly #differing: Uint8Array;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
    // Not slices of another buffer: pixelmatch throws when the byte offset is not a multiple of 4.
    const bytes = columns * rows * 4;
    this.#reference = new Uint8Array(bytes).fill(middle);
    this.#frame = new Uint8Array(bytes).fill(middle);
    this.#differing = new Uint8Array(bytes);
    for (let at = 3; at < bytes; at += 4) this.#reference[at] = this.#frame[at] = 255;
  }

  /**
   * @param normalizedDistance distance of each cell from the reference divided by the threshold of that cell: a
   *   cell differs above 1 or below -1
   * @returns 1 for each cell that differs
   */
  compare(normalizedDistance: Float32Array): Uint8Array {
    const frame = this.#frame;
    for (let i = 0, at = 0; i < normalizedDistance.length; i++, at += 4) {
      const grey = Math.round(normalizedDistance[i]! * limitGreys) + middle;
      const inRange = grey < 1 ? 1 : grey > 255 ? 255 : grey;
      frame[at] = inRange;
      frame[at + 1] = inRange;
      frame[at + 2] = inRange;
    }
    // With `diffMask` pixelmatch writes only differing pixels; the others would keep the last result.
    this.#differing.fill(0);
    pixelmatch(this.#reference, this.#frame, this.#differing, this.#columns, this.#rows, {
      threshold,
      // Cells are means of pixels: what pixelmatch takes for an anti-aliased edge is a small moving object.
      includeAA: true,
      diffMask: true,
    });
    const changed = new Uint8Array(normalizedDistance.length);
    for (let i = 0; i < changed.length; i++) changed[i] = this.#differing[4 * i + 3]! & 1;
    return changed;
  }
}
