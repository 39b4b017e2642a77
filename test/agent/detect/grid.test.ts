/** How frames of every size are divided into cells. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeGrid } from '../../../agent/detect/grid.js';

describe('the grid', () => {
  it.each([
    [160, 120, 4, 40, 30],
    [320, 240, 4, 80, 60],
    [640, 480, 8, 80, 60],
    [768, 432, 8, 96, 54],
    [1280, 720, 16, 80, 45],
    [1920, 1080, 16, 120, 68],
    [3840, 2160, 32, 120, 68],
    [1, 1, 4, 1, 1],
  ])('divides %i×%i into cells of %i pixels: %i×%i', (width, height, cellPx, columns, rows) => {
    expect(makeGrid(width, height)).toEqual({
      cellPx,
      columns,
      rows,
      frameWidthPx: width,
      frameHeightPx: height,
    });
  });

  it('covers every frame, the last cells cut, with at most 10,000 cells', () => {
    const sizePx = fc.integer({ min: 1, max: 65_535 });
    fc.assert(
      fc.property(sizePx, sizePx, (width, height) => {
        const { columns, rows, cellPx } = makeGrid(width, height);
        expect(columns * rows).toBeLessThanOrEqual(10_000);
        expect(columns * cellPx - width).toBeGreaterThanOrEqual(0);
        expect(columns * cellPx - width).toBeLessThan(cellPx);
        expect(rows * cellPx - height).toBeGreaterThanOrEqual(0);
        expect(rows * cellPx - height).toBeLessThan(cellPx);
      }),
    );
  });
});
