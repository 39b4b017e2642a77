/**
 * Computes the means of parts of a block from its coefficients: of quarters where blocks are too coarse, and of the
 * part inside the frame where its edge cuts a block. Pure.
 *
 * A sample is the sum over u, v of F(u,v) a(u,x) a(v,y) with a(u,x) = C(u)/2 cos((2x+1)uπ/16) (ITU-T T.81,
 * A.3.3), so the mean of a rectangle is the sum of F(u,v) m(u) m(v), where m(u) is the mean of a(u,x) over its
 * columns. It is exact, except that a full decoder rounds and clamps samples.
 */

/** 8 × row + column of the coefficient at each zigzag index (T.81, figure A.6). */
// prettier-ignore
const zigzag = Uint8Array.of(
  0, 1, 8, 16, 9, 2, 3, 10,
  17, 24, 32, 25, 18, 11, 4, 5,
  12, 19, 26, 33, 40, 48, 41, 34,
  27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36,
  29, 22, 15, 23, 30, 37, 44, 51,
  58, 59, 52, 45, 38, 31, 39, 46,
  53, 60, 61, 54, 47, 55, 62, 63,
);

/** Rectangles of a block whose means are computed, row by row. */
export interface Tiles {
  readonly columns: number;
  readonly rows: number;
  /** For each rectangle the weights of the 64 coefficients, in zigzag order. */
  readonly weights: Float64Array;
}

/**
 * @param tilePx 8: the block, 4: its quarters
 * @param widthPx width of the block inside the frame, 1..8; tiles outside of the frame are left out
 * @param quantization the step of each coefficient, in zigzag order
 */
export function makeTiles(
  tilePx: 4 | 8,
  widthPx: number,
  heightPx: number,
  quantization: Uint16Array,
): Tiles {
  const columns = Math.ceil(widthPx / tilePx);
  const rows = Math.ceil(heightPx / tilePx);
  const weights = new Float64Array(64 * columns * rows);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    const rowMeans = basisMeans(row * tilePx, Math.min((row + 1) * tilePx, heightPx));
    for (let column = 0; column < columns; column++) {
      const columnMeans = basisMeans(column * tilePx, Math.min((column + 1) * tilePx, widthPx));
      for (let k = 0; k < 64; k++) {
        const u = zigzag[k]! & 7;
        const v = zigzag[k]! >> 3;
        weights[at++] = quantization[k]! * columnMeans[u]! * rowMeans[v]!;
      }
    }
  }
  return { columns, rows, weights };
}

/** The mean of a(u,x) over `from` ≤ x < `to`, for each u. */
function basisMeans(from: number, to: number): Float64Array {
  const means = new Float64Array(8);
  for (let u = 0; u < 8; u++) {
    for (let x = from; x < to; x++) {
      means[u]! += Math.cos(((2 * x + 1) * u * Math.PI) / 16) * (u === 0 ? Math.SQRT1_2 : 1);
    }
    means[u]! /= 2 * (to - from);
  }
  return means;
}
