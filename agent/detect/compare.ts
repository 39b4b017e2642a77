/** The one user of pixelmatch for verdicts: which cells of the frame differ from the reference. Pure. */
import pixelmatch from 'pixelmatch';

/** The reference in the comparison; the frame lies around it. */
const middle = 128;
/** Greys that stand for a difference of exactly the limit: fine steps, and room for four times the limit. */
const limitGreys = 31;
/** pixelmatch's measure for two greys d apart is 0.5053 d², against 35215 threshold². */
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
    // Own buffers: pixelmatch throws for pixels whose byte offset is no multiple of 4.
    const bytes = columns * rows * 4;
    this.#reference = new Uint8Array(bytes).fill(middle);
    this.#frame = new Uint8Array(bytes).fill(middle);
    this.#differing = new Uint8Array(bytes);
    for (let at = 3; at < bytes; at += 4) this.#reference[at] = this.#frame[at] = 255;
  }

  /**
   * @param excess how far each cell is from the reference, in limits: beyond 1 or -1 it differs. Put this
   *   way, brighter or noisier places need no threshold of their own.
   * @returns 1 for each cell that differs
   */
  compare(excess: Float32Array): Uint8Array {
    const frame = this.#frame;
    for (let i = 0, at = 0; i < excess.length; i++, at += 4) {
      const grey = Math.round(excess[i]! * limitGreys) + middle;
      const inRange = grey < 1 ? 1 : grey > 255 ? 255 : grey;
      frame[at] = inRange;
      frame[at + 1] = inRange;
      frame[at + 2] = inRange;
    }
    // With `diffMask` pixelmatch writes only what differs; the rest would be the last comparison's.
    this.#differing.fill(0);
    pixelmatch(this.#reference, this.#frame, this.#differing, this.#columns, this.#rows, {
      threshold,
      // A cell is a mean of pixels: what looks like an anti-aliased edge is a small thing that moved.
      includeAA: true,
      diffMask: true,
    });
    const changed = new Uint8Array(excess.length);
    for (let i = 0; i < changed.length; i++) changed[i] = this.#differing[4 * i + 3]! & 1;
    return changed;
  }
}
