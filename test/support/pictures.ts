/** Small JPEGs for tests: one picture per number, always the same bytes. */
import { randomBytes } from 'node:crypto';
import jpeg from 'jpeg-js';

/** The encoder takes some milliseconds, and many tests make the same pictures. */
const made = new Map<string, Buffer>();
const maxKeptBytes = 10_000;
/** Of one comment segment (T.81, B.2.4.5). */
const maxCommentBytes = 65_000;

export function makeJpeg(number = 1, size: { widthPx?: number; heightPx?: number } = {}): Buffer {
  const { widthPx = 32, heightPx = 24 } = size;
  const key = `${number} ${widthPx} ${heightPx}`;
  const jpeg = made.get(key) ?? encode(number, widthPx, heightPx);
  if (jpeg.length < maxKeptBytes) made.set(key, jpeg);
  return Buffer.from(jpeg);
}

function encode(number: number, widthPx: number, heightPx: number): Buffer {
  const data = Buffer.alloc(widthPx * heightPx * 4);
  for (let at = 0; at < data.length; at += 4) {
    const pixel = at / 4;
    data[at] = (pixel * 3 + number * 37) % 256;
    data[at + 1] = (number * 11) % 256;
    data[at + 2] = (pixel >> 3) % 256;
    data[at + 3] = 255;
  }
  return Buffer.from(jpeg.encode({ data, width: widthPx, height: heightPx }, 80).data);
}

/** A JPEG of about this size, at least 1 kB, whose bytes no other one has. */
export function makeUniqueJpeg(byteCount: number): Buffer {
  const picture = makeJpeg(1);
  const pieces: Buffer[] = [picture.subarray(0, 2)];
  // Hex digits: a comment holds no marker.
  for (let left = Math.max(64, byteCount - picture.length); left > 0; left -= maxCommentBytes) {
    const text = randomBytes(Math.ceil(Math.min(left, maxCommentBytes) / 2)).toString('hex');
    const size = text.length + 2;
    pieces.push(Buffer.from([0xff, 0xfe, size >> 8, size & 0xff]), Buffer.from(text));
  }
  return Buffer.concat([...pieces, picture.subarray(2)]);
}
