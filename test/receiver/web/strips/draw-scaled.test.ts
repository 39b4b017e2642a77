/** Pictures that are drawn scaled: copied, averaged, and never outside of their place. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawScaled, makeCanvas } from '../../../../receiver/web/strips/draw-scaled.js';
import type { Picture } from '../../../../shared/jpeg/encoder.js';

const px = fc.integer({ min: 1, max: 40 });

function pictureOf(
  widthPx: number,
  heightPx: number,
  grey: (x: number, y: number) => number,
): Picture {
  const rgba = new Uint8ClampedArray(4 * widthPx * heightPx);
  for (let at = 0; at < rgba.length; at++) {
    const pixel = at >> 2;
    rgba[at] = grey(pixel % widthPx, Math.floor(pixel / widthPx)) + (at % 4);
  }
  return { widthPx, heightPx, rgba };
}

describe('a picture drawn scaled', () => {
  it('is copied at its own size, and changes nothing beside it', () => {
    const canvas = makeCanvas({ widthPx: 9, heightPx: 7 }, 32);
    drawScaled(
      canvas,
      pictureOf(4, 3, (x, y) => 100 + 10 * x + 40 * y),
      {
        ...{ left: 2, top: 3, widthPx: 4, heightPx: 3 },
      },
    );
    for (let y = 0; y < 7; y++) {
      for (let x = 0; x < 9; x++) {
        const isInside = x >= 2 && x < 6 && y >= 3 && y < 6;
        const grey = 100 + 10 * (x - 2) + 40 * (y - 3);
        const at = 4 * (9 * y + x);
        const expected = isInside ? [grey, grey + 1, grey + 2] : [32, 32, 32];
        expect([...canvas.rgba.slice(at, at + 3)]).toEqual(expected);
      }
    }
  });

  it('is the mean of whole squares at half its size', () => {
    const canvas = makeCanvas({ widthPx: 2, heightPx: 1 }, 0);
    const source = pictureOf(4, 2, (x, y) => 10 * x + 100 * y);
    drawScaled(canvas, source, { left: 0, top: 0, widthPx: 2, heightPx: 1 });
    expect([canvas.rgba[0], canvas.rgba[4]]).toEqual([55, 75]);
  });

  it('keeps to its place and to the values of the source, at any size', () => {
    fc.assert(
      fc.property(px, px, px, px, px, px, (fromX, fromY, toX, toY, left, top) => {
        const canvas = makeCanvas({ widthPx: left + toX + 2, heightPx: top + toY + 2 }, 7);
        const source = pictureOf(fromX, fromY, (x, y) => 100 + ((x * 13 + y * 29) % 90));
        drawScaled(canvas, source, { left, top, widthPx: toX, heightPx: toY });
        const wrong = canvas.rgba.filter((value, at) => {
          const [x, y] = [(at >> 2) % canvas.widthPx, Math.floor((at >> 2) / canvas.widthPx)];
          const isInside = x >= left && x < left + toX && y >= top && y < top + toY;
          return isInside && at % 4 < 3 ? value < 100 : value !== 7;
        });
        expect(wrong).toHaveLength(0);
      }),
    );
  });
});
