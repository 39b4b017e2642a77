/**
 * From a JPEG to the small grey picture that the judge compares: the mean brightness of square cells.
 * Refuses what is damaged or too large before anything is compared. Pure.
 */
import jpegJs from 'jpeg-js';
import { OperationalError } from '../../shared/errors.js';
import { findJpegDamage } from '../../shared/jpeg-splitter.js';
import { type Grid, makeGrid, type SmallPicture } from './grid.js';

/** 4K UHD (8.3 million) fits. The full decoder needs some 14 bytes of memory a pixel. */
const maxFramePixels = 9_000_000;
/** Never met by a camera's picture within `maxFramePixels`; a forged header can ask for far more. */
const maxDecoderMiB = 320;

/** @throws {OperationalError} FRAME: damaged, truncated, too large, or of a kind that cannot be read */
export function decodeSmall(jpeg: Buffer): SmallPicture {
  const damage = findJpegDamage(jpeg);
  if (damage !== undefined) throw new OperationalError('FRAME', `the JPEG is damaged: ${damage}`);
  const { widthPx, heightPx } = readFrameSize(jpeg);
  if (widthPx * heightPx > maxFramePixels) {
    throw new OperationalError(
      'FRAME',
      `the JPEG is too large to look at: ${widthPx}x${heightPx} pixels; the limit is ${maxFramePixels}`,
      { hint: 'let the camera make smaller pictures' },
    );
  }
  const decoded = decodeFully(jpeg);
  // Lengths that lie make the two readers find two frame headers.
  if (decoded.width !== widthPx || decoded.height !== heightPx) {
    throw unreadable('names two sizes');
  }
  return reduce(decoded.data, makeGrid(widthPx, heightPx));
}

/**
 * Walks the segments of a whole JPEG up to its first scan (T.81, annex B.2).
 * @throws {OperationalError} FRAME: what jpeg-js would misread, or refuse in words of its own code
 */
function readFrameSize(jpeg: Buffer): { widthPx: number; heightPx: number } {
  let size: { widthPx: number; heightPx: number } | undefined;
  let hasHuffmanTables = false;
  for (let at = 2; at + 9 <= jpeg.length && jpeg[at + 1] !== SOS;) {
    const code = jpeg[at + 1]!;
    if (code === 0xff) at += 1;
    else if (hasNoLength(code)) at += 2;
    else {
      if (code === DHT) hasHuffmanTables = true;
      else if (isFrameHeader(code)) {
        if (code > SOF2)
          throw unreadable(`is coded in a way that no camera uses (SOF${code - SOF0})`);
        // jpeg-js takes 12-bit samples for 8-bit ones and makes a picture of noise.
        if (jpeg[at + 4] !== 8) throw unreadable(`has ${jpeg[at + 4]} bits a sample`);
        size = { widthPx: jpeg.readUInt16BE(at + 7), heightPx: jpeg.readUInt16BE(at + 5) };
      }
      at += 2 + jpeg.readUInt16BE(at + 2);
    }
  }
  if (size === undefined) throw unreadable('has no frame header');
  if (size.widthPx * size.heightPx === 0) {
    throw unreadable(`claims a size of ${size.widthPx}x${size.heightPx} pixels`);
  }
  if (!hasHuffmanTables) {
    throw unreadable('has no Huffman tables', 'from ffmpeg: add -bsf:v mjpeg2jpeg');
  }
  return size;
}

function decodeFully(jpeg: Buffer): { width: number; height: number; data: Buffer } {
  try {
    return jpegJs.decode(jpeg, {
      tolerantDecoding: false,
      maxResolutionInMP: maxFramePixels / 1e6,
      maxMemoryUsageInMB: maxDecoderMiB,
    });
  } catch (cause) {
    throw new OperationalError('FRAME', 'the JPEG cannot be decoded', { cause });
  }
}

function reduce(rgba: Buffer, grid: Grid): SmallPicture {
  const { columns, rows, cellPx, frameWidthPx, frameHeightPx } = grid;
  const luma = new Float32Array(columns * rows);
  let at = 0;
  for (let y = 0; y < frameHeightPx; y++) {
    const rowStart = Math.floor(y / cellPx) * columns;
    for (let column = 0; column < columns; column++) {
      const end = at + 4 * Math.min(cellPx, frameWidthPx - column * cellPx);
      let sum = 0;
      for (; at < end; at += 4) {
        sum += 0.299 * rgba[at]! + 0.587 * rgba[at + 1]! + 0.114 * rgba[at + 2]!;
      }
      luma[rowStart + column]! += sum;
    }
  }
  for (let row = 0, i = 0; row < rows; row++) {
    const heightPx = Math.min(cellPx, frameHeightPx - row * cellPx);
    for (let column = 0; column < columns; column++, i++) {
      luma[i]! /= heightPx * Math.min(cellPx, frameWidthPx - column * cellPx);
    }
  }
  return { ...grid, luma };
}

const SOF0 = 0xc0;
const SOF2 = 0xc2;
const DHT = 0xc4;
const SOS = 0xda;
/** C4, C8 and CC lie among the frame headers and are none. */
const isFrameHeader = (code: number): boolean =>
  code >= SOF0 && code <= 0xcf && code !== DHT && code !== 0xc8 && code !== 0xcc;
const hasNoLength = (code: number): boolean => code === 0x01 || (code >= 0xd0 && code <= 0xd7);

function unreadable(what: string, hint?: string): OperationalError {
  return new OperationalError(
    'FRAME',
    `the JPEG ${what} and cannot be read`,
    hint === undefined ? {} : { hint },
  );
}
