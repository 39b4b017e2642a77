/**
 * Joins PNGs of one size into an animated PNG (PNG, third edition, W3C 2025, 11.3.6): browsers play it, and a viewer that
 * does not know animations shows the first picture. Pure.
 */
import { crc32 } from 'node:zlib';
import { OperationalError } from '../../shared/cli/errors.js';

const signatureBytes = 8;
/** Length and type before the data of a chunk, its checksum behind. */
const headBytes = 8;
const crcBytes = 4;

/** @param delaysMs one for each picture @throws {OperationalError} OUTPUT: no picture, or not one size for all */
export function animate(pngs: readonly Buffer[], delaysMs: readonly number[]): Buffer {
  const pictures = pngs.map(readPng);
  const [first] = pictures;
  if (first === undefined) throw new OperationalError('OUTPUT', 'an animation has no picture');
  if (pictures.some(({ header }) => !header.equals(first.header))) {
    throw new OperationalError('OUTPUT', 'the pictures of an animation differ in size or colours');
  }
  let sequence = 0;
  const parts = [pngs[0]!.subarray(0, signatureBytes), chunk('IHDR', first.header)];
  parts.push(chunk('acTL', uint32(pictures.length, 0)));
  pictures.forEach(({ header, pixels }, index) => {
    const size = header.subarray(0, 8);
    const delay = Buffer.alloc(6);
    delay.writeUInt16BE(Math.min(65_535, Math.round(delaysMs[index] ?? 0)), 0);
    delay.writeUInt16BE(1000, 2); // milliseconds; then: keep the picture, replace all of it
    parts.push(chunk('fcTL', Buffer.concat([uint32(sequence++), size, uint32(0, 0), delay])));
    if (index === 0) parts.push(chunk('IDAT', pixels));
    else parts.push(chunk('fdAT', Buffer.concat([uint32(sequence++), pixels])));
  });
  parts.push(chunk('IEND', Buffer.alloc(0)));
  return Buffer.concat(parts);
}

/** The header of a PNG and its compressed pixels. */
function readPng(png: Buffer): { readonly header: Buffer; readonly pixels: Buffer } {
  let header: Buffer = Buffer.alloc(0);
  const pixels: Buffer[] = [];
  for (let at = signatureBytes; at + headBytes <= png.length;) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + headBytes);
    const data = png.subarray(at + headBytes, at + headBytes + length);
    if (type === 'IHDR') header = data;
    if (type === 'IDAT') pixels.push(data);
    at += headBytes + length + crcBytes;
  }
  return { header, pixels: Buffer.concat(pixels) };
}

function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  return Buffer.concat([uint32(data.length), typed, uint32(crc32(typed))]);
}

function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index));
  return bytes;
}
