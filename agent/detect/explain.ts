/**
 * Draws a detection: the small picture enlarged, changed cells tinted, boxes around the regions, and what the mask
 * excludes hatched. Pure: the caller writes the file.
 */
import { PNG } from 'pngjs';
import { foreground } from './background.js';
import type { SmallPicture } from './grid.js';
import type { CellMap } from './motion-detector.js';

type Colour = readonly [red: number, green: number, blue: number];

/** Foreground. */
const changedTint: Colour = [255, 40, 40];
/** Speckle: changed, in a region that is too small. */
const smallTint: Colour = [255, 190, 0];
const boxColour: Colour = [80, 255, 80];
/** Approximate width of the drawing, pixels: fits into a mail or on a telephone. */
const drawnWidthPx = 640;

/**
 * @param cellMap of the same picture: `MotionDetector.lastCellMap` directly after `detect`
 * @returns a PNG, about 640 pixels wide
 */
export function drawExplanation(picture: SmallPicture, cellMap: CellMap): Buffer {
  const scale = Math.max(2, Math.round(drawnWidthPx / picture.columns));
  const image = new PNG({ width: picture.columns * scale, height: picture.rows * scale });
  for (let y = 0, at = 0; y < image.height; y++) {
    for (let x = 0; x < image.width; x++, at += 4) {
      const cell = Math.floor(y / scale) * picture.columns + Math.floor(x / scale);
      let grey = smoothLuma(picture, (x + 0.5) / scale - 0.5, (y + 0.5) / scale - 0.5);
      if (cellMap.roi[cell] === 0) grey *= (x + y) % 12 < 3 ? 0.2 : 0.5;
      const label = cellMap.labels[cell]!;
      if (label === 0) paint(image, at, [grey, grey, grey]);
      else paint(image, at, tint(grey, label === foreground ? changedTint : smallTint));
    }
  }
  for (const box of cellMap.boxes) {
    const [left, top, width, height] = box.map((px) => Math.round((px * scale) / picture.cellPx));
    outline(image, left!, top!, width!, height!);
  }
  // One fixed filter: with a filter chosen for each line pngjs takes twice as long for the same size.
  return PNG.sync.write(image, { colorType: 2, filterType: 4 });
}

/** Brightness, interpolated bilinearly between the centres of cells. */
function smoothLuma({ luma, columns, rows }: SmallPicture, x: number, y: number): number {
  const left = Math.max(0, Math.floor(x));
  const right = Math.min(columns - 1, Math.floor(x) + 1);
  const above = Math.max(0, Math.floor(y)) * columns;
  const below = Math.min(rows - 1, Math.floor(y) + 1) * columns;
  const toRight = x - Math.floor(x);
  const toBelow = y - Math.floor(y);
  const upper = luma[above + left]! * (1 - toRight) + luma[above + right]! * toRight;
  const lower = luma[below + left]! * (1 - toRight) + luma[below + right]! * toRight;
  return upper * (1 - toBelow) + lower * toBelow;
}

function tint(grey: number, [red, green, blue]: Colour): Colour {
  return [(grey + red) / 2, (grey + green) / 2, (grey + blue) / 2];
}

function outline(image: PNG, left: number, top: number, width: number, height: number): void {
  const right = Math.min(image.width, left + width) - 1;
  const bottom = Math.min(image.height, top + height) - 1;
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const depth = Math.min(x - left, right - x, y - top, bottom - y);
      if (depth < 2) paint(image, 4 * (y * image.width + x), boxColour);
      // A dark line inside the bright one: visible on snow and at night.
      else if (depth === 2) paint(image, 4 * (y * image.width + x), [0, 0, 0]);
      else x = Math.max(x, right - 3);
    }
  }
}

function paint(image: PNG, at: number, [red, green, blue]: Colour): void {
  image.data[at] = red;
  image.data[at + 1] = green;
  image.data[at + 2] = blue;
  image.data[at + 3] = 255;
}
