/** Zoom of the picture, and swipes. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clampZoom,
  rectOf,
  swipeOf,
  wholePicture,
  zoomAt,
} from '../../../../receiver/web/page/picture-fit.js';

const picture = { width: 640, height: 480 };
const stage = { width: 1280, height: 480 };

describe('the picture', () => {
  it('is whole and in the middle at first', () => {
    expect(rectOf(picture, stage, wholePicture)).toEqual({ x: 320, y: 0, width: 640, height: 480 });
  });

  it('keeps what is under the pointer', () => {
    const point = { x: 640, y: 100 };
    const zoom = zoomAt(picture, stage, wholePicture, point, 4);
    const rect = rectOf(picture, stage, zoom);
    expect((point.x - rect.x) / rect.width).toBeCloseTo(0.5, 6);
    expect((point.y - rect.y) / rect.height).toBeCloseTo(100 / 480, 6);
  });

  it('never leaves the stage, and is never smaller than it', () => {
    const numbers = fc.double({ min: -5000, max: 5000, noNaN: true });
    fc.assert(
      fc.property(fc.double({ min: 0, max: 99, noNaN: true }), numbers, numbers, (scale, x, y) => {
        const rect = rectOf(picture, stage, clampZoom(picture, stage, { scale, x, y }));
        for (const [start, size, room] of [
          [rect.x, rect.width, stage.width],
          [rect.y, rect.height, stage.height],
        ] as const) {
          if (size >= room) {
            expect(start).toBeLessThan(0.001);
            expect(start + size).toBeGreaterThan(room - 0.001);
          } else expect(start).toBeCloseTo((room - size) / 2, 3);
        }
      }),
    );
  });
});

describe('a swipe', () => {
  it.each([
    [{ x: -80, y: 10, ms: 200 }, 'next'],
    [{ x: 80, y: -10, ms: 200 }, 'previous'],
    [{ x: 20, y: 0, ms: 100 }, undefined],
    [{ x: 80, y: 70, ms: 200 }, undefined],
    [{ x: -200, y: 0, ms: 2000 }, undefined],
  ])('of %j goes to %s', (moved, direction) => {
    expect(swipeOf(moved)).toBe(direction);
  });
});
