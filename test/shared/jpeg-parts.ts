/** JPEGs built by hand, byte by byte, for what reads their markers. Few of them can be decoded. */
import { hex } from './chunking.js';

export const soi = hex('ffd8');
export const eoi = hex('ffd9');

/** FF, the marker's code, the length of the payload and itself, the payload. */
export function segment(code: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.of(0xff, code, 0, 0);
  head.writeUInt16BE(payload.length + 2, 2);
  return Buffer.concat([head, payload]);
}

/** A scan's header and its entropy-coded data. */
export function scan(entropy: string): Buffer {
  return Buffer.concat([segment(0xda, hex('01 01 00 00 3f 00')), hex(entropy)]);
}

/** A whole picture around some parts. */
export function picture(...parts: Buffer[]): Buffer {
  return Buffer.concat([soi, ...parts, eoi]);
}

export const quantization = segment(0xdb, hex('00 0102 0304'));
export const baselineFrame = segment(0xc0, hex('08 0008 0008 01 01 11 00'));
export const progressiveFrame = segment(0xc2, hex('08 0008 0008 01 01 11 00'));

/** The smallest picture that has everything in it. */
export const small = picture(quantization, baselineFrame, scan('12 34 56'));

/** EXIF with a thumbnail: a whole JPEG inside a segment. */
export const exif = segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), small]));
