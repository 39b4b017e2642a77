/** What one would try first: two whole frames, and a limit. Pure. */
import pixelmatch from 'pixelmatch';
import type { GreyFrame } from './pixels.js';

/** Whole frames, its own threshold. @param limit share of the pixels */
export function differsByPixelmatch(
  reference: GreyFrame,
  frame: GreyFrame,
  limit: number,
): boolean {
  const { widthPx, heightPx } = frame;
  const [a, b] = [toRgba(reference), toRgba(frame)];
  const differing = pixelmatch(a, b, undefined, widthPx, heightPx, { threshold: 0.1 });
  return differing > limit * widthPx * heightPx;
}

/** `compare -metric mae` as in the tutorial. @param limit of 65535; the tutorial's is 700 */
export function differsByMae(
  { grey: reference }: GreyFrame,
  { grey }: GreyFrame,
  limit: number,
): boolean {
  let sum = 0;
  for (let i = 0; i < grey.length; i++) sum += Math.abs(grey[i]! - reference[i]!);
  return sum / grey.length / 255 > limit / 65_535;
}

function toRgba({ grey }: GreyFrame): Uint8Array {
  const rgba = new Uint8Array(4 * grey.length);
  for (let i = 0, at = 0; i < grey.length; i++, at += 4) {
    rgba[at] = rgba[at + 1] = rgba[at + 2] = grey[i]!;
    rgba[at + 3] = 255;
  }
  return rgba;
}
