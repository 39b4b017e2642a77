/** Draws pictures on a larger one. Pure. */
import type { Picture } from '../../../shared/jpeg/encoder.js';
import type { Rectangle, TileSize } from './tile-layout.js';

/** @param grey 0..255 */
export function makeCanvas({ widthPx, heightPx }: TileSize, grey: number): Picture {
  return { widthPx, heightPx, rgba: new Uint8ClampedArray(4 * widthPx * heightPx).fill(grey) };
}

/**
 * Draws a picture scaled to a rectangle that is inside the canvas. A pixel is the mean of the source pixels that it
 * touches; at the same size the picture is copied.
 */
export function drawScaled(canvas: Picture, source: Picture, place: Rectangle): void {
  const columns = edges(source.widthPx, place.widthPx);
  const rows = edges(source.heightPx, place.heightPx);
  for (let y = 0; y < place.heightPx; y++) {
    let at = 4 * ((place.top + y) * canvas.widthPx + place.left);
    for (let x = 0; x < place.widthPx; x++, at += 4) {
      let [red, green, blue, count] = [0, 0, 0, 0];
      for (let row = rows.from[y]!; row < rows.to[y]!; row++) {
        let from = 4 * (row * source.widthPx + columns.from[x]!);
        for (const end = from + 4 * (columns.to[x]! - columns.from[x]!); from < end; from += 4) {
          red += source.rgba[from]!;
          green += source.rgba[from + 1]!;
          blue += source.rgba[from + 2]!;
          count += 1;
        }
      }
      canvas.rgba[at] = red / count;
      canvas.rgba[at + 1] = green / count;
      canvas.rgba[at + 2] = blue / count;
    }
  }
}

/** For each pixel of the target the source pixels that it touches, at least one: `from` ≤ pixel < `to`. */
function edges(sourcePx: number, targetPx: number): { from: Uint32Array; to: Uint32Array } {
  const from = new Uint32Array(targetPx);
  const to = new Uint32Array(targetPx);
  for (let i = 0; i < targetPx; i++) {
    from[i] = Math.floor((i * sourcePx) / targetPx);
    to[i] = Math.ceil(((i + 1) * sourcePx) / targetPx);
  }
  return { from, to };
}
