/** Where in the picture something changed: a grid of 16 × 9 places, one bit each. Search by place needs no more. Pure. */
import type { Box } from './frame-entry.js';

export const placeColumns = 16;
export const placeRows = 9;
export const maskBytes = (placeColumns * placeRows) / 8;

/**
 * Sets the places that boxes touch. Place (column, row) is bit `row * 16 + column`, the lowest bit of a byte first.
 * @param mask `maskBytes` long
 */
export function markPlaces(
  mask: Uint8Array,
  boxes: readonly Box[],
  widthPx: number,
  heightPx: number,
): void {
  for (const [left, top, width, height] of boxes) {
    const columns = touched(left, width, widthPx, placeColumns);
    const rows = touched(top, height, heightPx, placeRows);
    for (let row = rows.first; row <= rows.last; row += 1) {
      for (let column = columns.first; column <= columns.last; column += 1) {
        const bit = row * placeColumns + column;
        mask[bit >> 3] = (mask[bit >> 3] ?? 0) | (1 << (bit & 7));
      }
    }
  }
}

/** The places of one axis that a box touches; none when it is empty or outside of the picture. */
function touched(startPx: number, sizePx: number, picturePx: number, places: number) {
  const endPx = Math.min(startPx + sizePx, picturePx);
  if (picturePx <= 0 || startPx >= endPx) return { first: 0, last: -1 };
  const first = Math.floor((startPx * places) / picturePx);
  return { first, last: Math.ceil((endPx * places) / picturePx) - 1 };
}
