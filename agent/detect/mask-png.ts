/**
 * Reads the mask from a PNG: light is looked at, dark or transparent is not. By itself, since few runs have a
 * mask and pngjs takes a while to load. Pure.
 */
import { inflateSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { OperationalError } from '../../shared/cli/errors.js';
import { type Mask, maskHint } from './mask.js';

/** As large as any camera's picture; decoding needs some 8 bytes of memory a pixel. */
const maxMaskPixels = 20_000_000;
const signature = Buffer.from('89504e470d0a1a0a', 'hex');

/**
 * @param png the file's bytes; the caller knows its name and adds it to the message
 * @throws {OperationalError} MASK: no PNG, damaged, too large, or nothing left to look at
 */
export function readMask(png: Buffer): Mask {
  if (!png.subarray(0, 8).equals(signature) || png.length < 33) {
    throw new OperationalError('MASK', 'the mask is no PNG', { hint: maskHint });
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
  const look = new Uint8Array(widthPx * heightPx);
  for (let i = 0, at = 0; i < look.length; i++, at += 4) {
    const luma = 0.299 * rgba[at]! + 0.587 * rgba[at + 1]! + 0.114 * rgba[at + 2]!;
    if (luma * rgba[at + 3]! > 127.5 * 255) look[i] = 1;
  }
  if (!look.includes(1)) {
    throw new OperationalError('MASK', 'the mask leaves nothing to look at', { hint: maskHint });
  }
  return { widthPx, heightPx, look };
}

function decodePng(png: Buffer, pixels: number): Buffer {
  try {
    checkSizes(png, pixels);
    return PNG.sync.read(png).data;
  } catch (cause) {
    throw new OperationalError('MASK', 'the mask is a damaged PNG', { cause, hint: maskHint });
  }
}

/** pngjs believes the last of several headers, and unpacks an interlaced picture to whatever length it has. */
function checkSizes(png: Buffer, pixels: number): void {
  const packed: Buffer[] = [];
  let at = signature.length;
  while (at + 8 <= png.length) {
    const end = at + 8 + png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    if ((type === 'IHDR') !== (at === signature.length)) throw new Error('its header is not first');
    if (type === 'IDAT') packed.push(png.subarray(at + 8, end));
    at = end + 4;
  }
  const isInterlaced = png[28] === 1;
  // Eight bytes a pixel at most, and one a line: no line is empty.
  if (isInterlaced) inflateSync(Buffer.concat(packed), { maxOutputLength: 9 * pixels });
}
