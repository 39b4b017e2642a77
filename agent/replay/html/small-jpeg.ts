/** The small pictures of the page. Pure. */
import type { Grid } from '../../detect/grid.js';
import { encodeJpeg } from '../../../shared/jpeg/encoder.js';
import { decodeSmallPicture } from '../../../shared/jpeg/small-picture.js';

const quality = 65;
/** Frames up to this width and size are small pictures themselves: an eighth or a quarter shows nothing. */
const smallWidthPx = 360;
const smallBytes = 16 * 1024;

/** @returns the means of the blocks, a quarter or an eighth of the width; a small frame itself */
export function smallJpeg(jpeg: Buffer, { frameWidthPx }: Grid): Buffer {
  if (frameWidthPx <= smallWidthPx && jpeg.length <= smallBytes) return jpeg;
  return encodeJpeg(decodeSmallPicture(jpeg), quality);
}
