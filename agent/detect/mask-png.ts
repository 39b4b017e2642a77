/**
 * Reads the mask from a PNG: light pixels are included, dark and transparent pixels are excluded. A separate module
 * that is loaded on demand: few runs have a mask, and loading pngjs takes time. Pure.
 */
import { inflateSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { OperationalError } from '../../shared/cli/errors.js';
import { type Mask, maskHint } from './mask.js';

/** Larger than the pictures of most cameras; decoding needs about 8 bytes of memory per pixel. */
const maxMaskPixels = 20_000_000;
const signature = Buffer.from('89504e470d0a1a0a', 'hex');

/**
 * @param png the bytes of the file; the caller adds the file's name to the error message
 * @throws {OperationalError} MASK: no PNG, damaged, too large, or no pixel included
 */
export function readMask(png: Buffer): Mask {
  if (!png.subarray(0, 8).equals(signature) || png.length < 33) {
    throw new OperationalError('MASK', 'the mask is not a PNG', { hint: maskHint });
  }
  const widthPx = png.readUInt32BE(16);
  const heightPx = png.readUInt32BE(20);
  if (widthPx * heightPx > maxMaskPixels) {
    throw new OperationalError(
      'MASK',
      `the mask is too large: ${widthPx}x${heightPx} pixels; the limit is ${maxMaskPixels}`,
      { hint: maskHint },
    );
  }
  const rgba = decodePng(png, widthPx * heightPx);
  const included = new Uint8Array(widthPx * heightPx);
  for (let i = 0, at = 0; i < included.length; i++, at += 4) {
    const luma = 0.299 * rgba[at]! + 0.587 * rgba[at + 1]! + 0.114 * rgba[at + 2]!;
    if (luma * rgba[at + 3]! > 127.5 * 255) included[i] = 1;
  }
  if (!included.includes(1)) {
    throw new OperationalError('MASK', 'the mask excludes every pixel', { hint: maskHint });
  }
  return { widthPx, heightPx, included };
}

function decodePng(png: Buffer, pixels: number): Buffer {
  try {
    checkSizes(png, pixels);
    return PNG.sync.read(png).data;
  } catch (cause) {
    throw new OperationalError('MASK', 'the mask is a damaged PNG', { cause, hint: maskHint });
  }
}

/** pngjs uses the last of several headers, and inflates an interlaced picture without a limit of length. */
function checkSizes(png: Buffer, pixels: number): void {
  const packed: Buffer[] = [];
  let at = signature.length;
  while (at + 8 <= png.length) {
    const end = at + 8 + png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    if ((type === 'IHDR') !== (at === signature.length)) {
      throw new Error('expected one IHDR chunk, as the first chunk');
    }
    if (type === 'IDAT') packed.push(png.subarray(at + 8, end));
    at = end + 4;
  }
  const isInterlaced = png[28] === 1;
  // At most 8 bytes per pixel and one filter byte per line; a line has at least one pixel.
  if (isInterlaced) inflateSync(Buffer.concat(packed), { maxOutputLength: 9 * pixels });
}
