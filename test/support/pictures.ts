/** Small JPEGs for tests: one picture per number, always the same bytes. */
import jpeg from 'jpeg-js';

/** The encoder takes some milliseconds, and many tests make the same pictures. */
const made = new Map<string, Buffer>();
const maxKeptBytes = 10_000;

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
