/**
 * Draws a detection: the small picture enlarged, changed cells tinted, boxes around the regions, what the mask excludes
 * hatched, and the reason in words below. Pure: the caller writes the file.
 */
import { PNG } from 'pngjs';
import { foreground } from './background.js';
import { breakLines, lettersIn, lineHeightPx, marginPx, writeLines } from './caption.js';
import type { SmallPicture } from './grid.js';
import type { CellMap } from './motion-detector.js';

type Colour = readonly [red: number, green: number, blue: number];

/** Foreground. */
const changedTint: Colour = [255, 40, 40];
/** Speckle: changed, in a region that is too small. */
const smallTint: Colour = [255, 190, 0];
/** The same under another light. */
const litTint: Colour = [60, 150, 255];
const boxColour: Colour = [80, 255, 80];
/** Approximate width of the drawing, pixels: fits into a mail or on a telephone. */
const drawnWidthPx = 640;
/** Room for words, also when they are fewer, so that all drawings of a camera have one size: the title and letters. */
const captionLetters = 240;
const captionGrey = 32;

/** What is marked; `lit`: the cells that are the same under another light. */
export type DrawnCells = Pick<CellMap, 'labels' | 'roi' | 'boxes'> & {
  readonly lit?: readonly number[];
};

/**
 * @param cells of the same picture: `MotionDetector.lastCellMap` directly after `detect`
 * @param caption the time of the frame, and the reason in words; without it only the picture is drawn
 * @param widthPx about this width
 * @returns a PNG
 */
export function drawExplanation(
  picture: SmallPicture,
  cells: DrawnCells,
  caption?: readonly [title: string, reason: string],
  widthPx = drawnWidthPx,
): Buffer {
  // One fixed filter: with a filter chosen for each line pngjs takes twice as long for the same size.
  return PNG.sync.write(paintExplanation(picture, cells, caption, widthPx), {
    colorType: 2,
    filterType: 4,
  });
}

function paintExplanation(
  picture: SmallPicture,
  cells: DrawnCells,
  caption: readonly [title: string, reason: string] | undefined,
  widthPx: number,
): PNG {
  const scale = Math.max(2, Math.round(widthPx / picture.columns));
  const pictureHeightPx = picture.rows * scale;
  const captionLines = 1 + Math.ceil(captionLetters / lettersIn(picture.columns * scale));
  const captionHeightPx = caption === undefined ? 0 : 2 * marginPx + captionLines * lineHeightPx;
  const image = new PNG({
    width: picture.columns * scale,
    height: pictureHeightPx + captionHeightPx,
  });
  const isLit = new Uint8Array(picture.luma.length);
  for (const cell of cells.lit ?? []) isLit[cell] = 1;
  for (let y = 0, at = 0; y < pictureHeightPx; y++) {
    for (let x = 0; x < image.width; x++, at += 4) {
      const cell = Math.floor(y / scale) * picture.columns + Math.floor(x / scale);
      let grey = smoothLuma(picture, (x + 0.5) / scale - 0.5, (y + 0.5) / scale - 0.5);
      if (cells.roi[cell] === 0) grey *= (x + y) % 12 < 3 ? 0.2 : 0.5;
      const label = cells.labels[cell]!;
      if (label === 0 && isLit[cell] === 1) paint(image, at, tint(grey, litTint));
      else if (label === 0) paint(image, at, [grey, grey, grey]);
      else paint(image, at, tint(grey, label === foreground ? changedTint : smallTint));
    }
  }
  for (const box of cells.boxes) {
    const [left, top, width, height] = box.map((px) => Math.round((px * scale) / picture.cellPx));
    outline(image, left!, top!, width!, height!);
  }
  if (caption !== undefined) addCaption(image, pictureHeightPx, caption, captionLines);
  return image;
}

function addCaption(
  image: PNG,
  top: number,
  [title, reason]: readonly [string, string],
  lineCount: number,
): void {
  for (let at = 4 * top * image.width; at < image.data.length; at += 4) {
    paint(image, at, [captionGrey, captionGrey, captionGrey]);
  }
  const lines = [
    ...breakLines(title, image.width, 1),
    ...breakLines(reason, image.width, lineCount - 1),
  ];
  writeLines(image, lines, top + marginPx);
}

/** Brightness, 0..255, interpolated bilinearly between the centres of cells; in a bright sky means are larger. */
function smoothLuma({ luma, columns, rows }: SmallPicture, x: number, y: number): number {
  const left = Math.max(0, Math.floor(x));
  const right = Math.min(columns - 1, Math.floor(x) + 1);
  const above = Math.max(0, Math.floor(y)) * columns;
  const below = Math.min(rows - 1, Math.floor(y) + 1) * columns;
  const toRight = x - Math.floor(x);
  const toBelow = y - Math.floor(y);
  const upper = luma[above + left]! * (1 - toRight) + luma[above + right]! * toRight;
  const lower = luma[below + left]! * (1 - toRight) + luma[below + right]! * toRight;
  return Math.min(255, Math.max(0, upper * (1 - toBelow) + lower * toBelow));
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
