/** Balloons that hang at a door, drawn finely and then reduced to cells, as a camera sees them. */
import type { SmallPicture } from '../../../agent/detect/grid.js';
import { within } from './pictures.js';

/** Samples of a cell, in each direction. */
const samples = 4;
/** Radius of a balloon, cells. */
const radius = 1.6;

/**
 * @param aside cells to the right of where they hang in calm air
 * @returns the picture with twelve of them, light and dark, below and right of cell 10, 10
 */
export function withBalloons(picture: SmallPicture, aside: number): SmallPicture {
  return within(picture, [6, 8, 20, 20], (luma, column, row) => {
    let sum = 0;
    for (let i = 0; i < samples * samples; i++) {
      const x = column + ((i % samples) + 0.5) / samples - 10 - aside;
      const y = row + (Math.floor(i / samples) + 0.5) / samples - 10;
      const [nx, ny] = [Math.floor(x / 3.2), Math.floor(y / 3.2)];
      const isInside = nx >= 0 && nx < 3 && ny >= 0 && ny < 4;
      const isBalloon =
        isInside && Math.hypot(x - 3.2 * nx - radius, y - 3.2 * ny - radius) < radius;
      sum += isBalloon ? [30, 220, 150][(nx + 2 * ny) % 3]! : luma;
    }
    return sum / (samples * samples);
  });
}
