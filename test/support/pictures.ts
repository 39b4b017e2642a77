/** Small JPEGs for tests: one picture per number, always the same bytes. */
import jpeg from 'jpeg-js';

export function makeJpeg(number = 1, size: { widthPx?: number; heightPx?: number } = {}): Buffer {
  const { widthPx = 32, heightPx = 24 } = size;
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
