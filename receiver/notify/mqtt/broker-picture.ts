/** The picture of a frame as the broker takes it: a large one with an eighth of its width and height. */
import { OperationalError } from '../../../shared/cli/errors.js';
import { encodeJpeg } from '../../../shared/jpeg/encoder.js';
import { decodeSmallPicture } from '../../../shared/jpeg/small-picture.js';

const quality = 85;

/** @returns undefined: it is too large also then, or damaged */
export function pictureWithin(jpeg: Buffer, maxBytes: number): Buffer | undefined {
  if (jpeg.length <= maxBytes) return jpeg;
  try {
    const small = encodeJpeg(decodeSmallPicture(jpeg), quality);
    return small.length <= maxBytes ? small : undefined;
  } catch (error) {
    if (error instanceof OperationalError) return undefined;
    throw error;
  }
}
