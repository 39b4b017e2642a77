/** Encodes pictures as JPEG, by jpeg-js. Pure. */
import jpegJs from 'jpeg-js';

export interface Picture {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Red, green, blue and an unused byte for each pixel, row by row: `widthPx * heightPx * 4` bytes. */
  readonly rgba: Uint8Array | Uint8ClampedArray;
}

/** @param quality 1..100, on the scale of libjpeg */
export function encodeJpeg({ widthPx, heightPx, rgba }: Picture, quality: number): Buffer {
  return jpegJs.encode({ data: rgba, width: widthPx, height: heightPx }, quality).data;
}
